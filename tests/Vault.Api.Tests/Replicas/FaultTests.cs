using System.Diagnostics;
using System.Net;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Replicas;

/// <summary>A replica that freezes, and a database that is gone for a while: nothing is lost, and all goes on by itself.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
[Collection(ReplicaFixture.Collection)]
public sealed class FaultTests(ReplicaFixture fixture)
{
    private static readonly TimeSpan Healed = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task ReplicaThatFreezes_HoldsNobodyUp_AndHearsOfWhatItMissed()
    {
        var key = await fixture.DefineAsync(0, "Frozen", """{ "protocol": "password" }""", """{ "Username": "ann", "Password": "the-password" }""");
        var revoked = (string)(await fixture.AdminAsync(0, HttpMethod.Post, "/api/v1/apps/FrozenApp/keys", "{}"))!["key"]!;
        HttpClient[] apps = fixture.Clients(key), others = fixture.Clients(revoked);
        foreach (var client in apps.Concat(others))
        {
            await UntilAsync(() => StatusAsync(client, "/callout/Frozen/0"), 200);
        }

        // Frozen under load, so most likely in the middle of something.
        using var stop = new CancellationTokenSource();
        var load = Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            while (!stop.IsCancellationRequested)
            {
                await StatusAsync(apps[2], "/callout/Frozen/load");
            }
        }));
        for (var called = 0; called < 50; called++)
        {
            await StatusAsync(apps[2], "/callout/Frozen/1");
        }

        await fixture.Vaults[2].SignalAsync("STOP");
        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(number => StatusAsync(apps[number % 2], $"/callout/Frozen/{number}")));
        Assert.All(answers, status => Assert.Equal(200, status));
        await fixture.AdminAsync(1, HttpMethod.Delete, $"/api/v1/apps/FrozenApp/keys/{revoked.Split('_')[1]}");
        await fixture.Vaults[2].SignalAsync("CONT");
        await UntilAsync(() => StatusAsync(others[2], "/callout/Frozen/2"), 401, TimeSpan.FromSeconds(2));
        await UntilAsync(() => StatusAsync(apps[2], "/callout/Frozen/3"), 200);
        await stop.CancelAsync();
        await load;
        for (var replica = 0; replica < 3; replica++)
        {
            var verdict = (await fixture.AdminAsync(replica, HttpMethod.Post, "/api/v1/audit/verify"))!;
            Assert.True((bool)verdict["valid"]!, verdict.ToJsonString());
        }
    }

    [Fact]
    public async Task ReplicaThatFreezesInsideAChange_HoldsNobodyUpForLong()
    {
        var key = await fixture.DefineAsync(0, "Midway", """{ "protocol": "password" }""", """{ "Username": "ann", "Password": "the-password" }""");
        var apps = fixture.Clients(key);
        foreach (var client in apps)
        {
            await UntilAsync(() => StatusAsync(client, "/callout/Midway/0"), 200);
        }

        using var stop = new CancellationTokenSource();
        var changed = 0;
        var load = Task.WhenAll(Enumerable.Range(0, 4).Select(async number =>
        {
            while (!stop.IsCancellationRequested)
            {
                using var answer = await fixture.Admins[2].PutAsync($"/api/v1/apps/Midway{number}", new StringContent($$"""{ "label": "{{Interlocked.Increment(ref changed)}}" }""", System.Text.Encoding.UTF8, "application/json"));
            }
        }));
        for (var round = 0; round < 3; round++)
        {
            var before = Volatile.Read(ref changed);
            SpinWait.SpinUntil(() => Volatile.Read(ref changed) > before + 10);
            await fixture.Vaults[2].SignalAsync("STOP");
            var since = Stopwatch.GetTimestamp();
            await Task.WhenAll(
                fixture.AdminAsync(0, HttpMethod.Put, "/api/v1/apps/MidwayA", "{}"),
                fixture.AdminAsync(1, HttpMethod.Put, "/api/v1/apps/MidwayB", "{}"),
                UntilAsync(() => StatusAsync(apps[0], "/callout/Midway/1"), 200),
                UntilAsync(() => StatusAsync(apps[1], "/callout/Midway/2"), 200));
            Assert.InRange(Stopwatch.GetElapsedTime(since).TotalSeconds, 0, 9);
            await fixture.Vaults[2].SignalAsync("CONT");
        }

        await UntilAsync(() => StatusAsync(apps[2], "/callout/Midway/3"), 200);
        await stop.CancelAsync();
        await load;
        var verdict = (await fixture.AdminAsync(2, HttpMethod.Post, "/api/v1/audit/verify"))!;
        Assert.True((bool)verdict["valid"]!, verdict.ToJsonString());
    }

    [Fact]
    public async Task DatabaseThatIsGone_RefusesWhatCantBeRecorded_AndAllHealsByItself()
    {
        var isGone = false;
        var server = await PostgreSqlServer.GetAsync();
        var direct = await server.EnsureAsync("gone_" + Guid.NewGuid().ToString("N"));
        await using var relay = TcpRelay.Start(_ => Task.FromResult(Volatile.Read(ref isGone) ? null : new IPEndPoint(IPAddress.Loopback, server.Port)));
        await using var vault = New(direct.Replace($"Port={server.Port}", $"Port={relay.Port}", StringComparison.Ordinal));
        await vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""{ "name": "Gone", "url": "{{fixture.Service.Url}}", "authentication": { "protocol": "password", "username": "ann", "password": "the-password" } }""");
        using var app = vault.CreateClient(await vault.CreateAppAsync("GoneApp", "Gone"));
        using var other = vault.CreateClient(await vault.CreateAppAsync("OtherApp", "Gone"));
        Assert.Equal((200, 200), (await StatusAsync(app, "/callout/Gone/1"), await StatusAsync(other, "/callout/Gone/1")));
        await using var healthy = New(direct, Path.Combine(vault.DataDirectory, "master.key"));
        Assert.Equal(200, await StatusAsync(healthy.AdminClient, "/healthz/ready"));

        Volatile.Write(ref isGone, true);
        await PostgreSqlServer.ExecuteAsync(direct, $"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
        var before = fixture.Service.Requests.Count;
        using (var refused = await app.GetAsync("/callout/Gone/2"))
        {
            Assert.Equal("audit-unavailable", refused.Headers.GetValues("X-Vault-Error").Single());
        }

        using (var change = await vault.AdminClient.PutAsync("/api/v1/apps/Never", new StringContent("{}", System.Text.Encoding.UTF8, "application/json")))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, change.StatusCode);
        }

        Assert.Equal(503, await StatusAsync(vault.AdminClient, "/healthz/ready"));
        Assert.Equal(before, fixture.Service.Requests.Count);

        // What others change meanwhile is in force once the database is back.
        await UntilAsync(async () => (int)(await healthy.AdminClient.DeleteAsync("/api/v1/apps/OtherApp")).StatusCode, 204);
        Volatile.Write(ref isGone, false);
        await UntilAsync(() => StatusAsync(app, "/callout/Gone/3"), 200);
        await UntilAsync(() => StatusAsync(other, "/callout/Gone/4"), 401, TimeSpan.FromSeconds(2));
        await UntilAsync(() => StatusAsync(vault.AdminClient, "/healthz/ready"), 200);
        await vault.AdminAsync(HttpMethod.Put, "/api/v1/apps/Again", "{}");
        var verdict = (await vault.AdminAsync(HttpMethod.Post, "/api/v1/audit/verify"))!;
        Assert.True((bool)verdict["valid"]!, verdict.ToJsonString());
        Assert.Contains(vault.Logs.Lines, line => line.Contains("hears of changes again", StringComparison.Ordinal));
        using var listed = await vault.AdminClient.GetAsync("/api/v1/audit?action=audit.resumed");
        Assert.Contains("audit.resumed", await listed.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ReplicaThatDoesntHearOfChanges_ThoughTheDatabaseAnswers_IsNotReady()
    {
        var database = await (await PostgreSqlServer.GetAsync()).EnsureAsync("deaf_" + Guid.NewGuid().ToString("N"));
        await using var vault = New(database);
        Assert.Equal(200, await StatusAsync(vault.AdminClient, "/healthz/ready"));
        await using (var connection = new Npgsql.NpgsqlConnection(database + ";Pooling=false"))
        {
            await connection.OpenAsync();
            await TestDatabase.ExecuteAsync(connection, "BEGIN; LOCK TABLE changes IN ACCESS EXCLUSIVE MODE");
            await UntilAsync(() => StatusAsync(vault.AdminClient, "/healthz/ready"), 503);
        }

        await UntilAsync(() => StatusAsync(vault.AdminClient, "/healthz/ready"), 200);
    }

    [Theory]
    [InlineData("Host=one,two;Database=vault", "names several hosts")]
    [InlineData("Host=127.0.0.1;Port=1;Database=vault;Timeout=1", "can't be reached")]
    public async Task DatabaseThatCantBeUsed_EndsTheStart_WithASentence(string database, string expected)
    {
        await RefusedAsync(database, expected);
    }

    [Fact]
    public async Task DatabaseThatIsNotUtf8_EndsTheStart_WithASentence()
    {
        var server = await PostgreSqlServer.GetAsync();
        var name = "latin_" + Guid.NewGuid().ToString("N");
        var other = await server.CreateEmptyAsync();
        await PostgreSqlServer.ExecuteAsync(other, $"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'");
        await RefusedAsync(new Npgsql.NpgsqlConnectionStringBuilder(other) { Database = name }.ToString(), "isn't encoded in UTF8");
    }

    private static async Task RefusedAsync(string database, string expected)
    {
        var directory = Directory.CreateTempSubdirectory("vault-refused-").FullName;
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(
            () => VaultProcess.StartAsync(directory, ("Vault:Database:Provider", "postgreSql"), ("ConnectionStrings:Vault", database)));
        Directory.Delete(directory, recursive: true);
        Assert.Contains("ended with 78: vault: ", refused.Message, StringComparison.Ordinal);
        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
    }

    private static VaultFactory New(string database, string? masterKey = null) => new(new Dictionary<string, string?>
    {
        ["Vault:Database:Provider"] = "postgreSql",
        ["ConnectionStrings:Vault"] = database,
        ["Vault:MasterKey:Path"] = masterKey,
    });

    private static async Task<int> StatusAsync(HttpClient client, string path)
    {
        using var response = await client.GetAsync(path);
        return (int)response.StatusCode;
    }

    private static async Task UntilAsync(Func<Task<int>> ask, int expected, TimeSpan? limit = null)
    {
        var since = Stopwatch.GetTimestamp();
        int seen;
        do
        {
            seen = await ask();
        }
        while (seen != expected && Stopwatch.GetElapsedTime(since) < (limit ?? Healed));

        Assert.Equal(expected, seen);
    }
}
