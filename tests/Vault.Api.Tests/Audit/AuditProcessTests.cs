using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Audit;

/// <summary>A disk that fills up, and <c>kill -9</c> under load, on a real process, in each durability.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
[Trait("Database", "sqlite")]
public sealed class AuditProcessTests : IDisposable
{
    private const int Callers = 8;
    private readonly string _directory = Directory.CreateTempSubdirectory("vault-killed-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData("beforeSend")]
    [InlineData("beforeResponse")]
    [InlineData("background")]
    public async Task FullDisk_RefusesAndRecovers_AndAKillLosesNoRecordThatWasPromised(string durability)
    {
        await using var service = await RecordingUpstream.StartAsync();
        await using var vault = await VaultProcess.StartAsync(_directory, ("Vault:Audit:Durability", durability));
        using var app = vault.CreateClient(await DefineAsync(vault, service.Url));
        await FillAsync(vault, app, service, durability);
        var (seen, reached) = await KillUnderLoadAsync(vault, app, service);
        Assert.True(seen.Count >= 200, $"{seen.Count} answers were seen.");

        var (code, offline) = await AuditBench.VerifyByCommandAsync(_directory);
        Assert.True(code == 0, offline?.ToJsonString());
        await using var again = new VaultFactory(dataDirectory: _directory);
        var verdict = (await again.AdminAsync(HttpMethod.Post, "/api/v1/audit/verify"))!;
        Assert.True((bool)verdict["valid"]!, verdict.ToJsonString());
        var records = AuditBench.Lines(await again.AdminClient.GetStringAsync("/api/v1/audit/export"));
        var ids = records.Select(record => record.GetProperty("id").GetString()!).ToHashSet();
        var paths = records.Select(record => record.GetProperty("path").GetString()).ToHashSet();
        if (durability != "background")
        {
            Assert.DoesNotContain(seen, id => !ids.Contains(id));
        }

        if (durability == "beforeSend")
        {
            Assert.DoesNotContain(reached, path => !paths.Contains(path));
        }

        Assert.Contains(records, record => record.GetProperty("action").GetString() == "audit.resumed");
        Assert.Equal("success", records.Last(record => record.GetProperty("action").GetString() == "audit.started").GetProperty("outcome").GetString());
    }

    // Nothing can be written any more: what can't be recorded isn't sent. Once there is room again, all goes on by itself.
    private async Task FillAsync(VaultProcess vault, HttpClient app, RecordingUpstream service, string durability)
    {
        var length = new FileInfo(Path.Combine(_directory, "vault.db-wal")).Length;
        await vault.LimitFilesAsync(length + (64 * 1024));
        var refused = 0;
        for (var called = 0; called < 500 && refused == 0; called++)
        {
            using var answer = await app.GetAsync($"/callout/Svc/fill/{called}");
            refused += (int)answer.StatusCode == 503 ? 1 : 0;
        }

        // Many records that didn't fit may leave room for one change: now there is none at all.
        Assert.Equal(1, refused);
        await vault.LimitFilesAsync(length);
        var before = service.Requests.Count;
        for (var called = 0; called < 5; called++)
        {
            using var answer = await app.GetAsync($"/callout/Svc/full/{called}");
            Assert.Equal((503, "audit-unavailable"), ((int)answer.StatusCode, answer.Headers.GetValues("X-Vault-Error").Single()));
            using var stranger = vault.CreateClient("vk_nobody00_0123456789abcdef0123456789abcdef0123456789a");
            using var unknown = await stranger.GetAsync($"/callout/Svc/unknown/{called}");
            Assert.Equal(durability == "background" ? 401 : 503, (int)unknown.StatusCode);
        }

        using var change = await vault.CreateClient(VaultFactory.AdminKey).PostAsJsonAsync("/api/v1/apps", new JsonObject { ["name"] = "TooMuch" });
        Assert.Equal(503, (int)change.StatusCode);
        Assert.Equal(before, service.Requests.Count);
        await vault.LimitFilesAsync(null);
        using var recovered = await app.GetAsync("/callout/Svc/recovered");
        Assert.Equal(200, (int)recovered.StatusCode);
    }

    private static async Task<(ConcurrentBag<string> Seen, IReadOnlyList<string> Reached)> KillUnderLoadAsync(VaultProcess vault, HttpClient app, RecordingUpstream service)
    {
        var seen = new ConcurrentBag<string>();
        var enough = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        service.Clear();
        var callers = Enumerable.Range(0, Callers).Select(async caller =>
        {
            for (var called = 0; ; called++)
            {
                try
                {
                    using var answer = await app.GetAsync($"/callout/Svc/load/{caller}/{called}");
                    if ((int)answer.StatusCode == 200)
                    {
                        seen.Add(answer.Headers.GetValues("X-Vault-Request-Id").Single());
                    }
                }
                catch (HttpRequestException)
                {
                    // Killed.
                    return;
                }

                if (seen.Count >= 200)
                {
                    enough.TrySetResult();
                }
            }
        }).ToArray();
        await Task.WhenAny(enough.Task, Task.WhenAll(callers));
        await vault.KillAsync();
        await Task.WhenAll(callers);
        return (seen, [.. service.Requests.Select(request => request.Target)]);
    }

    private static async Task<string> DefineAsync(VaultProcess vault, string url)
    {
        using var admin = vault.CreateClient(VaultFactory.AdminKey);
        await SendAsync("POST", "named-credentials", $$"""{ "name": "Svc", "url": "{{url}}", "authentication": { "protocol": "bearer", "token": "the-token-of-the-service" } }""");
        await SendAsync("POST", "apps", """{ "name": "App" }""");
        await SendAsync("PUT", "apps/App/grants/Svc", "{}");
        return (string)JsonNode.Parse(await SendAsync("POST", "apps/App/keys", "{}"))!["key"]!;

        async Task<string> SendAsync(string method, string path, string json)
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), "/api/v1/" + path) { Content = new StringContent(json, new MediaTypeHeaderValue("application/json")) };
            using var answer = await admin.SendAsync(request);
            Assert.True(answer.IsSuccessStatusCode, $"{method} {path} {(int)answer.StatusCode}");
            return await answer.Content.ReadAsStringAsync();
        }
    }
}
