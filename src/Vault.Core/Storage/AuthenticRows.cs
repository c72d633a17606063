using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Vault.Core.Storage.Codec;
using Vault.Core.Storage.Rows;

namespace Vault.Core.Storage;

/// <summary>Makes of rows what they say. A row that isn't authentic is left out and logged, and the vault isn't ready; it is counted once, however often it is read.</summary>
internal sealed partial class AuthenticRows(DefinitionCodec definitions, AccessCodec access, StorageHealth health, ILogger logger)
{
    private readonly ConcurrentDictionary<(string Kind, string Id), bool> _bad = new();

    public Definitions.ExternalCredential? Read(ExternalCredentialRow row) => Read(row, definitions.Read, static row => row.Id.ToString());

    public Definitions.NamedCredential? Read(NamedCredentialRow row) => Read(row, definitions.Read, static row => row.Id.ToString());

    public Access.Grant? Read(GrantRow row) => Read(row, access.Read, static row => row.AppId + "/" + row.NamedCredentialId);

    public List<Access.VaultApp> Read(IEnumerable<AppRow> rows) => Read(rows, access.Read, static row => row.Id.ToString());

    public List<Access.VaultKey> Read(IEnumerable<KeyRow> rows) => Read(rows, access.Read, static row => row.Id);

    /// <summary>A row that can't even be decoded.</summary>
    public void Report(string kind, string id)
    {
        if (_bad.TryAdd((kind, id), true))
        {
            LogNotAuthentic(logger, kind, id);
            health.ReportProblem();
        }
    }

    private List<T> Read<TRow, T>(IEnumerable<TRow> rows, Func<TRow, T?> read, Func<TRow, string> id)
        where T : class => [.. rows.Select(row => Read(row, read, id)).OfType<T>()];

    private T? Read<TRow, T>(TRow row, Func<TRow, T?> read, Func<TRow, string> id)
        where T : class
    {
        var value = read(row);
        if (value is null)
        {
            Report(typeof(T).Name, id(row));
        }

        return value;
    }

    [LoggerMessage(3001, LogLevel.Critical, "The {Kind} {Id} in the database is not authentic: it was changed by something else than this vault. It is left out.")]
    private static partial void LogNotAuthentic(ILogger logger, string kind, string id);
}
