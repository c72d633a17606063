using Vault.Core.Access;
using Vault.Core.Definitions;

namespace Vault.Core.Storage;

/// <summary>Reads what another replica changed, and puts it in force.</summary>
internal sealed class ChangedRows(StartRows rows, AuthenticRows authentic, ReadingState state, DefinitionCatalog definitions, AccessCatalog access)
{
    // From so many on, all grants of an app are read faster than one after the other.
    private const int ManyGrants = 200;

    /// <summary>
    /// Reads and puts in force: who may enter and what is revoked, so that it doesn't wait for what is only different; then definitions; then what is
    /// granted, so that nothing is granted of a named credential that was deleted.
    /// </summary>
    public async Task ReloadAsync(IReadOnlyCollection<Changed> changes, CancellationToken cancellationToken)
    {
        var grants = changes.Where(changed => changed.Kind is ChangeKind.Grant).Select(changed => Pair(changed.Which))
            .GroupBy(pair => pair.App, pair => pair.NamedCredential)
            .ToDictionary(ofApp => ofApp.Key, ofApp => ofApp.Count() < ManyGrants ? ofApp.ToList() : null);
        foreach (var (kind, key) in changes)
        {
            if (kind is ChangeKind.People)
            {
                await ReloadPeopleAsync(cancellationToken);
            }
            else if (kind is ChangeKind.App or ChangeKind.AppKeys && (!await IsReloadedAsync(Guid.Parse(key), cancellationToken) || kind is ChangeKind.App))
            {
                // Of an app that isn't there, nothing is granted.
                grants[Guid.Parse(key)] = null;
            }
        }

        foreach (var (app, some) in grants.ToList())
        {
            grants[app] = await WithdrawAsync(app, some, cancellationToken);
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
            await GrantAsync(app, some, cancellationToken);
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

    // Of these grants, or all of an app, takes out what is there no more; the rest is returned, or null where it is all.
    private async Task<List<Guid>?> WithdrawAsync(Guid app, List<Guid>? namedCredentials, CancellationToken cancellationToken)
    {
        if (namedCredentials is null)
        {
            var left = (await AllAsync(app, cancellationToken)).Select(grant => grant.NamedCredentialId).ToHashSet();
            state.Change(
                reading => reading.Grants.Of(app).Select(grant => grant.NamedCredentialId).Where(named => !left.Contains(named)).ToList().ForEach(named => reading.Change(app, named, null)),
                () => access.Replace(access.Current with { Grants = access.Current.Grants.WithApp(app, access.Current.Grants.Of(app).Where(grant => left.Contains(grant.NamedCredentialId))) }));
            return null;
        }

        var rest = new List<Guid>();
        foreach (var named in namedCredentials)
        {
            if (await FindAsync(app, named, cancellationToken) is not null)
            {
                rest.Add(named);
                continue;
            }

            Put(app, named, null);
        }

        return rest;
    }

    private async Task GrantAsync(Guid app, List<Guid>? namedCredentials, CancellationToken cancellationToken)
    {
        if (namedCredentials is null)
        {
            var all = await AllAsync(app, cancellationToken);
            state.Change(
                reading => reading.Change(app, all),
                () => access.Replace(access.Current with { Grants = access.Current.Grants.WithApp(app, all) }));
            return;
        }

        foreach (var named in namedCredentials)
        {
            Put(app, named, await FindAsync(app, named, cancellationToken));
        }
    }

    private void Put(Guid app, Guid named, Grant? grant) => state.Change(
        reading => reading.Change(app, named, grant),
        () => access.Replace(access.Current with { Grants = grant is null ? access.Current.Grants.Without(app, named) : access.Current.Grants.With(grant) }));

    private async Task<Grant?> FindAsync(Guid app, Guid named, CancellationToken cancellationToken) =>
        await rows.GrantsAsync(cancellationToken, new("AppId", app, "NamedCredentialId", named)).FirstOrDefaultAsync(cancellationToken) is { } row ? authentic.Read(row) : null;

    private async Task<List<Grant>> AllAsync(Guid app, CancellationToken cancellationToken)
    {
        var grants = new List<Grant>();
        await foreach (var row in rows.GrantsAsync(cancellationToken, new("AppId", app)))
        {
            if (authentic.Read(row) is { } grant)
            {
                grants.Add(grant);
            }
        }

        return grants;
    }
}
