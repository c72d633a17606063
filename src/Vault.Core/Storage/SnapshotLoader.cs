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
    /// <summary>Loads and puts in force.</summary>
    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        var external = Keep(await rows.ExternalCredentialsAsync(cancellationToken), definitionCodec.Read, row => row.Id.ToString());
        var named = Keep(await rows.NamedCredentialsAsync(cancellationToken), definitionCodec.Read, row => row.Id.ToString());
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
    }

    [LoggerMessage(3001, LogLevel.Critical, "The {Kind} {Id} in the database is not authentic: it was changed by something else than this vault. It is left out.")]
    private static partial void LogNotAuthentic(ILogger logger, string kind, string id);

    private List<T> Keep<TRow, T>(List<TRow> stored, Func<TRow, T?> read, Func<TRow, string> id)
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
