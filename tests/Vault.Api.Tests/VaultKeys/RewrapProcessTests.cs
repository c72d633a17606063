using System.Security.Cryptography;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.VaultKeys;

/// <summary><c>kill -9</c> in the middle of a rewrap, several times, on a real process, with callouts going on.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
[Trait("Database", "sqlite")] // On PostgreSQL, AllFaultsTests does it, with the other replicas going on.
public sealed class RewrapProcessTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("vault-rewrap-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Killed_InTheMiddle_GoesOn_AndLosesNothing()
    {
        await using var service = await RecordingUpstream.StartAsync();
        string id, active, key;
        long total;
        var done = new List<long> { 0 };
        await using (var vault = await VaultProcess.StartAsync(_directory))
        {
            using var admin = vault.CreateClient(VaultFactory.AdminKey);
            await VaultKeyBench.FillAsync(admin, "Many", users: 15);
            await VaultKeyBench.SendAsync(admin, "POST", "named-credentials", $$"""{ "name": "Svc", "url": "{{service.Url}}", "authentication": { "protocol": "bearer", "token": "the-token-of-the-service" } }""");
            await VaultKeyBench.SendAsync(admin, "POST", "apps", """{ "name": "App" }""");
            await VaultKeyBench.SendAsync(admin, "PUT", "apps/App/grants/Svc", "{}");
            key = (await VaultKeyBench.SendAsync(admin, "POST", "apps/App/keys", "{}"))!["key"]!.ToString();
            active = (await VaultKeyBench.SendAsync(admin, "POST", "keys/rotate"))!["id"]!.ToString();
            id = (await VaultKeyBench.SendAsync(admin, "POST", "keys/rewrap"))!["id"]!.ToString();
            total = (long)(await VaultKeyBench.SendAsync(admin, "GET", "operations/" + id))!["total"]!;
            await KillBeyondAsync(vault, admin, id, RandomNumberGenerator.GetInt32(1, 600), done);
        }

        for (var killed = 1; killed < 3; killed++)
        {
            await using var again = await VaultProcess.StartAsync(_directory);
            using var admin = again.CreateClient(VaultFactory.AdminKey);
            using var app = again.CreateClient(key);
            using var answer = await app.GetAsync("/callout/Svc");
            Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
            await KillBeyondAsync(again, admin, id, (killed * 700) + RandomNumberGenerator.GetInt32(600), done);
        }

        await using var last = await VaultProcess.StartAsync(_directory);
        using var client = last.CreateClient(VaultFactory.AdminKey);
        var ended = await VaultKeyBench.EndAsync(client, id);
        Assert.True((string?)ended["status"] == "completed" && (long)ended["done"]! == total, ended.ToJsonString());
        var (keys, count) = await VaultKeyBench.SealedUnderAsync(_directory);
        Assert.Equal([active], keys);
        Assert.Equal(total, count);
        var (code, verdict) = await VaultKeyBench.VerifyByCommandAsync(_directory);
        Assert.True(code == 0 && (long)verdict!["opened"]! == total, verdict?.ToJsonString());

        // It went on from where it was: never less than before.
        Assert.Equal(done.Order(), done);
        Assert.True((bool)(await VaultKeyBench.SendAsync(client, "POST", "audit/verify"))!["valid"]!);
    }

    private static async Task KillBeyondAsync(VaultProcess vault, HttpClient admin, string id, long beyond, List<long> done)
    {
        while (true)
        {
            var operation = (await VaultKeyBench.SendAsync(admin, "GET", "operations/" + id))!;
            done.Add((long)operation["done"]!);
            if (done[^1] >= beyond || (string?)operation["status"] != "running")
            {
                await vault.KillAsync();
                return;
            }
        }
    }
}
