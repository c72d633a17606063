using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Vault.Core.Access;
using Vault.Core.Definitions;
using Vault.Core.Storage.Codec;

namespace Vault.Core.Storage;

/// <summary>Reads everything that callouts are decided by into memory. A row that isn't authentic is left out, and the vault isn't ready.</summary>
public sealed partial class SnapshotLoader(
    StartRows rows, DefinitionCodec definitionCodec, AccessCodec accessCodec, DefinitionCatalog definitions, AccessCatalog access,
    StorageHealth health, ILogger<SnapshotLoader> logger)
{
    // From so many rows on, what reading them left behind is given back at once: nobody else would for hours.
    private const int Many = 10_000;
    private const int AtOnce = 256;

    /// <summary>Loads and puts in force.</summary>
    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        var external = await KeepAsync(rows.ExternalCredentialsAsync(cancellationToken), definitionCodec.Read, row => row.Id.ToString(), cancellationToken);
        var named = await KeepAsync(rows.NamedCredentialsAsync(cancellationToken), definitionCodec.Read, row => row.Id.ToString(), cancellationToken);
        definitions.Replace(new DefinitionSnapshot(
            external.ToImmutableDictionary(credential => credential.Id),
            external.ToImmutableDictionary(credential => credential.Name.Key, credential => credential.Id),
            named.ToImmutableDictionary(credential => credential.Name.Key)));

        var apps = Keep(await rows.AppsAsync(cancellationToken), accessCodec.Read, row => row.Id.ToString());
        var keys = Keep(await rows.KeysAsync(cancellationToken), accessCodec.Read, row => row.Id);
        var grants = Keep(await rows.GrantsAsync(cancellationToken), accessCodec.Read, row => row.AppId + "/" + row.NamedCredentialId);
        access.Replace(new AccessSnapshot(
            apps.ToImmutableDictionary(app => app.Id),
            apps.ToImmutableDictionary(app => app.Name.Key, app => app.Id),
            keys.ToImmutableDictionary(key => key.Id),
            grants.ToImmutableDictionary(grant => (grant.AppId, grant.NamedCredentialId))));
        if (external.Count + named.Count + grants.Count > Many)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        }
    }

    /// <summary>Reads what another replica changed, and puts it in force.</summary>
    public async Task ReloadAsync(IReadOnlyCollection<Changed> changes, CancellationToken cancellationToken)
    {
        foreach (var (kind, key) in changes)
        {
            switch (kind)
            {
                case ChangeKind.ExternalCredential:
                    await ReloadExternalCredentialAsync(Guid.Parse(key), cancellationToken);
                    break;
                case ChangeKind.NamedCredential:
                    await ReloadNamedCredentialAsync(key, cancellationToken);
                    break;
                case ChangeKind.App:
                    await ReloadAppAsync(Guid.Parse(key), cancellationToken);
                    break;
                case ChangeKind.People:
                    await ReloadKeysAsync(null, access.Current, cancellationToken);
                    break;
                case ChangeKind.Secrets or ChangeKind.VaultKeys:
                    // Not in the snapshots.
                    break;
                default:
                    throw new ArgumentOutOfRangeException(nameof(changes));
            }
        }
    }

    private async Task ReloadExternalCredentialAsync(Guid id, CancellationToken cancellationToken)
    {
        var found = await KeepAsync(rows.ExternalCredentialsAsync(cancellationToken, new("Id", id)), definitionCodec.Read, row => row.Id.ToString(), cancellationToken);
        var current = definitions.Current;
        var before = current.ExternalCredentials.GetValueOrDefault(id);
        current = before is null ? current : current.Without(before);
        definitions.Replace(found is [var credential] ? current.With(credential) : current);
    }

    private async Task ReloadNamedCredentialAsync(string name, CancellationToken cancellationToken)
    {
        var found = await KeepAsync(rows.NamedCredentialsAsync(cancellationToken, new("NameKey", name)), definitionCodec.Read, row => row.Id.ToString(), cancellationToken);
        var current = definitions.Current;
        if (current.NamedCredentials.TryGetValue(name, out var before))
        {
            current = current.Without(before);
            if (found is not [var same] || same.Id != before.Id)
            {
                // Grants go with it; a new one of the same name starts with none.
                var grants = access.Current.Grants;
                access.Replace(access.Current with { Grants = grants.RemoveRange(grants.Keys.Where(grant => grant.NamedCredentialId == before.Id)) });
            }
        }

        definitions.Replace(found is [var credential] ? current.With(credential) : current);
    }

    private async Task ReloadAppAsync(Guid id, CancellationToken cancellationToken)
    {
        var found = Keep(await rows.AppsAsync(cancellationToken, new("Id", id)), accessCodec.Read, row => row.Id.ToString());
        var grants = Keep(await rows.GrantsAsync(cancellationToken, new("AppId", id)), accessCodec.Read, row => row.AppId + "/" + row.NamedCredentialId);
        var current = access.Current;
        var ids = current.Apps.TryGetValue(id, out var before) ? current.AppIds.Remove(before.Name.Key) : current.AppIds;
        current = current with
        {
            Apps = found is [var app] ? current.Apps.SetItem(id, app) : current.Apps.Remove(id),
            AppIds = found is [var named] ? ids.SetItem(named.Name.Key, id) : ids,
            Grants = current.Grants.RemoveRange(current.Grants.Keys.Where(key => key.AppId == id))
                .AddRange(grants.Select(grant => KeyValuePair.Create((grant.AppId, grant.NamedCredentialId), grant))),
        };
        await ReloadKeysAsync(id, current, cancellationToken);
    }

    private async Task ReloadKeysAsync(Guid? app, AccessSnapshot current, CancellationToken cancellationToken)
    {
        var keys = Keep(await rows.KeysAsync(cancellationToken, new("AppId", app)), accessCodec.Read, row => row.Id);
        access.Replace(current with
        {
            Keys = current.Keys.RemoveRange(current.Keys.Values.Where(key => key.AppId == app).Select(key => key.Id))
                .AddRange(keys.Select(key => KeyValuePair.Create(key.Id, key))),
        });
    }

    [LoggerMessage(3001, LogLevel.Critical, "The {Kind} {Id} in the database is not authentic: it was changed by something else than this vault. It is left out.")]
    private static partial void LogNotAuthentic(ILogger logger, string kind, string id);

    /// <summary>The same on all processors while the rows still come: to authenticate and parse one takes longer than to read it.</summary>
    private async Task<List<T>> KeepAsync<TRow, T>(IAsyncEnumerable<TRow> stored, Func<TRow, T?> read, Func<TRow, string> id, CancellationToken cancellationToken)
        where T : class
    {
        var all = new List<T>();
        await Parallel.ForEachAsync(stored.Chunk(AtOnce), cancellationToken, (some, _) =>
        {
            var kept = Keep(some, read, id);
            lock (all)
            {
                all.AddRange(kept);
            }

            return ValueTask.CompletedTask;
        });
        return all;
    }

    private List<T> Keep<TRow, T>(IReadOnlyCollection<TRow> stored, Func<TRow, T?> read, Func<TRow, string> id)
        where T : class
    {
        var kept = new List<T>(stored.Count);
        foreach (var row in stored)
        {
            if (read(row) is { } value)
            {
                kept.Add(value);
            }
            else
            {
                LogNotAuthentic(logger, typeof(T).Name, id(row));
                health.ReportProblem();
            }
        }

        return kept;
    }
}
