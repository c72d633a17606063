using System.Net;
using System.Text.Json.Nodes;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Callouts;

/// <summary>Callouts while an admin changes what their secrets are sealed to: each is answered by the old definition or by the new one.</summary>
public sealed class OvertakenTests(CalloutFixture fixture) : IClassFixture<CalloutFixture>
{
    private const int Changes = 30;

    [Fact]
    public async Task Callouts_WhileAllowedHostsChange_GoOn()
    {
        var callout = await fixture.CreateAsync("""{ "protocol": "bearer", "token": "the-token-of-it" }""");
        await RunAsync(callout, async turn => await fixture.Vault.AdminAsync(HttpMethod.Put, $"/api/v1/external-credentials/{callout.Name}?discardSecrets=false", $$"""
            { "authentication": { "protocol": "bearer" }, "allowedHosts": [ "{{fixture.Upstream.Url}}"{{string.Concat(Enumerable.Range(turn, Changes - turn).Select(host => $", \"https://h{host}.example\""))}} ] }
            """), async () =>
        {
            // The most hosts first: fewer need no discarding.
            await fixture.Vault.AdminAsync(HttpMethod.Put, $"/api/v1/external-credentials/{callout.Name}?discardSecrets=true", $$"""
                { "authentication": { "protocol": "bearer" }, "allowedHosts": [ "{{fixture.Upstream.Url}}"{{string.Concat(Enumerable.Range(0, Changes).Select(host => $", \"https://h{host}.example\""))}} ] }
                """);
            await fixture.Vault.AdminAsync(
                HttpMethod.Put, $"/api/v1/external-credentials/{callout.Name}/principals/default/credential", """{ "parameters": { "Token": "the-token-of-it" } }""");
        });
    }

    [Fact]
    public async Task Callouts_WhileAnInlineUrlMoves_GoOn()
    {
        await using var other = await RecordingUpstream.StartAsync();
        var callout = await fixture.CreateAsync("""{ "protocol": "bearer", "token": "the-token-of-it" }""");
        await RunAsync(callout, async turn => await fixture.Vault.AdminAsync(HttpMethod.Put, "/api/v1/named-credentials/" + callout.Name, $$"""
            { "url": "{{(turn % 2 == 0 ? other : fixture.Upstream).Url}}", "authentication": { "protocol": "bearer", "token": "the-token-of-it" } }
            """), () => Task.CompletedTask);
        Assert.All(other.Requests, request => Assert.Equal("Bearer the-token-of-it", request.Header("Authorization")));
    }

    [Fact]
    public async Task Callouts_ThatAreRefusedWhenTheyAreJudgedAnew_AreOneItemEach_OfTheAppThatBeganThem()
    {
        await using var vault = new VaultFactory(new Dictionary<string, string?> { ["Vault:Audit:Durability"] = "beforeSend" });
        await using var upstream = await RecordingUpstream.StartAsync();
        await using var other = await RecordingUpstream.StartAsync();
        await vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""
            { "name": "Moving", "url": "{{upstream.Url}}", "authentication": { "protocol": "bearer", "token": "the-token-of-it" } }
            """);
        using var client = vault.CreateClient(await vault.CreateAppAsync("Mover", "Moving"));
        using var over = new CancellationTokenSource();
        var callers = Enumerable.Range(0, 3).Select(_ => Task.Run(async () =>
        {
            HashSet<HttpStatusCode> answers = [];
            while (!over.IsCancellationRequested)
            {
                using var response = await client.GetAsync(new Uri("/callout/moving/x", UriKind.Relative));
                answers.Add(response.StatusCode);
            }

            return answers;
        })).ToArray();
        for (var turn = 0; turn < Changes; turn++)
        {
            await PutAsync(turn % 2 == 0 ? other : upstream);
            await vault.AdminAsync(HttpMethod.Delete, "/api/v1/apps/Mover/grants/Moving");
            await vault.AdminAsync(HttpMethod.Put, "/api/v1/apps/Mover/grants/Moving", "{}");
        }

        await over.CancelAsync();
        Assert.All((await Task.WhenAll(callers)).SelectMany(answers => answers), answer => Assert.True(answer is HttpStatusCode.OK or HttpStatusCode.Forbidden, answer.ToString()));
        List<JsonNode> items = [];
        for (string? page = ""; page is not null;)
        {
            var found = (await vault.AdminAsync(HttpMethod.Get, "/api/v1/audit?action=callout&pageSize=500" + page))!;
            items.AddRange(found["items"]!.AsArray().Select(item => item!));
            page = (string?)found["nextPageToken"] is { } token ? "&pageToken=" + token : null;
        }

        Assert.Equal(items.Count, items.Select(item => (string?)item["id"]).Distinct().Count());
        Assert.All(items, item => Assert.Equal(("Mover", false), ((string?)item["actor"], (string?)item["outcome"] == "intent")));

        Task PutAsync(RecordingUpstream to) => vault.AdminAsync(HttpMethod.Put, "/api/v1/named-credentials/Moving", $$"""
            { "url": "{{to.Url}}", "authentication": { "protocol": "bearer", "token": "the-token-of-it" } }
            """);
    }

    private static async Task RunAsync(TestCallout callout, Func<int, Task> changeAsync, Func<Task> beginAsync)
    {
        await beginAsync();
        using var over = new CancellationTokenSource();
        var callers = Enumerable.Range(0, 3).Select(_ => Task.Run(async () =>
        {
            List<string> answers = [];
            while (!over.IsCancellationRequested)
            {
                using var response = await callout.SendAsync(HttpMethod.Post, "/x", "some body");
                answers.Add(response.StatusCode is HttpStatusCode.OK ? "200" : await response.Content.ReadAsStringAsync());
            }

            return answers;
        })).ToArray();
        for (var turn = 0; turn < Changes; turn++)
        {
            await changeAsync(turn);
        }

        await over.CancelAsync();
        var all = (await Task.WhenAll(callers)).SelectMany(answers => answers).ToArray();
        Assert.NotEmpty(all);
        Assert.All(all, answer => Assert.Equal("200", answer));
    }
}
