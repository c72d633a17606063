using System.Runtime.CompilerServices;
using Vault.Core.Definitions;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Credentials;

/// <summary>An external credential with its protocol bound; made once per definition.</summary>
/// <param name="Definition">The definition.</param>
/// <param name="Authentication">Its protocol, with settings read and templates compiled.</param>
/// <param name="Binding">See <see cref="CredentialBinding"/>.</param>
public sealed record BoundCredential(ExternalCredential Definition, IBoundAuthentication Authentication, byte[] Binding);

/// <summary>Binds external credentials and remembers the outcome for as long as the definition lives.</summary>
public sealed class CredentialBinder(AuthenticationProtocols protocols)
{
    private readonly ConditionalWeakTable<ExternalCredential, BoundCredential> _bound = [];

    /// <summary>Binds; fails only where the settings don't fit the protocol.</summary>
    public Result<BoundCredential> Bind(ExternalCredential credential)
    {
        if (_bound.TryGetValue(credential, out var bound))
        {
            return bound;
        }

        var authentication = protocols.Bind(credential.Authentication);
        if (!authentication.IsOk)
        {
            return authentication.Error;
        }

        bound = new BoundCredential(credential, authentication.Value, CredentialBinding.Hash(credential, authentication.Value));
        _bound.AddOrUpdate(credential, bound);
        return bound;
    }
}
