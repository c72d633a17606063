using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Replicas;

/// <summary>What one replica changes is in force on all; what one of them gets, all use.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
[Collection(ReplicaFixture.Collection)]
public sealed class ReplicaTests(ReplicaFixture fixture)
{
    private static readonly TimeSpan InForce = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task Changes_OfEveryKind_AreInForceOnAll_WithinTwoSeconds()
    {
        var key = await fixture.DefineAsync(0, "Spread", """{ "protocol": "password" }""", """{ "Username": "ann", "Password": "first-password" }""");
        var apps = fixture.Clients(key);
        await EverywhereAsync(apps, app => StatusAsync(app, "/callout/Spread/1"), 200);

        // Secrets: the next callout of each replica has the new one.
        await fixture.AdminAsync(1, HttpMethod.Patch, "/api/v1/external-credentials/SpreadLogin/principals/default/credential", """{ "parameters": { "Password": "second-password" } }""");
        var expected = "Basic " + Convert.ToBase64String("ann:second-password"u8);
        var answer = fixture.Service.Answer;
        fixture.Service.Answer = async (context, request) =>
        {
            context.Response.StatusCode = request.Header("Authorization") == expected ? 200 : 418;
            await context.Response.WriteAsync("");
        };
        await EverywhereAsync(apps, app => StatusAsync(app, "/callout/Spread/2"), 200);
        fixture.Service.Answer = answer;

        // Definitions.
        await fixture.AdminAsync(2, HttpMethod.Put, "/api/v1/named-credentials/Spread", $$"""{ "url": "{{fixture.Service.Url}}", "externalCredential": "SpreadLogin", "enabled": false }""");
        await EverywhereAsync(apps, app => ErrorAsync(app, "/callout/Spread/3"), "named-credential-disabled");
        await fixture.AdminAsync(0, HttpMethod.Put, "/api/v1/named-credentials/Spread", $$"""{ "url": "{{fixture.Service.Url}}", "externalCredential": "SpreadLogin" }""");
        await EverywhereAsync(apps, app => StatusAsync(app, "/callout/Spread/4"), 200);

        // Grants.
        await fixture.AdminAsync(1, HttpMethod.Delete, "/api/v1/apps/SpreadApp/grants/Spread");
        await EverywhereAsync(apps, app => ErrorAsync(app, "/callout/Spread/5"), "callout-not-granted");
        await fixture.AdminAsync(0, HttpMethod.Put, "/api/v1/apps/SpreadApp/grants/Spread", "{}");
        await EverywhereAsync(apps, app => StatusAsync(app, "/callout/Spread/6"), 200);

        // Keys: of apps and of people.
        await fixture.AdminAsync(2, HttpMethod.Delete, $"/api/v1/apps/SpreadApp/keys/{key.Split('_')[1]}");
        await EverywhereAsync(apps, app => ErrorAsync(app, "/callout/Spread/7"), "unauthenticated");
        var auditor = (string)(await fixture.AdminAsync(0, HttpMethod.Post, "/api/v1/admin-keys", """{ "name": "Watcher", "role": "auditor" }"""))!["key"]!;
        var auditors = fixture.Clients(auditor);
        await EverywhereAsync(auditors, client => StatusAsync(client, "/api/v1/apps"), 200);
        await fixture.AdminAsync(1, HttpMethod.Delete, "/api/v1/admin-keys/Watcher");
        await EverywhereAsync(auditors, client => StatusAsync(client, "/api/v1/apps"), 401);

        // What is gone is gone.
        await fixture.AdminAsync(1, HttpMethod.Delete, "/api/v1/named-credentials/Spread");
        await fixture.AdminAsync(2, HttpMethod.Delete, "/api/v1/apps/SpreadApp");
        await EverywhereAsync(fixture.Admins, client => StatusAsync(client, "/api/v1/named-credentials/Spread"), 404);
        await EverywhereAsync(fixture.Admins, client => StatusAsync(client, "/api/v1/apps/SpreadApp"), 404);
    }

    [Fact]
    public async Task Document_ThatWasComparedOnOne_IsAppliedOnAnother_AndOnlyToThatState()
    {
        const string Document = """{ "apps": [ { "name": "Compared" } ] }""";
        var tags = await Task.WhenAll(fixture.Admins.Select(admin => SendAsync(admin, "diff", null)));
        Assert.Single(tags.Select(answer => answer.Tag).Distinct());

        await fixture.AdminAsync(1, HttpMethod.Put, "/api/v1/apps/Comparing", "{}");
        Assert.Equal(412, (await SendAsync(fixture.Admins[2], "apply", tags[0].Tag)).Status);
        var tag = (await SendAsync(fixture.Admins[0], "diff", null)).Tag;
        Assert.Equal(200, (await SendAsync(fixture.Admins[2], "apply", tag)).Status);
        Assert.Equal(412, (await SendAsync(fixture.Admins[1], "apply", tag)).Status);

        static async Task<(int Status, string? Tag)> SendAsync(HttpClient admin, string route, string? tag)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/definitions/" + route)
            {
                Content = new StringContent(Document, new System.Net.Http.Headers.MediaTypeHeaderValue("application/json")),
            };
            request.Headers.TryAddWithoutValidation("If-Match", tag is null ? [] : [tag]);
            using var answer = await admin.SendAsync(request);
            return ((int)answer.StatusCode, answer.Headers.ETag?.ToString());
        }
    }

    [Fact]
    public async Task VaultKey_ThatWasRotatedOnOne_OpensOnAll_AtOnce()
    {
        var key = await fixture.DefineAsync(0, "Rotated", """{ "protocol": "password" }""", """{ "Username": "ann", "Password": "first-password" }""");
        var apps = fixture.Clients(key);
        await EverywhereAsync(apps, app => StatusAsync(app, "/callout/Rotated/0"), 200);
        for (var round = 0; round < 5; round++)
        {
            // The other replica may read what is sealed under the new key before it heard of that key.
            var made = (string)(await fixture.AdminAsync(0, HttpMethod.Post, "/api/v1/keys/rotate"))!["id"]!;
            await fixture.AdminAsync(0, HttpMethod.Patch, "/api/v1/external-credentials/RotatedLogin/principals/default/credential", $$"""{ "parameters": { "Password": "password-{{round}}" } }""");
            Assert.Equal(200, await StatusAsync(apps[1], "/callout/Rotated/1"));
            await EverywhereAsync(fixture.Admins, async admin => (string?)JsonNode.Parse(await admin.GetStringAsync("/api/v1/keys"))!["items"]!.AsArray().Single(item => (bool)item!["active"]!)!["id"], made);
        }

        // One of them moves the wraps; which one doesn't matter.
        var operation = (string)(await fixture.AdminAsync(1, HttpMethod.Post, "/api/v1/keys/rewrap"))!["id"]!;
        await EverywhereAsync([fixture.Admins[2]], async admin => (string?)JsonNode.Parse(await admin.GetStringAsync("/api/v1/operations/" + operation))!["status"], "completed", TimeSpan.FromSeconds(30));
        var verdict = (await fixture.AdminAsync(2, HttpMethod.Post, "/api/v1/keys/verify"))!;
        Assert.True((bool)verdict["valid"]!, verdict.ToJsonString());
        Assert.Equal(200, await StatusAsync(apps[2], "/callout/Rotated/2"));
    }

    [Fact]
    public async Task ReplicasThatStartTogether_MakeOneAdminKey_AndEachNeedsADirectoryOfItsOwn()
    {
        var made = JsonNode.Parse(await fixture.Admins[1].GetStringAsync("/api/v1/audit?action=admin-key.created&target=bootstrap"))!;
        Assert.Single(made["items"]!.AsArray());
        var started = JsonNode.Parse(await fixture.Admins[2].GetStringAsync("/api/v1/audit?action=audit.started"))!["items"]!.AsArray();
        Assert.All(started, record => Assert.Equal("success", (string?)record!["outcome"]));
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => fixture.StartAsync(1));
        Assert.Contains("Another vault uses this data directory", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OneETag_IsGoodForOneChange_WhateverTheReplica()
    {
        using var made = await fixture.Admins[0].PostAsync("/api/v1/apps", Json("""{ "name": "Contended" }"""));
        var tag = made.Headers.ETag!.Tag;
        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(async number =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Put, "/api/v1/apps/Contended") { Content = Json($$"""{ "label": "{{number}}" }""") };
            request.Headers.TryAddWithoutValidation("If-Match", tag);
            using var response = await fixture.Admins[number % 3].SendAsync(request);
            return (int)response.StatusCode;
        }));
        Assert.Equal(1, answers.Count(status => status == 200));
        Assert.Equal(11, answers.Count(status => status == 412));

        var names = await Task.WhenAll(Enumerable.Range(0, 9).Select(async number =>
        {
            using var response = await fixture.Admins[number % 3].PostAsync("/api/v1/apps", Json("""{ "name": "OnlyOnce" }"""));
            return (int)response.StatusCode;
        }));
        Assert.Equal(1, names.Count(status => status == 201));
        Assert.Equal(8, names.Count(status => status == 409));
    }

    [Fact]
    public async Task Audit_OfAllReplicas_IsOneChain_ThatEachCanVerify()
    {
        var key = await fixture.DefineAsync(0, "Chained", """{ "protocol": "password" }""", """{ "Username": "ann", "Password": "the-password" }""");
        var apps = fixture.Clients(key);
        await EverywhereAsync(apps, app => StatusAsync(app, "/callout/Chained/0"), 200);
        await Parallel.ForEachAsync(Enumerable.Range(0, 300), new ParallelOptions { MaxDegreeOfParallelism = 24 }, async (number, _) =>
            Assert.Equal(200, await StatusAsync(apps[number % 3], $"/callout/Chained/{number}")));

        // Each of them tells what the others wrote a moment ago, too.
        JsonElement[] export = [];
        foreach (var admin in fixture.Admins)
        {
            export = [.. (await admin.GetStringAsync("/api/v1/audit/export")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonSerializer.Deserialize<JsonElement>(line))];
            var called = export.Where(record => record.GetProperty("action").GetString() == "callout" && record.GetProperty("target").GetString() == "Chained").Select(record => record.GetProperty("path").GetString()).ToHashSet();
            Assert.Superset(Enumerable.Range(0, 300).Select(number => (string?)$"/{number}").ToHashSet(), called);
            Assert.Equal(Enumerable.Range(1, export.Length).Select(number => (long)number), export.Select(record => record.GetProperty("sequence").GetInt64()));
        }

        foreach (var replica in new[] { 0, 1, 2 })
        {
            var verdict = (await fixture.AdminAsync(replica, HttpMethod.Post, "/api/v1/audit/verify"))!;
            Assert.True((bool)verdict["valid"]!, verdict.ToJsonString());
        }

        // A record that somebody else took away is missed by all, whichever replica wrote it.
        var sequence = export.Last(record => record.GetProperty("action").GetString() == "callout").GetProperty("sequence").GetInt64();
        await PostgreSqlServer.ExecuteAsync(fixture.Database, $"""CREATE TABLE taken AS SELECT * FROM audit WHERE "Sequence" = {sequence - 5}; DELETE FROM audit WHERE "Sequence" = {sequence - 5}""");
        foreach (var replica in new[] { 0, 1, 2 })
        {
            Assert.False((bool)(await fixture.AdminAsync(replica, HttpMethod.Post, "/api/v1/audit/verify"))!["valid"]!);
        }

        await PostgreSqlServer.ExecuteAsync(fixture.Database, "INSERT INTO audit SELECT * FROM taken; DROP TABLE taken");
        Assert.True((bool)(await fixture.AdminAsync(0, HttpMethod.Post, "/api/v1/audit/verify"))!["valid"]!);
    }

    [Fact]
    public async Task Rate_OfAnApp_IsSharedByTheReplicas()
    {
        var key = await fixture.DefineAsync(0, "Metered", """{ "protocol": "password" }""", """{ "Username": "ann", "Password": "the-password" }""");
        await fixture.AdminAsync(0, HttpMethod.Put, "/api/v1/named-credentials/Metered", $$"""{ "url": "{{fixture.Service.Url}}", "externalCredential": "MeteredLogin", "rateLimit": { "permits": 9, "perSeconds": 3600 } }""");
        var apps = fixture.Clients(key);
        await EverywhereAsync(fixture.Admins, async admin => (int)(JsonNode.Parse(await admin.GetStringAsync("/api/v1/named-credentials/Metered"))!["rateLimit"]?["permits"] ?? 0), 9);

        // One that another test killed counts for five seconds more, and to one that was just started for as long as that can't tell.
        while (await PostgreSqlServer.ExecuteAsync(fixture.Database, """SELECT COUNT(*) FROM replicas WHERE "SeenAt" > clock_timestamp() - interval '14 seconds'""") is not 3L)
        {
        }

        var answers = await Task.WhenAll(Enumerable.Range(0, 60).Select(number => StatusAsync(apps[number % 3], "/callout/Metered/1")));
        Assert.Equal(9, answers.Count(status => status == 200));
        Assert.Equal(51, answers.Count(status => status == 429));
    }

    private static StringContent Json(string json) => new(json, System.Text.Encoding.UTF8, "application/json");

    private static async Task<int> StatusAsync(HttpClient client, string path)
    {
        using var response = await client.GetAsync(path);
        return (int)response.StatusCode;
    }

    private static async Task<string?> ErrorAsync(HttpClient client, string path)
    {
        using var response = await client.GetAsync(path);
        return response.Headers.TryGetValues("X-Vault-Error", out var codes) ? codes.Single() : null;
    }

    // Asked again and again, all at once, until each has said so once; from then on it stays so.
    private static Task EverywhereAsync<T>(HttpClient[] clients, Func<HttpClient, Task<T>> ask, T expected, TimeSpan? limit = null) => Task.WhenAll(clients.Select(async client =>
    {
        var since = Stopwatch.GetTimestamp();
        T seen;
        do
        {
            seen = await ask(client);
        }
        while (!Equals(seen, expected) && Stopwatch.GetElapsedTime(since) < (limit ?? InForce));

        Assert.Equal(expected, seen);
    }));
}
