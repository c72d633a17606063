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
    private const string OfCalloutSql =
        $"""
        {NamedCredentialsSql} WHERE "NameKey" = @name;
        {ExternalCredentialsSql} WHERE "Id" = (SELECT "ExternalCredentialId" FROM named_credentials WHERE "NameKey" = @name);
        {GrantsSql} WHERE "AppId" = @app AND "NamedCredentialId" = (SELECT "Id" FROM named_credentials WHERE "NameKey" = @name)
        """;

    private const int SecondsOfACallout = 5;
    private readonly IVaultDatabase _database;

    internal StartRows(IVaultDatabase database) => _database = database;

    /// <summary>Only rows whose column, a fixed name, has this value (without a value: has none), and so a second one.</summary>
    internal readonly record struct Only(string Column, object? Value, string? SecondColumn = null, object? SecondValue = null);

    internal Task<List<VaultFactRow>> FactsAsync(CancellationToken cancellationToken) => ReadAsync(
        "SELECT \"Name\", \"Value\" FROM facts",
        row => new VaultFactRow { Name = row.GetString(0), Value = Bytes(row, 1) },
        cancellationToken);

    internal Task<List<VaultKeyRow>> VaultKeysAsync(CancellationToken cancellationToken) => ReadAsync(VaultKeysSql, VaultKey, cancellationToken);

    /// <summary>The same for who can't wait otherwise: what opens values is synchronous.</summary>
    internal List<VaultKeyRow> VaultKeys() => Read(VaultKeysSql, VaultKey);

    internal IAsyncEnumerable<ExternalCredentialRow> ExternalCredentialsAsync(CancellationToken cancellationToken, Only only = default) =>
        StreamAsync(ExternalCredentialsSql, ExternalCredential, only, isLong: only.Column is null, cancellationToken);

    internal IAsyncEnumerable<NamedCredentialRow> NamedCredentialsAsync(CancellationToken cancellationToken, Only only = default) =>
        StreamAsync(NamedCredentialsSql, NamedCredential, only, isLong: only.Column is null, cancellationToken);

    internal IAsyncEnumerable<GrantRow> GrantsAsync(CancellationToken cancellationToken, Only only = default) =>
        StreamAsync(GrantsSql, Grant, only, isLong: only.Column is null, cancellationToken);

    /// <summary>What a callout is decided by: the named credential of this name key, the external one that it uses, and its grant to the app; in one go, whichever of them there are.</summary>
    internal async Task<(NamedCredentialRow? Named, ExternalCredentialRow? External, GrantRow? Grant)> OfCalloutAsync(string nameKey, Guid app, CancellationToken cancellationToken)
    {
        await using var connection = _database.CreateSharedConnection();
        await connection.OpenAsync(cancellationToken);
        await using var command = connection.CreateCommand();
        command.CommandTimeout = SecondsOfACallout;
        command.CommandText = OfCalloutSql;
        Add(command, "name", nameKey);
        Add(command, "app", app);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var named = await reader.ReadAsync(cancellationToken) ? NamedCredential(reader) : null;
        var external = await NextAsync() ? ExternalCredential(reader) : null;
        return (named, external, await NextAsync() ? Grant(reader) : null);

        async Task<bool> NextAsync() => await reader.NextResultAsync(cancellationToken) && await reader.ReadAsync(cancellationToken);
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
        cancellationToken,
        only);

    internal List<string> KeyRing() => Read("SELECT \"Xml\" FROM key_ring ORDER BY \"Id\"", row => row.GetString(0));

    private static ExternalCredentialRow ExternalCredential(DbDataReader row) => new()
    {
        Id = row.GetGuid(0),
        NameKey = row.GetString(1),
        Document = row.GetString(2),
        Version = row.GetInt64(3),
        CreatedAt = Time(row, 4),
        UpdatedAt = Time(row, 5),
        Mac = Bytes(row, 6),
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

    private static GrantRow Grant(DbDataReader row) => new() { AppId = row.GetGuid(0), NamedCredentialId = row.GetGuid(1), Principals = row.GetString(2), Mac = Bytes(row, 3) };

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

    private Task<List<T>> ReadAsync<T>(string sql, Func<DbDataReader, T> read, CancellationToken cancellationToken, Only only = default) =>
        StreamAsync(sql, read, only, isLong: false, cancellationToken).ToListAsync(cancellationToken).AsTask();

    private async Task<DbConnection> OpenAsync(bool isLong, CancellationToken cancellationToken)
    {
        if (isLong)
        {
            return await _database.OpenLastingAsync(cancellationToken);
        }

        var connection = _database.CreateConnection();
        try
        {
            await connection.OpenAsync(cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    private static void Add(DbCommand command, string name, object value)
    {
        var parameter = command.CreateParameter();
        (parameter.ParameterName, parameter.Value) = (name, value);
        command.Parameters.Add(parameter);
    }

    private async IAsyncEnumerable<T> StreamAsync<T>(
        string sql, Func<DbDataReader, T> read, Only only, bool isLong, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // A whole table may take long, and must not keep others from what they need for a moment.
        await using var connection = await OpenAsync(isLong, cancellationToken);
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Fixed texts.
        command.CommandText = only switch
        {
            { Column: null } => sql,
            { Value: null } => $"{sql} WHERE \"{only.Column}\" IS NULL",
            { SecondColumn: { } second } => $"{sql} WHERE \"{only.Column}\" = @only AND \"{second}\" = @second",
            _ => $"{sql} WHERE \"{only.Column}\" = @only",
        };
#pragma warning restore CA2100
        if (only.Value is { } value)
        {
            Add(command, "only", value);
        }

        if (only.SecondValue is { } further)
        {
            Add(command, "second", further);
        }

        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            yield return read(reader);
        }
    }
}
