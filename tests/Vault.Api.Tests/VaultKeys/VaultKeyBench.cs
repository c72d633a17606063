using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Vault.Api.Hosting;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.VaultKeys;

/// <summary>What the tests of vault keys share: many secrets, and a look at what the database holds them under.</summary>
internal static class VaultKeyBench
{
    /// <summary>Many parameters, so that moving them takes a while: of a custom credential with one set for each user.</summary>
    public static async Task FillAsync(HttpClient admin, string name, int users, int parameters = 200)
    {
        await SendAsync(admin, "POST", "external-credentials", $$"""
            { "name": "{{name}}", "authentication": { "protocol": "custom" }, "allowedHosts": ["service.example"], "principals": [ { "name": "own", "type": "perUser", "sequence": 1 } ] }
            """);
        for (var user = 0; user < users; user++)
        {
            var set = new JsonObject([.. Enumerable.Range(0, parameters).Select(at => KeyValuePair.Create<string, JsonNode?>($"P{at}", $"value-{user}-{at}"))]);
            await SendAsync(admin, "PUT", $"external-credentials/{name}/principals/own/users/u{user}/credential", new JsonObject { ["parameters"] = set }.ToJsonString());
        }
    }

    /// <summary>Sends to the admin API and expects a success.</summary>
    public static async Task<JsonNode?> SendAsync(HttpClient admin, string method, string path, string? json = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), "/api/v1/" + path);
        request.Content = json is null ? null : new StringContent(json, new MediaTypeHeaderValue("application/json"));
        using var answer = await admin.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{method} {path} {(int)answer.StatusCode} {text}");
        return text.Length == 0 ? null : JsonNode.Parse(text);
    }

    /// <summary>Asks until the operation has ended.</summary>
    public static async Task<JsonNode> EndAsync(HttpClient admin, string id)
    {
        while (true)
        {
            var operation = (await SendAsync(admin, "GET", "operations/" + id))!;
            if ((string?)operation["status"] != "running")
            {
                return operation;
            }
        }
    }

    /// <summary>The ids of the vault keys that anything in the database is sealed under, in lower-case hex, and how many values there are.</summary>
    public static async Task<(IReadOnlySet<string> Keys, int Count)> SealedUnderAsync(string directory)
    {
        await using var connection = await TestDatabase.OpenAsync(directory);
        await using var command = connection.CreateCommand();
        command.CommandText = PostgreSqlServer.IsWanted
            ? """SELECT encode(substr("Sealed", 5, 16), 'hex') FROM secrets UNION ALL SELECT encode(substr("Sealed", 5, 16), 'hex') FROM tokens"""
            : """SELECT lower(hex(substr("Sealed", 5, 16))) FROM secrets UNION ALL SELECT lower(hex(substr("Sealed", 5, 16))) FROM tokens""";
        await using var reader = await command.ExecuteReaderAsync();
        var keys = new HashSet<string>();
        var count = 0;
        while (await reader.ReadAsync())
        {
            keys.Add(reader.GetString(0));
            count++;
        }

        return (keys, count);
    }

    /// <summary>Runs <c>keys verify</c> in this process.</summary>
    public static async Task<(int Code, JsonNode? Verdict)> VerifyByCommandAsync(string directory)
    {
        await using var output = new StringWriter();
        var code = await KeysCommand.VerifyAsync(await TestDatabase.ArgumentsAsync(directory), output, TextWriter.Null);
        return (code, output.ToString() is { Length: > 0 } line ? JsonNode.Parse(line) : null);
    }
}
