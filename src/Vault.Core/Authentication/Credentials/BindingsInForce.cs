using Vault.Core.Definitions;

namespace Vault.Core.Authentication.Credentials;

/// <summary>What values are bound to now, whatever it was when a request began.</summary>
public sealed class BindingsInForce(DefinitionCatalog definitions, CredentialBinder binder, TimeProvider time)
{
    // What a change that is committed takes to be in force, in another replica too.
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(3);

    /// <summary>An external credential as it is in force; as it is given, where it is gone.</summary>
    public BoundCredential Of(BoundCredential credential) =>
        definitions.Current.ExternalCredentials.TryGetValue(credential.Definition.Id, out var current) && binder.Bind(current).Value is { } bound ? bound : credential;

    /// <summary>Waits until another version of it is in force, some seconds at most: the database has one already.</summary>
    public Task NextAsync(BoundCredential credential) => definitions.WaitForChangeAsync(
        snapshot => snapshot.ExternalCredentials.GetValueOrDefault(credential.Definition.Id)?.Version == credential.Definition.Version, Longest, time, CancellationToken.None);
}
