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

    // Which named credentials use an external credential: among 100,000 they aren't searched for with every change.
    private ImmutableDictionary<Guid, ImmutableHashSet<string>> Links { get; init; } = NamedCredentials
        .GroupBy(named => named.Value.ExternalCredentialId, named => named.Key)
        .ToImmutableDictionary(group => group.Key, group => group.ToImmutableHashSet());

    // Made when it is first asked for, and kept up from then on: a vault without a forward proxy never needs it.
    private UrlPrefixes? Urls { get; set; }

    /// <summary>The named credentials whose <c>url</c> has this origin, as <see cref="UrlOrigin.KeyOf(Uri)"/> writes it, with the paths of their urls; in no order.</summary>
    public ImmutableArray<UrlPrefix> At(string origin) => (Urls ??= UrlPrefixes.Of(NamedCredentials.Values)).At(origin);

    /// <summary>The named credentials that use this external credential, in no order.</summary>
    public IEnumerable<NamedCredential> UsersOf(Guid externalCredentialId) =>
        Links.TryGetValue(externalCredentialId, out var names) ? names.Select(name => NamedCredentials[name]) : [];

    /// <summary>With this named credential in place of the one of the same name.</summary>
    public DefinitionSnapshot With(NamedCredential credential)
    {
        var links = Unlinked(credential.Name.Key);
        var before = NamedCredentials.GetValueOrDefault(credential.Name.Key);
        var names = links.GetValueOrDefault(credential.ExternalCredentialId, []);
        return this with
        {
            NamedCredentials = NamedCredentials.SetItem(credential.Name.Key, credential),
            Links = links.SetItem(credential.ExternalCredentialId, names.Add(credential.Name.Key)),
            Urls = (before is null ? Urls : Urls?.Without(before))?.With(credential),
        };
    }

    /// <summary>Without this named credential.</summary>
    public DefinitionSnapshot Without(NamedCredential credential) =>
        this with
        {
            NamedCredentials = NamedCredentials.Remove(credential.Name.Key),
            Links = Unlinked(credential.Name.Key),
            Urls = NamedCredentials.GetValueOrDefault(credential.Name.Key) is { } before ? Urls?.Without(before) : Urls,
        };

    private ImmutableDictionary<Guid, ImmutableHashSet<string>> Unlinked(string name)
    {
        if (!NamedCredentials.TryGetValue(name, out var before) || !Links.TryGetValue(before.ExternalCredentialId, out var names))
        {
            return Links;
        }

        var rest = names.Remove(name);
        return rest.IsEmpty ? Links.Remove(before.ExternalCredentialId) : Links.SetItem(before.ExternalCredentialId, rest);
    }
}
