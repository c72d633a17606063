using Vault.Core.Authentication.Scopes;
using Vault.Core.Authentication.Tokens;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Protocols.Login;

/// <summary>What earlier steps gave, as the token of later ones.</summary>
internal sealed class StepValues(IReadOnlyDictionary<string, string> values) : ITokenAccess
{
    /// <summary>The names extracted so far.</summary>
    public IReadOnlyList<string> Names { get; } = [.. values.Keys];

    /// <inheritdoc />
    public TokenSet Current { get; } = new(
        Guid.Empty, values.ToDictionary(value => value.Key, value => new SecretText(value.Value)), default, null);

    /// <inheritdoc />
    public ValueTask<VaultError?> EnsureAsync(CancellationToken cancellationToken) => ValueTask.FromResult<VaultError?>(null);
}
