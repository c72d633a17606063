using System.Data.Common;
using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Vault.Testing;

/// <summary>The database of a vault under test, as somebody sees it who can write to it beside the vault; of the kind that the run is for.</summary>
public static partial class TestDatabase
{
    /// <summary>Holds up whatever the vault wants to write to its audit, until <c>ROLLBACK</c>.</summary>
    public static string LockAudit => PostgreSqlServer.IsWanted ? "BEGIN; LOCK TABLE audit IN SHARE ROW EXCLUSIVE MODE" : "BEGIN EXCLUSIVE";

    /// <summary>The settings by which a command finds it.</summary>
    public static async Task<string[]> ArgumentsAsync(string dataDirectory) =>
        ["--Vault:DataDirectory", dataDirectory, .. PostgreSqlServer.IsWanted ? (await PostgreSqlServer.SettingsAsync(dataDirectory)).SelectMany(setting => new[] { "--" + setting.Key, setting.Value! }) : []];

    /// <summary>Connects.</summary>
    public static async Task<DbConnection> OpenAsync(string dataDirectory)
    {
        DbConnection connection = PostgreSqlServer.IsWanted
            ? new NpgsqlConnection((await PostgreSqlServer.SettingsAsync(dataDirectory))["ConnectionStrings:Vault"] + ";Pooling=false")
            : new SqliteConnection($"Data Source={Path.Combine(dataDirectory, "vault.db")};Pooling=False");
        await connection.OpenAsync();
        return connection;
    }

    /// <summary>Executes SQL; names of columns are quoted, blobs written as in <c>x'00'</c>.</summary>
    public static async Task ExecuteAsync(string dataDirectory, string sql)
    {
        await using var connection = await OpenAsync(dataDirectory);
        await ExecuteAsync(connection, sql);
    }

    /// <summary>The same, on a connection.</summary>
    public static async Task ExecuteAsync(DbConnection connection, string sql)
    {
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The tests' own statements.
        command.CommandText = connection is NpgsqlConnection ? Blob().Replace(sql, @"'\x$1'::bytea") : sql;
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }

    [GeneratedRegex("x'([0-9A-Fa-f]*)'", RegexOptions.NonBacktracking)]
    private static partial Regex Blob();
}
