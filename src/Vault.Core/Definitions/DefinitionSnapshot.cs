using System.Collections.Immutable;
using Vault.Core.Primitives;

namespace Vault.Core.Definitions;

/// <summary>All definitions, in memory and immutable. Names are looked up in any case.</summary>
public sealed class DefinitionSnapshot
{
    // Made when it is first asked for, and kept up from then on: a vault without a forward proxy never needs it.
    private UrlPrefixes? _urls;

    private DefinitionSnapshot(
        KeyedMap<Guid, ExternalCredential, ExternalCredentialById> externalCredentials,
        KeyedMap<string, ExternalCredential, ExternalCredentialByName> externalCredentialNames,
        KeyedMap<string, NamedCredential, NamedCredentialByName> namedCredentials,
        KeyedMap<Guid, object, UsersById> users,
        UrlPrefixes? urls)
    {
        ExternalCredentials = externalCredentials;
        ExternalCredentialNames = externalCredentialNames;
        NamedCredentials = namedCredentials;
        Users = users;
        _urls = urls;
    }

    /// <summary>No definitions.</summary>
    public static DefinitionSnapshot Empty { get; } = new(new(), new(), new(), new(), null);

    /// <summary>By <see cref="ExternalCredential.Id"/>.</summary>
    public KeyedMap<Guid, ExternalCredential, ExternalCredentialById> ExternalCredentials { get; }

    /// <summary>The same by name.</summary>
    public KeyedMap<string, ExternalCredential, ExternalCredentialByName> ExternalCredentialNames { get; }

    /// <summary>By name.</summary>
    public KeyedMap<string, NamedCredential, NamedCredentialByName> NamedCredentials { get; }

    // Which named credentials use an external credential: among 100,000 they aren't searched for with every change.
    private KeyedMap<Guid, object, UsersById> Users { get; }

    /// <summary>The named credentials whose <c>url</c> has this origin, as <see cref="UrlOrigin.KeyOf(Uri)"/> writes it, with the paths of their urls; in no order.</summary>
    public ImmutableArray<UrlPrefix> At(string origin) => (_urls ??= UrlPrefixes.Of(NamedCredentials.Values)).At(origin);

    /// <summary>The named credentials that use this external credential, in no order.</summary>
    public IEnumerable<NamedCredential> UsersOf(Guid externalCredentialId) => Users.GetValueOrDefault(externalCredentialId) switch
    {
        null => [],
        NamedCredential only => [only],
        var several => ((SeveralUsers)several).Named.Values,
    };

    /// <summary>With this external credential in place of the one of the same id.</summary>
    public DefinitionSnapshot With(ExternalCredential credential) =>
        new(ExternalCredentials.With(credential), ExternalCredentialNames.With(credential), NamedCredentials, Users, _urls);

    /// <summary>Without this external credential.</summary>
    public DefinitionSnapshot Without(ExternalCredential credential) => new(
        ExternalCredentials.Without(credential.Id),
        ExternalCredentialNames.GetValueOrDefault(credential.Name.Value)?.Id == credential.Id ? ExternalCredentialNames.Without(credential.Name.Value) : ExternalCredentialNames,
        NamedCredentials,
        Users,
        _urls);

    /// <summary>With this named credential in place of the one of the same name.</summary>
    public DefinitionSnapshot With(NamedCredential credential)
    {
        var before = NamedCredentials.GetValueOrDefault(credential.Name.Value);
        var users = before is null ? Users : WithoutUser(Users, before);
        return new(
            ExternalCredentials,
            ExternalCredentialNames,
            NamedCredentials.With(credential),
            users.With(WithUser(users.GetValueOrDefault(credential.ExternalCredentialId), credential)),
            (before is null ? _urls : _urls?.Without(before))?.With(credential));
    }

    /// <summary>Without this named credential.</summary>
    public DefinitionSnapshot Without(NamedCredential credential) => NamedCredentials.GetValueOrDefault(credential.Name.Value) is { } before
        ? new(ExternalCredentials, ExternalCredentialNames, NamedCredentials.Without(credential.Name.Value), WithoutUser(Users, before), _urls?.Without(before))
        : this;

    private static object WithUser(object? users, NamedCredential credential) => users switch
    {
        null => credential,
        NamedCredential only => new SeveralUsers(credential.ExternalCredentialId, new KeyedMap<string, NamedCredential, NamedCredentialByName>().With(only).With(credential)),
        var several => new SeveralUsers(credential.ExternalCredentialId, ((SeveralUsers)several).Named.With(credential)),
    };

#pragma warning disable CA1859 // It is either of two types.
    private static object? WithoutUser(object? users, NamedCredential credential)
    {
        if (users is not SeveralUsers several)
        {
            return null;
        }

        var rest = several.Named.Without(credential.Name.Value);
        return rest.Count == 1 ? rest.Values.First() : several with { Named = rest };
    }
#pragma warning restore CA1859

    private static KeyedMap<Guid, object, UsersById> WithoutUser(KeyedMap<Guid, object, UsersById> users, NamedCredential credential) =>
        WithoutUser(users.GetValueOrDefault(credential.ExternalCredentialId), credential) is { } rest ? users.With(rest) : users.Without(credential.ExternalCredentialId);

    /// <summary>
    /// Fills a snapshot in place. One writer at a time; others may look up what is in it meanwhile, but not search it. Once it is handed over as
    /// whole, nothing may be put in any more.
    /// </summary>
    public sealed class Builder
    {
        private readonly KeyedMap<Guid, ExternalCredential, ExternalCredentialById>.Builder _externals = new();
        private readonly KeyedMap<string, ExternalCredential, ExternalCredentialByName>.Builder _externalNames = new();
        private readonly KeyedMap<string, NamedCredential, NamedCredentialByName>.Builder _named = new();
        private readonly KeyedMap<Guid, object, UsersById>.Builder _users = new();

        /// <summary>What is in it so far.</summary>
        public DefinitionSnapshot Snapshot => new(_externals.Map, _externalNames.Map, _named.Map, _users.Map, null);

        /// <summary>The external credential of an id; null: it isn't in.</summary>
        public ExternalCredential? FindExternalCredential(Guid id) => _externals.Map.GetValueOrDefault(id);

        /// <summary>The named credential of a name; null: it isn't in.</summary>
        public NamedCredential? FindNamedCredential(string name) => _named.Map.GetValueOrDefault(name);

        /// <summary>Puts one in the place of the one of the same id.</summary>
        public void Set(ExternalCredential credential)
        {
            _externals.Set(credential);
            _externalNames.Set(credential);
        }

        /// <summary>Takes one out.</summary>
        public void Remove(ExternalCredential credential)
        {
            _externals.Remove(credential.Id);
            if (_externalNames.Map.GetValueOrDefault(credential.Name.Value)?.Id == credential.Id)
            {
                _externalNames.Remove(credential.Name.Value);
            }
        }

        /// <summary>Puts one in the place of the one of the same name.</summary>
        public void Set(NamedCredential credential)
        {
            if (_named.Map.GetValueOrDefault(credential.Name.Value) is { } before)
            {
                RemoveUser(before);
            }

            _named.Set(credential);
            _users.Set(WithUser(_users.Map.GetValueOrDefault(credential.ExternalCredentialId), credential));
        }

        /// <summary>Takes one out.</summary>
        public void Remove(NamedCredential credential)
        {
            _named.Remove(credential.Name.Value);
            RemoveUser(credential);
        }

        private void RemoveUser(NamedCredential credential)
        {
            if (WithoutUser(_users.Map.GetValueOrDefault(credential.ExternalCredentialId), credential) is { } rest)
            {
                _users.Set(rest);
            }
            else
            {
                _users.Remove(credential.ExternalCredentialId);
            }
        }
    }
}
