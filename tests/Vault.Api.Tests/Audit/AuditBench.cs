using System.Text.Json;
using System.Text.Json.Nodes;
using Vault.Api.Hosting;
using Vault.Testing;

namespace Vault.Api.Tests.Audit;

/// <summary>What the tests of the audit do to a database, and what the command says of it.</summary>
internal static class AuditBench
{
    /// <summary>Executes SQL as somebody who can write to the database.</summary>
    public static Task ExecuteAsync(string directory, string sql) => TestDatabase.ExecuteAsync(directory, (PostgreSqlServer.IsWanted ? "" : "PRAGMA foreign_keys = OFF; ") + sql);

    /// <summary>Runs <c>audit verify</c> in this process.</summary>
    public static async Task<(int Code, JsonNode? Verdict)> VerifyByCommandAsync(string directory, string? masterKeyPath = null)
    {
        await using var output = new StringWriter();
        string[] given = masterKeyPath is null ? [] : ["--Vault:MasterKey:Path", masterKeyPath];
        var code = await AuditCommand.VerifyAsync([.. await TestDatabase.ArgumentsAsync(directory), .. given], output, TextWriter.Null);
        return (code, output.ToString() is { Length: > 0 } line ? JsonNode.Parse(line) : null);
    }

    /// <summary>The records of an export.</summary>
    public static JsonElement[] Lines(string export) => [.. export.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonSerializer.Deserialize<JsonElement>(line))];
}
