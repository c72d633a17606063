using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Vault.Cli.Audit;
using Vault.Cli.Connections;
using Vault.Testing;
using Xunit;

namespace Vault.Cli.Tests.Audit;

/// <summary>What came since is written whole, oldest first, and each line once.</summary>
public sealed class AuditTailTests
{
    private readonly List<JsonObject> _records = [];

    [Theory]
    [InlineData(1)]
    [InlineData(500)]
    [InlineData(501)]
    [InlineData(1_777)]
    public async Task WriteNew_AfterABurst_WritesAllOfIt(int count)
    {
        await using var upstream = await StartAsync();
        using var output = new StringWriter();
        using var vault = VaultConnection.Open(new ConnectionSettings(new Uri(upstream.Url + "/"), "vk_key"));
        var tail = new AuditTail(TestSurroundings.In("/", output: output), vault, "&outcome=success", json: false);
        Add(1, 3);
        await tail.WriteNewestAsync(2, CancellationToken.None);
        Add(4, count);

        await tail.WriteNewAsync(CancellationToken.None);
        await tail.WriteNewAsync(CancellationToken.None);

        Assert.Equal(Enumerable.Range(2, count + 2).Select(number => $"target{number}"), output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Trim().Split(' ')[^1]));
        Assert.All(upstream.Requests, request => Assert.Contains("&outcome=success", request.Target, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false, 2)]
    [InlineData(true, 3)]
    public async Task WriteNew_OfACalloutThatEnded_WritesItAgainOnlyWhereTheLineIsAnother(bool json, int lines)
    {
        await using var upstream = await StartAsync();
        using var output = new StringWriter();
        using var vault = VaultConnection.Open(new ConnectionSettings(new Uri(upstream.Url + "/"), "vk_key"));
        var tail = new AuditTail(TestSurroundings.In("/", output: output), vault, "", json);

        // Two that differ in nothing that is shown; one of them ends.
        Callout("a", 1, bytesOut: null);
        Callout("b", 2, bytesOut: null);
        await tail.WriteNewestAsync(20, CancellationToken.None);
        _records.RemoveAll(record => (string?)record["id"] == "a");
        Callout("a", 3, bytesOut: 7);
        await tail.WriteNewAsync(CancellationToken.None);

        Assert.Equal(lines, output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    private void Add(int first, int count) => _records.AddRange(Enumerable.Range(first, count).Select(number => RecordOf($$"""
        { "id": "id{{number}}", "sequence": {{number}}, "at": "2026-01-31T12:00:00Z", "outcome": "success", "actor": "ann", "action": "app.created", "target": "target{{number}}" }
        """)));

    private void Callout(string id, int sequence, int? bytesOut) => _records.Add(RecordOf($$"""
        { "id": "{{id}}", "sequence": {{sequence}}, "at": "2026-01-31T12:00:00Z", "outcome": "success", "actor": "app", "action": "callout", "target": "Service", "bytesOut": {{bytesOut?.ToString(CultureInfo.InvariantCulture) ?? "null"}} }
        """));

    private static JsonObject RecordOf(string json) => JsonNode.Parse(json)!.AsObject();

    // Pages as a vault gives them: newest first, and a token where there are more.
    private async Task<RecordingUpstream> StartAsync()
    {
        var upstream = await RecordingUpstream.StartAsync();
        upstream.Answer = (context, _) =>
        {
            var (size, skip) = (Number("pageSize"), Number("pageToken"));
            var items = _records.OrderByDescending(record => (int)record["sequence"]!).Skip(skip).Take(size).Select(record => record.DeepClone()).ToArray();
            context.Response.Headers["X-Vault-Request-Id"] = "r";
            return context.Response.WriteAsync(new JsonObject { ["items"] = new JsonArray(items), ["nextPageToken"] = skip + size < _records.Count ? $"{skip + size}" : null }.ToJsonString());

            int Number(string name) => int.TryParse(context.Request.Query[name], CultureInfo.InvariantCulture, out var number) ? number : 0;
        };
        return upstream;
    }
}
