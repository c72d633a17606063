using System.Diagnostics;
using Npgsql;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Replicas;

/// <summary>A replica that serves before it has read its definitions and grants knows them all the same, and nothing that is changed meanwhile gets lost.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
[Collection(ReplicaFixture.Collection)]
public sealed class ReadingBehindTests : IAsyncLifetime
{
    private static readonly TimeSpan InForce = TimeSpan.FromSeconds(2);
    private readonly string _directory = Directory.CreateTempSubdirectory("vault-behind-").FullName;
    private FallibleDatabase _database = null!;
    private RecordingUpstream _service = null!;
    private VaultFactory _other = null!;
    private string _key = "";

    public async Task InitializeAsync()
    {
        _database = await FallibleDatabase.CreateAsync();
        _service = await RecordingUpstream.StartAsync();
        _other = new VaultFactory(Settings(_database.Direct));
        foreach (var name in new[] { "One", "Two", "Three", "Four", "Five" })
        {
            await DefineAsync(name);
        }

        _key = await _other.CreateAppAsync("Caller", "One", "Two", "Three", "Five");
    }

    public async Task DisposeAsync()
    {
        await _other.DisposeAsync();
        await _service.DisposeAsync();
        await _database.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task Callouts_AreAnsweredByWhatIsStored_AndWhatNeedsAllOfItWaits()
    {
        var held = new HeldDatabase();
        await using var vault = Start(held, _database.Direct);
        using var app = vault.CreateClient(_key);
        Assert.Equal(200, await StatusAsync(vault.AdminClient, "/healthz/ready"));
        Assert.Equal(200, await StatusAsync(app, "/callout/One/1"));
        Assert.Equal(200, await StatusAsync(app, "/callout/one/2"));
        Assert.Equal("callout-not-granted", await ErrorAsync(app, "/callout/Four/1"));
        Assert.Equal("callout-not-granted", await ErrorAsync(app, "/callout/Nobody/1"));
        Assert.Equal(401, await StatusAsync(vault.CreateClient("vk_unknownkey1_0123456789abcdef0123456789abcdef012345678"), "/callout/One/1"));

        // Not a part of a list, not a change by a part of what there is: neither, until all is read.
        using var list = new HttpRequestMessage(HttpMethod.Get, "/api/v1/named-credentials");
        using var change = new HttpRequestMessage(HttpMethod.Put, "/api/v1/apps/Caller/grants/Four") { Content = new StringContent("{}", System.Text.Encoding.UTF8, "application/json") };
        foreach (var answer in await Task.WhenAll(vault.AdminClient.SendAsync(list), vault.AdminClient.SendAsync(change)))
        {
            using (answer)
            {
                Assert.Equal((503, "storage-unavailable"), ((int)answer.StatusCode, answer.Headers.GetValues("X-Vault-Error").Single()));
                Assert.NotNull(answer.Headers.RetryAfter);
            }
        }

        var waiting = vault.AdminAsync(HttpMethod.Get, "/api/v1/named-credentials");
        held.Release();
        Assert.Equal(5, (await waiting)!["items"]!.AsArray().Count);
        Assert.Equal(4, (await vault.AdminAsync(HttpMethod.Get, "/api/v1/apps/Caller/grants"))!["items"]!.AsArray().Count);
        await vault.GrantAsync("Caller", "Four");
        Assert.Equal(200, await StatusAsync(app, "/callout/Four/2"));
        Assert.Equal(200, await StatusAsync(vault.AdminClient, "/healthz/ready"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task Changes_OfAnotherReplica_AreInForceMeanwhile_AndStayWhenAllIsRead(int free)
    {
        var held = new HeldDatabase { Free = free };
        await using var vault = Start(held, _database.Direct);
        using var app = vault.CreateClient(_key);
        Assert.Equal(200, await StatusAsync(app, "/callout/One/1"));
        Assert.Equal(200, await StatusAsync(app, "/callout/Two/1"));
        Assert.Equal(200, await StatusAsync(app, "/callout/Three/1"));

        // What was brought in before, and what wasn't (Five): revoked, disabled, deleted, granted.
        await _other.AdminAsync(HttpMethod.Delete, "/api/v1/apps/Caller/grants/One");
        await _other.AdminAsync(HttpMethod.Delete, "/api/v1/apps/Caller/grants/Five");
        await EventuallyAsync(() => ErrorAsync(app, "/callout/One/2"), "callout-not-granted");
        await EventuallyAsync(() => ErrorAsync(app, "/callout/Five/2"), "callout-not-granted");
        await DefineAsync("Two", ", \"enabled\": false");
        await EventuallyAsync(() => ErrorAsync(app, "/callout/Two/2"), "named-credential-disabled");
        await _other.AdminAsync(HttpMethod.Delete, "/api/v1/named-credentials/Three");
        await DefineAsync("Three");
        await EventuallyAsync(() => ErrorAsync(app, "/callout/Three/2"), "callout-not-granted");
        await _other.GrantAsync("Caller", "Four");
        await EventuallyAsync(() => StatusAsync(app, "/callout/Four/2"), 200);
        var second = (string)(await _other.AdminAsync(HttpMethod.Post, "/api/v1/apps/Caller/keys", "{}"))!["key"]!;
        await _other.AdminAsync(HttpMethod.Delete, $"/api/v1/apps/Caller/keys/{_key.Split('_')[1]}");
        await EventuallyAsync(() => StatusAsync(app, "/callout/Four/3"), 401);

        held.Release();
        Assert.Equal(5, (await vault.AdminAsync(HttpMethod.Get, "/api/v1/named-credentials"))!["items"]!.AsArray().Count);
        using var rotated = vault.CreateClient(second);
        Assert.Equal("callout-not-granted", await ErrorAsync(rotated, "/callout/One/3"));
        Assert.Equal("callout-not-granted", await ErrorAsync(rotated, "/callout/Five/3"));
        Assert.Equal("named-credential-disabled", await ErrorAsync(rotated, "/callout/Two/3"));
        Assert.Equal("callout-not-granted", await ErrorAsync(rotated, "/callout/Three/3"));
        Assert.Equal(200, await StatusAsync(rotated, "/callout/Four/4"));
        Assert.Equal(["Four", "Two"], (await vault.AdminAsync(HttpMethod.Get, "/api/v1/apps/Caller/grants"))!["items"]!.AsArray().Select(item => (string)item!["namedCredential"]!).Order());
    }

    [Fact]
    public async Task Row_ThatIsNotAuthentic_IsNoGrant_AndMakesTheVaultNotReady_WhenItIsFound()
    {
        await PostgreSqlServer.ExecuteAsync(_database.Direct, """UPDATE grants SET "Principals" = '["*"]' WHERE "NamedCredentialId" = (SELECT "Id" FROM named_credentials WHERE "NameKey" = 'five')""");
        var held = new HeldDatabase();
        await using var vault = Start(held, _database.Direct);
        using var app = vault.CreateClient(_key);
        Assert.Equal(200, await StatusAsync(app, "/callout/One/1"));
        Assert.Equal(200, await StatusAsync(vault.AdminClient, "/healthz/ready"));
        held.Release();
        await EventuallyAsync(() => StatusAsync(vault.AdminClient, "/healthz/ready"), 503);
        Assert.Equal("callout-not-granted", await ErrorAsync(app, "/callout/Five/1"));
        Assert.Equal(200, await StatusAsync(app, "/callout/One/2"));
        Assert.Single(vault.Logs.Lines, line => line.Contains("is not authentic", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Row_ThatIsNotAuthentic_IsToldOnce_HoweverOftenItIsAskedFor()
    {
        await PostgreSqlServer.ExecuteAsync(_database.Direct, """UPDATE named_credentials SET "Document" = replace("Document", '"enabled":true', '"enabled": true') WHERE "NameKey" = 'five'""");
        var held = new HeldDatabase();
        await using var vault = Start(held, _database.Direct);
        using var app = vault.CreateClient(_key);
        for (var number = 0; number < 3; number++)
        {
            Assert.Equal("callout-not-granted", await ErrorAsync(app, "/callout/Five/1"));
        }

        Assert.Equal(503, await StatusAsync(vault.AdminClient, "/healthz/ready"));
        held.Release();
        Assert.Equal(4, (await vault.AdminAsync(HttpMethod.Get, "/api/v1/named-credentials"))!["items"]!.AsArray().Count);
        Assert.Single(vault.Logs.Lines, line => line.Contains("is not authentic", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Database_ThatGoesAwayInTheMiddle_LetsNobodyBelieveThatNothingIsThere()
    {
        var held = new HeldDatabase();
        await using var vault = Start(held, _database.Through, Path.Combine(_directory, "spool"));
        using var app = vault.CreateClient(_key);
        Assert.Equal(200, await StatusAsync(app, "/callout/One/1"));
        await _database.GoAsync();
        held.Release();
        Assert.Equal("storage-unavailable", await ErrorAsync(app, "/callout/Two/1"));
        Assert.Equal(200, await StatusAsync(app, "/callout/One/2"));
        _database.Return();
        await EventuallyAsync(() => StatusAsync(app, "/callout/Two/2"), 200, TimeSpan.FromSeconds(20));
        await EventuallyAsync(() => StatusAsync(vault.AdminClient, "/api/v1/named-credentials"), 200, TimeSpan.FromSeconds(20));
        Assert.Equal(5, (await vault.AdminAsync(HttpMethod.Get, "/api/v1/named-credentials"))!["items"]!.AsArray().Count);

        // The connections of the other one were ended, too.
        await EventuallyAsync(async () => (await _other.AdminClient.DeleteAsync("/api/v1/apps/Caller/grants/Two")).StatusCode is System.Net.HttpStatusCode.NoContent, true, TimeSpan.FromSeconds(20));
        await EventuallyAsync(() => ErrorAsync(app, "/callout/Two/3"), "callout-not-granted");
    }

    [Fact]
    public async Task AfterALostConnection_WhatWasRevoked_IsOutOfForce_HoweverLongReadingAllTakes()
    {
        var held = new HeldDatabase();
        held.Release();
        await using var vault = Start(held, _database.Through, Path.Combine(_directory, "spool"));
        using var app = vault.CreateClient(_key);
        foreach (var name in new[] { "One", "Two", "Three", "Five" })
        {
            Assert.Equal(200, await StatusAsync(app, $"/callout/{name}/1"));
        }

        await _database.GoAsync();
        held.HoldAgain();

        // While it is away; while it reads what it missed, after it has looked how far that goes; and while it reads all.
        await RevokeAsync("One");
        held.BeforeConnection = () => Task.Run(() => RevokeAsync("Two")).Wait(TimeSpan.FromSeconds(20));
        _database.Return();
        await EventuallyAsync(() => ErrorAsync(app, "/callout/One/2"), "callout-not-granted", TimeSpan.FromSeconds(20));
        await EventuallyAsync(() => ErrorAsync(app, "/callout/Two/2"), "callout-not-granted");
        await RevokeAsync("Three");
        await EventuallyAsync(() => ErrorAsync(app, "/callout/Three/2"), "callout-not-granted");
        Assert.Equal(200, await StatusAsync(app, "/callout/Five/2"));
        Assert.Equal(5, (await vault.AdminAsync(HttpMethod.Get, "/api/v1/named-credentials"))!["items"]!.AsArray().Count);
        held.Release();
        await EventuallyAsync(async () => (await vault.AdminClient.DeleteAsync("/api/v1/apps/Caller/grants/Five")).StatusCode is System.Net.HttpStatusCode.NoContent, true, TimeSpan.FromSeconds(20));
        foreach (var name in new[] { "One", "Two", "Three", "Five" })
        {
            Assert.Equal("callout-not-granted", await ErrorAsync(app, $"/callout/{name}/3"));
        }
    }

    [Fact]
    public async Task Row_ThatCantBeDecoded_IsLeftOut_AndKeepsNobodyFromTheOthers()
    {
        await PostgreSqlServer.ExecuteAsync(_database.Direct, """
            UPDATE named_credentials SET "CreatedAt" = 9223372036854775807 WHERE "NameKey" = 'five';
            UPDATE grants SET "Principals" = 'no list' WHERE "NamedCredentialId" = (SELECT "Id" FROM named_credentials WHERE "NameKey" = 'three')
            """);
        var held = new HeldDatabase();
        await using var vault = Start(held, _database.Direct);
        using var app = vault.CreateClient(_key);
        Assert.Equal(200, await StatusAsync(app, "/callout/One/1"));
        Assert.Equal("callout-not-granted", await ErrorAsync(app, "/callout/Five/1"));
        Assert.Equal(503, await StatusAsync(vault.AdminClient, "/healthz/ready"));
        held.Release();
        Assert.Equal(4, (await vault.AdminAsync(HttpMethod.Get, "/api/v1/named-credentials"))!["items"]!.AsArray().Count);
        await vault.GrantAsync("Caller", "Four");
        Assert.Equal(200, await StatusAsync(app, "/callout/Four/1"));
        Assert.Equal("callout-not-granted", await ErrorAsync(app, "/callout/Three/1"));
        Assert.Equal(2, vault.Logs.Lines.Count(line => line.Contains("is not authentic", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Log_ThatHoldsWhatNobodyCanRead_KeepsNoReplicaFromWhatComesAfterIt()
    {
        await using var vault = new VaultFactory(Settings(_database.Direct));
        using var app = vault.CreateClient(_key);
        Assert.Equal(200, await StatusAsync(app, "/callout/One/1"));
        await PostgreSqlServer.ExecuteAsync(_database.Direct, """INSERT INTO changes ("Kind", "Key") VALUES ('Grant', 'of nobody'), ('AppKeys', 'no id'); NOTIFY vault_changes""");
        await EventuallyAsync(() => Task.FromResult(vault.Logs.Lines.Any(line => line.Contains("holds what can't be read", StringComparison.Ordinal))), true);
        await RevokeAsync("One");
        await EventuallyAsync(() => ErrorAsync(app, "/callout/One/2"), "callout-not-granted");
        await vault.GrantAsync("Caller", "Four");
        Assert.Equal(200, await StatusAsync(app, "/callout/Four/1"));
    }

    [Fact]
    public async Task Callout_ThatTheDatabaseDoesNotAnswerFor_IsRefusedInTime_AndNotAsOneThatIsNotGranted()
    {
        var held = new HeldDatabase();
        await using var vault = Start(held, _database.Direct);
        using var app = vault.CreateClient(_key);
        await using var connection = new NpgsqlConnection(_database.Direct);
        await connection.OpenAsync();
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await using var locking = new NpgsqlCommand("LOCK TABLE named_credentials IN ACCESS EXCLUSIVE MODE", connection, transaction);
            await locking.ExecuteNonQueryAsync();

            // The third of one app waits for the first two.
            Assert.All(
                await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => ErrorAsync(app, "/callout/One/1")).Append(ErrorAsync(app, "/callout/Four/1"))).WaitAsync(TimeSpan.FromSeconds(30)),
                code => Assert.Equal("storage-unavailable", code));
        }

        Assert.Equal(200, await StatusAsync(app, "/callout/One/2"));
        Assert.Equal("callout-not-granted", await ErrorAsync(app, "/callout/Four/2"));
        held.Release();
    }

    // The connections of the other one may have been ended, too.
    private Task RevokeAsync(string name) => EventuallyAsync(
        async () => (await _other.AdminClient.DeleteAsync($"/api/v1/apps/Caller/grants/{name}")).StatusCode is System.Net.HttpStatusCode.NoContent, true, TimeSpan.FromSeconds(20));

    private static async Task<int> StatusAsync(HttpClient client, string path)
    {
        using var answer = await client.GetAsync(path);
        return (int)answer.StatusCode;
    }

    private static async Task<string> ErrorAsync(HttpClient client, string path)
    {
        using var answer = await client.GetAsync(path);
        return answer.Headers.TryGetValues("X-Vault-Error", out var codes) ? codes.Single() : $"{(int)answer.StatusCode}";
    }

    private static async Task EventuallyAsync<T>(Func<Task<T>> look, T expected, TimeSpan? within = null)
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            // The look that counts began in time.
            var isLast = Stopwatch.GetElapsedTime(began) > (within ?? InForce);
            var found = await look();
            if (EqualityComparer<T>.Default.Equals(found, expected))
            {
                return;
            }

            Assert.False(isLast, $"{found} where {expected} was expected.");
            await Task.Yield();
        }
    }

    private Dictionary<string, string?> Settings(string database) => new()
    {
        ["Vault:Database:Provider"] = "postgreSql",
        ["ConnectionStrings:Vault"] = database,
        ["Vault:MasterKey:Path"] = Path.Combine(_directory, "master.key"),
    };

    private VaultFactory Start(HeldDatabase held, string database, string? spool = null) =>
        new(spool is null ? Settings(database) : new Dictionary<string, string?>(Settings(database)) { ["Vault:Audit:Spool"] = spool }, services: held.Hold);

    private async Task DefineAsync(string name, string more = "") => await _other.AdminAsync(
        HttpMethod.Put,
        $"/api/v1/named-credentials/{name}",
        $$"""{ "url": "{{_service.Url}}", "authentication": { "protocol": "bearer", "token": "the-token-of-all" }{{more}} }""");
}
