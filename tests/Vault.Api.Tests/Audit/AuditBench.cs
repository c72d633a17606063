using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;
using Vault.Api.Hosting;

namespace Vault.Api.Tests.Audit;

/// <summary>What the tests of the audit do to a database, and what the command says of it.</summary>
internal static class AuditBench
{
    /// <summary>Executes SQL as somebody who can write to the database.</summary>
    public static async Task ExecuteAsync(string directory, string sql)
    {
        await using var connection = new SqliteConnection($"Data Source={Path.Combine(directory, "vault.db")};Pooling=False");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The tests' own statements.
        command.CommandText = "PRAGMA foreign_keys = OFF; " + sql;
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Runs <c>audit verify</c> in this process.</summary>
    public static async Task<(int Code, JsonNode? Verdict)> VerifyByCommandAsync(string directory, string? masterKeyPath = null)
    {
        await using var output = new StringWriter();
        var code = await AuditCommand.VerifyAsync(["--Vault:DataDirectory", directory, "--Vault:MasterKey:Path", masterKeyPath ?? Path.Combine(directory, "master.key")], output, TextWriter.Null);
        return (code, output.ToString() is { Length: > 0 } line ? JsonNode.Parse(line) : null);
    }

    /// <summary>The records of an export.</summary>
    public static JsonElement[] Lines(string export) => [.. export.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonSerializer.Deserialize<JsonElement>(line))];
}
