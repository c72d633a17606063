using System.Data.Common;
using System.Runtime.CompilerServices;
using Vault.Core.Storage.Rows;

namespace Vault.Core.Storage;

/// <summary>
/// Reads what a start needs, by plain SQL. EF Core takes over a second for its first query, most of it compiling; it is warmed
/// up behind the start instead (see docs/decisions/0004). Only reads: whole tables, or what another replica changed of them.
/// </summary>
public sealed class StartRows
{
    private const string VaultKeysSql = "SELECT \"Id\", \"Purpose\", \"Protected\", \"CheckValue\", \"Canary\", \"IsActive\", \"CreatedAt\" FROM vault_keys";
    private const string ExternalCredentialsSql = "SELECT \"Id\", \"NameKey\", \"Document\", \"Version\", \"CreatedAt\", \"UpdatedAt\", \"Mac\" FROM external_credentials";
    private const string NamedCredentialsSql =
        "SELECT \"Id\", \"NameKey\", \"ExternalCredentialId\", \"Document\", \"Version\", \"CreatedAt\", \"UpdatedAt\", \"Mac\" FROM named_credentials";

    private const string GrantsSql = "SELECT \"AppId\", \"NamedCredentialId\", \"Principals\", \"Mac\" FROM grants";

    // One statement: all three are as they were at one moment.
    private const string OfCalloutSql =
        """
        SELECT n."Id", n."NameKey", n."ExternalCredentialId", n."Document", n."Version", n."CreatedAt", n."UpdatedAt", n."Mac",
            e."Id", e."NameKey", e."Document", e."Version", e."CreatedAt", e."UpdatedAt", e."Mac", g."AppId", g."NamedCredentialId", g."Principals", g."Mac"
        FROM named_credentials n
        JOIN grants g ON g."NamedCredentialId" = n."Id" AND g."AppId" = @app
        JOIN external_credentials e ON e."Id" = n."ExternalCredentialId"
        WHERE n."NameKey" = @name
        """;

    private readonly IVaultDatabase _database;
    private readonly RowFaults _faults;

    internal StartRows(IVaultDatabase database, RowFaults faults)
    {
        _database = database;
        _faults = faults;
    }

    /// <summary>Only rows whose column, a fixed name, has this value (without a value: has none), and a second one any of those values (where processes share the database).</summary>
    internal readonly record struct Only(string Column, object? Value, string? SecondColumn = null, Guid[]? SecondValues = null);

    internal Task<List<VaultFactRow>> FactsAsync(CancellationToken cancellationToken) => ReadAsync(
        "SELECT \"Name\", \"Value\" FROM facts",
        row => new VaultFactRow { Name = row.GetString(0), Value = Bytes(row, 1) },
        mayFail: false,
        cancellationToken);

    internal Task<List<VaultKeyRow>> VaultKeysAsync(CancellationToken cancellationToken) => ReadAsync(VaultKeysSql, VaultKey, mayFail: false, cancellationToken);

    /// <summary>The same for who can't wait otherwise: what opens values is synchronous.</summary>
    internal List<VaultKeyRow> VaultKeys() => Read(VaultKeysSql, VaultKey);

    internal IAsyncEnumerable<ExternalCredentialRow> ExternalCredentialsAsync(CancellationToken cancellationToken, Only only = default) =>
        StreamAsync(ExternalCredentialsSql, static row => ExternalCredential(row), only, isLong: only.Column is null, mayFail: true, cancellationToken);

    internal IAsyncEnumerable<NamedCredentialRow> NamedCredentialsAsync(CancellationToken cancellationToken, Only only = default) =>
        StreamAsync(NamedCredentialsSql, NamedCredential, only, isLong: only.Column is null, mayFail: true, cancellationToken);

    internal IAsyncEnumerable<GrantRow> GrantsAsync(CancellationToken cancellationToken, Only only = default) =>
        StreamAsync(GrantsSql, static row => Grant(row), only, isLong: only.Column is null, mayFail: true, cancellationToken);

    /// <summary>What a callout is decided by: the named credential of this name key, the external one that it uses, and its grant to the app; null where it isn't granted to the app, or isn't there.</summary>
    internal async Task<(NamedCredentialRow Named, ExternalCredentialRow External, GrantRow Grant)?> OfCalloutAsync(string nameKey, Guid app, CancellationToken cancellationToken)
    {
        await using var connection = _database.CreateSharedConnection();
        await connection.OpenAsync(cancellationToken);
        await using var command = connection.CreateCommand();
        command.CommandText = OfCalloutSql;
        Add(command, "name", nameKey);
        Add(command, "app", app);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            && Decode(reader, static row => NamedCredential(row)) is { } named
            && Decode(reader, static row => ExternalCredential(row, 8), id: 8) is { } external
            && Decode(reader, static row => Grant(row, 15), id: 15) is { } grant
                ? (named, external, grant)
                : null;
    }

    internal Task<List<AppRow>> AppsAsync(CancellationToken cancellationToken, Only only = default) => ReadAsync(
        "SELECT \"Id\", \"NameKey\", \"Document\", \"Version\", \"CreatedAt\", \"UpdatedAt\", \"Mac\" FROM apps",
        row => new AppRow
        {
            Id = row.GetGuid(0),
            NameKey = row.GetString(1),
            Document = row.GetString(2),
            Version = row.GetInt64(3),
            CreatedAt = Time(row, 4),
            UpdatedAt = Time(row, 5),
            Mac = Bytes(row, 6),
        },
        mayFail: true,
        cancellationToken,
        only);

    internal Task<List<KeyRow>> KeysAsync(CancellationToken cancellationToken, Only only = default) => ReadAsync(
        "SELECT \"Id\", \"Role\", \"AppId\", \"Name\", \"NameKey\", \"Hash\", \"CreatedAt\", \"ExpiresAt\", \"Mac\" FROM keys",
        row => new KeyRow
        {
            Id = row.GetString(0),
            Role = row.GetString(1),
            AppId = row.IsDBNull(2) ? null : row.GetGuid(2),
            Name = row.IsDBNull(3) ? null : row.GetString(3),
            NameKey = row.IsDBNull(4) ? null : row.GetString(4),
            Hash = Bytes(row, 5),
            CreatedAt = Time(row, 6),
            ExpiresAt = row.IsDBNull(7) ? null : Time(row, 7),
            Mac = Bytes(row, 8),
        },
        mayFail: true,
        cancellationToken,
        only);

    internal List<string> KeyRing() => Read("SELECT \"Xml\" FROM key_ring ORDER BY \"Id\"", row => row.GetString(0));

    private static ExternalCredentialRow ExternalCredential(DbDataReader row, int first = 0) => new()
    {
        Id = row.GetGuid(first),
        NameKey = row.GetString(first + 1),
        Document = row.GetString(first + 2),
        Version = row.GetInt64(first + 3),
        CreatedAt = Time(row, first + 4),
        UpdatedAt = Time(row, first + 5),
        Mac = Bytes(row, first + 6),
    };

    private static NamedCredentialRow NamedCredential(DbDataReader row) => new()
    {
        Id = row.GetGuid(0),
        NameKey = row.GetString(1),
        ExternalCredentialId = row.GetGuid(2),
        Document = row.GetString(3),
        Version = row.GetInt64(4),
        CreatedAt = Time(row, 5),
        UpdatedAt = Time(row, 6),
        Mac = Bytes(row, 7),
    };

    private static GrantRow Grant(DbDataReader row, int first = 0) =>
        new() { AppId = row.GetGuid(first), NamedCredentialId = row.GetGuid(first + 1), Principals = row.GetString(first + 2), Mac = Bytes(row, first + 3) };

    private static VaultKeyRow VaultKey(DbDataReader row) => new()
    {
        Id = row.GetGuid(0),
        Purpose = row.GetString(1),
        Protected = Bytes(row, 2),
        CheckValue = Bytes(row, 3),
        Canary = Bytes(row, 4),
        IsActive = row.GetBoolean(5),
        CreatedAt = Time(row, 6),
    };

    private List<T> Read<T>(string sql, Func<DbDataReader, T> read)
    {
        using var connection = _database.CreateConnection();
        connection.Open();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Fixed texts.
        command.CommandText = sql;
#pragma warning restore CA2100
        using var reader = command.ExecuteReader();
        var rows = new List<T>();
        while (reader.Read())
        {
            rows.Add(read(reader));
        }

        return rows;
    }

    private static byte[] Bytes(DbDataReader row, int column) => row.GetFieldValue<byte[]>(column);

    private static DateTimeOffset Time(DbDataReader row, int column) => new(row.GetInt64(column), TimeSpan.Zero);

    // What can't be decoded and may not fail ends a start: without its facts and keys there is no vault.
    private T? Decode<T>(DbDataReader row, Func<DbDataReader, T> read, int id = 0)
        where T : class
    {
        try
        {
            return read(row);
        }
        catch (Exception exception) when (UndecodableRows.IsOne(exception))
        {
            _faults.Report(typeof(T).Name[..^"Row".Length], Id(row, id));
            return null;
        }
    }

    private static string Id(DbDataReader row, int column)
    {
        try
        {
            return row.GetGuid(column).ToString();
        }
        catch (Exception exception) when (UndecodableRows.IsOne(exception))
        {
            return RowFaults.Unreadable;
        }
    }

    private Task<List<T>> ReadAsync<T>(string sql, Func<DbDataReader, T> read, bool mayFail, CancellationToken cancellationToken, Only only = default)
        where T : class => StreamAsync(sql, read, only, isLong: false, mayFail, cancellationToken).ToListAsync(cancellationToken).AsTask();

    private static void Add(DbCommand command, string name, object value)
    {
        var parameter = command.CreateParameter();
        (parameter.ParameterName, parameter.Value) = (name, value);
        command.Parameters.Add(parameter);
    }

    private async IAsyncEnumerable<T> StreamAsync<T>(
        string sql, Func<DbDataReader, T> read, Only only, bool isLong, bool mayFail, [EnumeratorCancellation] CancellationToken cancellationToken)
        where T : class
    {
        // A whole table may take long, and must not keep others from what they need for a moment.
        await using var connection = await (isLong ? _database.OpenLastingAsync(cancellationToken) : _database.CreateConnection().OpenedAsync(cancellationToken));
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Fixed texts.
        command.CommandText = only switch
        {
            { Column: null } => sql,
            { Value: null } => $"{sql} WHERE \"{only.Column}\" IS NULL",
            { SecondColumn: { } second } => $"{sql} WHERE \"{only.Column}\" = @only AND \"{second}\" = ANY(@second)",
            _ => $"{sql} WHERE \"{only.Column}\" = @only",
        };
#pragma warning restore CA2100
        if (only.Value is { } value)
        {
            Add(command, "only", value);
        }

        if (only.SecondValues is { } further)
        {
            Add(command, "second", further);
        }

        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            if ((mayFail ? Decode(reader, read) : read(reader)) is { } row)
            {
                yield return row;
            }
        }
    }
}
