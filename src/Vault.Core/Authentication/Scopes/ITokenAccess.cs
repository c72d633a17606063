using Vault.Core.Authentication.Tokens;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Scopes;

/// <summary>The token of one request: fetched when it is first needed, then the same all through.</summary>
public interface ITokenAccess
{
    /// <summary>The token, once it is there.</summary>
    TokenSet? Current { get; }

    /// <summary>Gets it; null or the failure.</summary>
    ValueTask<VaultError?> EnsureAsync(CancellationToken cancellationToken);
}
