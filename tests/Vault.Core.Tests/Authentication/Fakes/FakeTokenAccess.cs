using Vault.Core.Authentication.Scopes;
using Vault.Core.Authentication.Tokens;
using Vault.Core.Primitives;

namespace Vault.Core.Tests.Authentication.Fakes;

/// <summary>A token that is there at once: each name has the value <c>Secret-of-name</c>.</summary>
internal sealed class FakeTokenAccess(IEnumerable<string> names) : ITokenAccess
{
    private readonly TokenSet _token = new(Guid.NewGuid(), names.ToDictionary(name => name, name => new SecretText("Secret-of-" + name)), default, null);

    public int Calls { get; private set; }

    public TokenSet? Current => _token;

    public ValueTask<VaultError?> EnsureAsync(CancellationToken cancellationToken)
    {
        Calls++;
        return default;
    }
}
