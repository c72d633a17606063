using System.Collections.Immutable;

namespace Vault.Core.Definitions;

/// <summary>All definitions, in memory and immutable. Names are looked up by <see cref="Primitives.DeveloperName.Key"/>.</summary>
/// <param name="ExternalCredentials">By <see cref="ExternalCredential.Id"/>.</param>
/// <param name="ExternalCredentialIds">Name key to id.</param>
/// <param name="NamedCredentials">By name key.</param>
public sealed record DefinitionSnapshot(
    ImmutableDictionary<Guid, ExternalCredential> ExternalCredentials,
    ImmutableDictionary<string, Guid> ExternalCredentialIds,
    ImmutableDictionary<string, NamedCredential> NamedCredentials)
{
    /// <summary>No definitions.</summary>
    public static DefinitionSnapshot Empty { get; } = new(
        ImmutableDictionary<Guid, ExternalCredential>.Empty,
        ImmutableDictionary<string, Guid>.Empty,
        ImmutableDictionary<string, NamedCredential>.Empty);

    /// <summary>With this external credential in place of the one of the same id.</summary>
    public DefinitionSnapshot With(ExternalCredential credential) => this with
    {
        ExternalCredentials = ExternalCredentials.SetItem(credential.Id, credential),
        ExternalCredentialIds = ExternalCredentialIds.SetItem(credential.Name.Key, credential.Id),
    };

    /// <summary>Without this external credential.</summary>
    public DefinitionSnapshot Without(ExternalCredential credential) => this with
    {
        ExternalCredentials = ExternalCredentials.Remove(credential.Id),
        ExternalCredentialIds = ExternalCredentialIds.Remove(credential.Name.Key),
    };

    /// <summary>With this named credential in place of the one of the same name.</summary>
    public DefinitionSnapshot With(NamedCredential credential) =>
        this with { NamedCredentials = NamedCredentials.SetItem(credential.Name.Key, credential) };

    /// <summary>Without this named credential.</summary>
    public DefinitionSnapshot Without(NamedCredential credential) =>
        this with { NamedCredentials = NamedCredentials.Remove(credential.Name.Key) };
}
