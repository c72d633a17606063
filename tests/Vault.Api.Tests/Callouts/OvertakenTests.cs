using System.Net;
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
