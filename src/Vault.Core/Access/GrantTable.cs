using System.Diagnostics.CodeAnalysis;
using Vault.Core.Primitives;

namespace Vault.Core.Access;

/// <summary>All grants, in memory and immutable: by app, and of each app by named credential.</summary>
public sealed class GrantTable
{
    private readonly KeyedMap<Guid, GrantsOfApp, ByApp> _apps;

    private GrantTable(KeyedMap<Guid, GrantsOfApp, ByApp> apps) => _apps = apps;

    /// <summary>No grants.</summary>
    public static GrantTable Empty { get; } = new(new());

    /// <summary>How many there are.</summary>
    public int Count => _apps.Values.Sum(app => app.Grants.Count);

    /// <summary>All of them, in no order.</summary>
    public IEnumerable<Grant> Values => _apps.Values.SelectMany(app => app.Grants.Values);

    /// <summary>The grant of a named credential to an app.</summary>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    public Grant this[(Guid AppId, Guid NamedCredentialId) key] => Find(key.AppId, key.NamedCredentialId) ?? throw new KeyNotFoundException();

    /// <summary>The grant of a named credential to an app; false: there is none.</summary>
    public bool TryGetValue((Guid AppId, Guid NamedCredentialId) key, [MaybeNullWhen(false)] out Grant grant) => (grant = Find(key.AppId, key.NamedCredentialId)) is not null;

    /// <summary>Whether there is one.</summary>
    public bool ContainsKey((Guid AppId, Guid NamedCredentialId) key) => Find(key.AppId, key.NamedCredentialId) is not null;

    /// <summary>Those of an app, in no order.</summary>
    public IEnumerable<Grant> Of(Guid app) => _apps.GetValueOrDefault(app)?.Grants.Values ?? [];

    /// <summary>With this one in the place of the one before.</summary>
    public GrantTable With(Grant grant) => new(_apps.With(new GrantsOfApp(grant.AppId, (_apps.GetValueOrDefault(grant.AppId)?.Grants ?? new()).With(grant))));

    /// <summary>With these as all that an app has.</summary>
    public GrantTable WithApp(Guid app, IEnumerable<Grant> grants)
    {
        var all = new KeyedMap<Guid, Grant, ByNamedCredential>.Builder();
        foreach (var grant in grants)
        {
            all.Set(grant);
        }

        return all.Map.Count == 0 ? WithoutApp(app) : new(_apps.With(new GrantsOfApp(app, all.Map)));
    }

    /// <summary>Without one.</summary>
    public GrantTable Without(Guid app, Guid namedCredential) => _apps.GetValueOrDefault(app) is { } before ? new(WithRest(_apps, before, namedCredential)) : this;

    /// <summary>Without those of an app.</summary>
    public GrantTable WithoutApp(Guid app) => new(_apps.Without(app));

    /// <summary>Without those of a named credential.</summary>
    public GrantTable WithoutNamedCredential(Guid namedCredential) =>
        new(_apps.Values.Where(app => app.Grants.ContainsKey(namedCredential)).Aggregate(_apps, (apps, app) => WithRest(apps, app, namedCredential)));

    private static KeyedMap<Guid, GrantsOfApp, ByApp> WithRest(KeyedMap<Guid, GrantsOfApp, ByApp> apps, GrantsOfApp app, Guid namedCredential)
    {
        var rest = app.Grants.Without(namedCredential);
        return rest.Count == 0 ? apps.Without(app.AppId) : apps.With(app with { Grants = rest });
    }

    private Grant? Find(Guid app, Guid namedCredential) => _apps.GetValueOrDefault(app)?.Grants.GetValueOrDefault(namedCredential);

    private sealed record GrantsOfApp(Guid AppId, KeyedMap<Guid, Grant, ByNamedCredential> Grants);

    private readonly struct ByApp : IMapKeys<Guid, GrantsOfApp>
    {
        public static Guid Of(GrantsOfApp value) => value.AppId;

        public static int HashOf(Guid key) => key.GetHashCode();

        public static bool AreEqual(Guid one, Guid other) => one == other;
    }

    private readonly struct ByNamedCredential : IMapKeys<Guid, Grant>
    {
        public static Guid Of(Grant value) => value.NamedCredentialId;

        public static int HashOf(Guid key) => key.GetHashCode();

        public static bool AreEqual(Guid one, Guid other) => one == other;
    }

    /// <summary>Fills a table in place. One writer at a time; others may look up what is in it meanwhile. Once it is handed over as whole, nothing may be put in any more.</summary>
    public sealed class Builder
    {
        private readonly KeyedMap<Guid, GrantsOfApp, ByApp>.Builder _apps = new();
        private readonly Dictionary<Guid, KeyedMap<Guid, Grant, ByNamedCredential>.Builder> _byApp = [];

        /// <summary>A table.</summary>
        public Builder() => Table = new GrantTable(_apps.Map);

        /// <summary>What is in it so far.</summary>
        public GrantTable Table { get; }

        /// <summary>Whether it is in.</summary>
        public bool Contains(Guid app, Guid namedCredential) => Table.Find(app, namedCredential) is not null;

        /// <summary>Puts one in the place of the one before.</summary>
        public void Set(Grant grant)
        {
            if (!_byApp.TryGetValue(grant.AppId, out var grants))
            {
                grants = new();
                _byApp.Add(grant.AppId, grants);
                _apps.Set(new GrantsOfApp(grant.AppId, grants.Map));
            }

            grants.Set(grant);
        }

        /// <summary>Takes one out.</summary>
        public void Remove(Guid app, Guid namedCredential)
        {
            if (_byApp.TryGetValue(app, out var grants))
            {
                grants.Remove(namedCredential);
            }
        }

        /// <summary>Takes those of an app out.</summary>
        public void RemoveApp(Guid app)
        {
            _byApp.Remove(app);
            _apps.Remove(app);
        }

        /// <summary>Takes those of a named credential out.</summary>
        public void RemoveNamedCredential(Guid namedCredential)
        {
            foreach (var grants in _byApp.Values)
            {
                grants.Remove(namedCredential);
            }
        }
    }
}
