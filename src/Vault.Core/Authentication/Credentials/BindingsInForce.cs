using Vault.Core.Definitions;

namespace Vault.Core.Authentication.Credentials;

/// <summary>What values are bound to now, whatever it was when a request began.</summary>
public sealed class BindingsInForce(DefinitionCatalog definitions, CredentialBinder binder)
{
    /// <summary>An external credential's <see cref="CredentialBinding"/>; the one that is given where it is gone.</summary>
    public byte[] Of(BoundCredential credential) =>
        definitions.Current.ExternalCredentials.TryGetValue(credential.Definition.Id, out var current) && binder.Bind(current).Value is { } bound ? bound.Binding : credential.Binding;
}
