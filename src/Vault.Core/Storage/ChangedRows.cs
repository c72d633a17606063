using Vault.Core.Access;
using Vault.Core.Definitions;

namespace Vault.Core.Storage;

/// <summary>Reads what another replica changed, and puts it in force.</summary>
internal sealed class ChangedRows(StartRows rows, AuthenticRows authentic, ReadingState state, DefinitionCatalog definitions, AccessCatalog access)
{
    /// <summary>
    /// Reads and puts in force: who may enter and what is revoked, so that it doesn't wait for what is only different; then definitions; then what is
    /// granted, so that nothing is granted of a named credential that was deleted.
    /// </summary>
    public async Task ReloadAsync(IReadOnlyCollection<Changed> changes, CancellationToken cancellationToken)
    {
        var grants = changes.Where(changed => changed.Kind is ChangeKind.Grant).Select(changed => Pair(changed.Which))
            .GroupBy(pair => pair.App, pair => pair.NamedCredential).ToDictionary(ofApp => ofApp.Key, ofApp => ofApp.ToArray());
        var apps = new List<Guid>();
        foreach (var (kind, key) in changes)
        {
            if (kind is ChangeKind.People)
            {
                await ReloadPeopleAsync(cancellationToken);
            }
            else if (kind is ChangeKind.App or ChangeKind.AppKeys && (!await IsReloadedAsync(Guid.Parse(key), cancellationToken) || kind is ChangeKind.App))
            {
                // Of an app that isn't there, nothing is granted.
                apps.Add(Guid.Parse(key));
            }
        }

        foreach (var (app, some) in grants)
        {
            var left = (await OfAsync(app, some, cancellationToken)).Select(grant => grant.NamedCredentialId).ToHashSet();
            Put(app, some.Where(named => !left.Contains(named)), []);
        }

        foreach (var (kind, key) in changes)
        {
            await (kind switch
            {
                ChangeKind.ExternalCredential => ReloadExternalCredentialAsync(Guid.Parse(key), cancellationToken),
                ChangeKind.NamedCredential => ReloadNamedCredentialAsync(key, cancellationToken),
                _ => Task.CompletedTask,
            });
        }

        foreach (var (app, some) in grants)
        {
            var granted = (await OfAsync(app, some, cancellationToken)).ToDictionary(grant => grant.NamedCredentialId);
            Put(app, some.Where(named => !granted.ContainsKey(named)), granted.Values);
        }

        foreach (var app in apps)
        {
            var all = await OfAsync(app, null, cancellationToken);
            state.Change(
                reading => reading.Change(app, all),
                () => access.Replace(access.Current with { Grants = access.Current.Grants.WithApp(app, all) }));
        }
    }

    private static (Guid App, Guid NamedCredential) Pair(string key) =>
        key.Split('/') is [var app, var named] ? (Guid.Parse(app), Guid.Parse(named)) : throw new FormatException("A grant is told of by two ids.");

    private async Task ReloadExternalCredentialAsync(Guid id, CancellationToken cancellationToken)
    {
        var credential = await rows.ExternalCredentialsAsync(cancellationToken, new("Id", id)).FirstOrDefaultAsync(cancellationToken) is { } row ? authentic.Read(row) : null;
        state.Change(
            reading => reading.Change(id, credential),
            () =>
            {
                var current = definitions.Current;
                current = current.ExternalCredentials.GetValueOrDefault(id) is { } before ? current.Without(before) : current;
                definitions.Replace(credential is null ? current : current.With(credential));
            });
    }

    private async Task ReloadNamedCredentialAsync(string name, CancellationToken cancellationToken)
    {
        var credential = await rows.NamedCredentialsAsync(cancellationToken, new("NameKey", name)).FirstOrDefaultAsync(cancellationToken) is { } row ? authentic.Read(row) : null;
        state.Change(
            reading => reading.Change(name, credential),
            () =>
            {
                var current = definitions.Current;
                var before = current.NamedCredentials.GetValueOrDefault(name);
                if (before is not null && before.Id != credential?.Id)
                {
                    // Grants go with it; a new one of the same name starts with none.
                    access.Replace(access.Current with { Grants = access.Current.Grants.WithoutNamedCredential(before.Id) });
                }

                definitions.Replace(credential is not null ? current.With(credential) : before is null ? current : current.Without(before));
            });
    }

    // False: there is none.
    private async Task<bool> IsReloadedAsync(Guid id, CancellationToken cancellationToken)
    {
        var app = authentic.Read(await rows.AppsAsync(cancellationToken, new("Id", id))).FirstOrDefault();
        var keys = authentic.Read(await rows.KeysAsync(cancellationToken, new("AppId", id)));
        state.Change(current =>
        {
            var ids = current.Apps.TryGetValue(id, out var before) ? current.AppIds.Remove(before.Name.Key) : current.AppIds;
            return WithKeys(current, id, keys) with
            {
                Apps = app is null ? current.Apps.Remove(id) : current.Apps.SetItem(id, app),
                AppIds = app is null ? ids : ids.SetItem(app.Name.Key, id),
            };
        });
        return app is not null;
    }

    private async Task ReloadPeopleAsync(CancellationToken cancellationToken)
    {
        var keys = authentic.Read(await rows.KeysAsync(cancellationToken, new("AppId", null)));
        state.Change(current => WithKeys(current, null, keys));
    }

    private static AccessSnapshot WithKeys(AccessSnapshot current, Guid? app, List<VaultKey> keys) => current with
    {
        Keys = current.Keys.RemoveRange(current.Keys.Values.Where(key => key.AppId == app).Select(key => key.Id))
            .AddRange(keys.Select(key => KeyValuePair.Create(key.Id, key))),
    };

    private void Put(Guid app, IEnumerable<Guid> withdrawn, IEnumerable<Grant> granted) => state.Change(
        reading =>
        {
            foreach (var named in withdrawn)
            {
                reading.Change(app, named, null);
            }

            foreach (var grant in granted)
            {
                reading.Change(app, grant.NamedCredentialId, grant);
            }
        },
        () => access.Replace(access.Current with
        {
            Grants = granted.Aggregate(withdrawn.Aggregate(access.Current.Grants, (grants, named) => grants.Without(app, named)), (grants, grant) => grants.With(grant)),
        }));

    // These of an app, or all, that there are.
    private async Task<List<Grant>> OfAsync(Guid app, Guid[]? namedCredentials, CancellationToken cancellationToken)
    {
        var found = new List<Grant>();
        await foreach (var row in rows.GrantsAsync(cancellationToken, namedCredentials is null ? new("AppId", app) : new("AppId", app, "NamedCredentialId", namedCredentials)))
        {
            if (authentic.Read(row) is { } grant)
            {
                found.Add(grant);
            }
        }

        return found;
    }
}
