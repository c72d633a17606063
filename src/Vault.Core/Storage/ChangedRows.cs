using Vault.Core.Access;
using Vault.Core.Definitions;

namespace Vault.Core.Storage;

/// <summary>Reads what another replica changed, and puts it in force.</summary>
internal sealed class ChangedRows(StartRows rows, AuthenticRows authentic, ReadingState state, DefinitionCatalog definitions, AccessCatalog access)
{
    // From so many on, all grants of an app are read faster than one after the other.
    private const int ManyGrants = 200;

    /// <summary>Reads and puts in force: who may enter, then who may use what, so that what is revoked doesn't wait for what is only different.</summary>
    public async Task ReloadAsync(IReadOnlyCollection<Changed> changes, CancellationToken cancellationToken)
    {
        foreach (var (kind, key) in changes)
        {
            await (kind switch
            {
                ChangeKind.App => ReloadAppAsync(Guid.Parse(key), hasGrants: true, cancellationToken),
                ChangeKind.AppKeys => ReloadAppAsync(Guid.Parse(key), hasGrants: false, cancellationToken),
                ChangeKind.People => ReloadPeopleAsync(cancellationToken),
                _ => Task.CompletedTask,
            });
        }

        foreach (var ofApp in changes.Where(changed => changed.Kind is ChangeKind.Grant).Select(changed => Pair(changed.Which)).GroupBy(pair => pair.App, pair => pair.NamedCredential))
        {
            await ReloadGrantsAsync(ofApp.Key, [.. ofApp], cancellationToken);
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

    private async Task ReloadAppAsync(Guid id, bool hasGrants, CancellationToken cancellationToken)
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
        if (hasGrants || app is null)
        {
            await ReloadGrantsAsync(id, cancellationToken);
        }
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

    private async Task ReloadGrantsAsync(Guid app, IReadOnlyCollection<Guid> namedCredentials, CancellationToken cancellationToken)
    {
        if (namedCredentials.Count >= ManyGrants)
        {
            await ReloadGrantsAsync(app, cancellationToken);
            return;
        }

        foreach (var named in namedCredentials)
        {
            var found = await rows.GrantsAsync(cancellationToken, new("AppId", app, "NamedCredentialId", named)).FirstOrDefaultAsync(cancellationToken);
            var grant = found is null ? null : authentic.Read(found);
            state.Change(
                reading => reading.Change(app, named, grant),
                () => access.Replace(access.Current with { Grants = grant is null ? access.Current.Grants.Without(app, named) : access.Current.Grants.With(grant) }));
        }
    }

    private async Task ReloadGrantsAsync(Guid app, CancellationToken cancellationToken)
    {
        var grants = new List<Grant>();
        await foreach (var row in rows.GrantsAsync(cancellationToken, new("AppId", app)))
        {
            if (authentic.Read(row) is { } grant)
            {
                grants.Add(grant);
            }
        }

        state.Change(
            reading => reading.Change(app, grants),
            () => access.Replace(access.Current with { Grants = access.Current.Grants.WithApp(app, grants) }));
    }
}
