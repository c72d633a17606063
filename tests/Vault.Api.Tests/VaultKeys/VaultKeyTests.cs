using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Vault.Api.Tests.Audit;
using Vault.Core.Storage;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.VaultKeys;

/// <summary>Rotation, rewrap and verification of the vault keys, through the API and the command.</summary>
public sealed class VaultKeyTests : IAsyncLifetime
{
    private readonly VaultFactory _vault = new();
    private RecordingUpstream _service = null!;

    public async Task InitializeAsync() => _service = await RecordingUpstream.StartAsync();

    public async Task DisposeAsync()
    {
        await _vault.DisposeAsync();
        await _service.DisposeAsync();
    }

    [Fact]
    public async Task Rotate_SealsAnewUnderTheNewKey_AndOpensWhatIsThere()
    {
        using var app = await DefineAsync("Old", "the-old-token-1");
        var first = Assert.Single((await ListAsync()).AsArray())!;
        Assert.True((bool)first["active"]!);
        Assert.Equal(["active", "createdAt", "id"], first.AsObject().Select(property => property.Key).Order());

        var made = (await AdminAsync("POST", "keys/rotate"))!;
        Assert.Equal([(first["id"]!.ToString(), false), (made["id"]!.ToString(), true)], (await ListAsync()).AsArray().Select(key => (key!["id"]!.ToString(), (bool)key["active"]!)));
        Assert.Equal("Bearer the-old-token-1", await CallAsync(app, "Old"));
        using var fresh = await DefineAsync("New", "the-new-token-2");
        Assert.Equal("Bearer the-new-token-2", await CallAsync(fresh, "New"));
        Assert.Equal(new HashSet<string> { first["id"]!.ToString(), made["id"]!.ToString() }, (await VaultKeyBench.SealedUnderAsync(_vault.DataDirectory)).Keys);
        Assert.Equal(1, (int)(await AdminAsync("GET", "audit?action=key.rotated&outcome=success"))!["items"]!.AsArray().Count);
    }

    [Fact]
    public async Task List_IsSearchedByIds_AndByNothingThatItDoesntShow()
    {
        await AdminAsync("POST", "keys/rotate");
        var keys = (await ListAsync()).AsArray().Select(key => key!["id"]!.ToString()).ToArray();
        Assert.Equal(2, keys.Length);
        Assert.Equal([keys[1]], await SearchAsync(keys[1].ToUpperInvariant()));

        // The list is sorted by the time, to the tick; of those as many digits as no id begins with.
        var ticks = (await AdminAsync("GET", "keys?pageSize=1"))!["items"]![0]!["createdAt"]!.GetValue<DateTimeOffset>().UtcTicks.ToString("D19", CultureInfo.InvariantCulture)[..8];
        Assert.DoesNotContain(keys, key => key.Contains(ticks, StringComparison.Ordinal));
        Assert.Empty(await SearchAsync(ticks));

        // And paged as before.
        var page = (await AdminAsync("GET", "keys?pageSize=1"))!;
        Assert.Equal(keys[0], (string?)page["items"]![0]!["id"]);
        page = (await AdminAsync("GET", "keys?pageSize=1&pageToken=" + Uri.EscapeDataString((string)page["nextPageToken"]!)))!;
        Assert.Equal((keys[1], null), ((string?)page["items"]![0]!["id"], (string?)page["nextPageToken"]));

        async Task<string[]> SearchAsync(string text) => [.. (await AdminAsync("GET", "keys?search=" + text))!["items"]!.AsArray().Select(key => key!["id"]!.ToString())];
    }

    [Fact]
    public async Task Rewrap_MovesEverything_WhileCalloutsAndChangesGoOn()
    {
        using var app = await DefineAsync("Svc", "token-number-0000");
        await VaultKeyBench.FillAsync(_vault.AdminClient, "Many", users: 8);
        Assert.Equal("Bearer token-number-0000", await CallAsync(app, "Svc"));
        var active = (await AdminAsync("POST", "keys/rotate"))!["id"]!.ToString();
        using var answer = await _vault.AdminClient.PostAsync("/api/v1/keys/rewrap", null);
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        var id = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["id"]!.ToString();
        Assert.Equal("/api/v1/operations/" + id, answer.Headers.Location?.OriginalString);

        // Callouts, and changes of the very rows that are being moved: none fails, none is lost.
        var ended = VaultKeyBench.EndAsync(_vault.AdminClient, id);
        var called = 0;
        while (!ended.IsCompleted)
        {
            var token = $"token-number-{++called:D4}";
            await AdminAsync("PUT", "external-credentials/Svc/principals/default/credential", $$"""{ "parameters": { "Token": "{{token}}" } }""");
            Assert.Equal("Bearer " + token, await CallAsync(app, "Svc"));
            await AdminAsync("PATCH", "external-credentials/Many/principals/own/users/u7/credential", $$"""{ "parameters": { "P199": "changed-{{called}}" } }""");
        }

        var operation = await ended;
        Assert.Equal(("completed", 0), ((string?)operation["status"], (int)operation["unreadable"]!));
        Assert.Equal((long)operation["total"]!, (long)operation["done"]!);
        Assert.True((long)operation["total"]! >= 1601, operation.ToJsonString());
        var (keys, count) = await VaultKeyBench.SealedUnderAsync(_vault.DataDirectory);
        Assert.Equal([active], keys);
        Assert.True(count >= 1601 + called, $"{count} sealed values after {called} changes.");
        var verdict = (await AdminAsync("POST", "keys/verify"))!;
        Assert.True((bool)verdict["valid"]!, verdict.ToJsonString());
        Assert.Equal(count, (int)verdict["opened"]!);

        // Again: there is nothing to move, and it says so.
        var again = await VaultKeyBench.EndAsync(_vault.AdminClient, (await AdminAsync("POST", "keys/rewrap"))!["id"]!.ToString());
        Assert.Equal("completed", (string?)again["status"]);
        Assert.NotEqual(id, (string?)again["id"]);
        foreach (var (action, times) in new[] { ("key.rotated", 1), ("key.rewrap", 2), ("key.rewrapped", 2), ("key.verified", 1) })
        {
            Assert.Equal(times, (await AdminAsync("GET", "audit?action=" + action))!["items"]!.AsArray().Count);
        }

        Assert.True((bool)(await AdminAsync("POST", "audit/verify"))!["valid"]!);
    }

    [Fact]
    public async Task Rewrap_WhileOneRuns_IsThatOne()
    {
        await VaultKeyBench.FillAsync(_vault.AdminClient, "Many", users: 5);
        await AdminAsync("POST", "keys/rotate");
        var started = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => AdminAsync("POST", "keys/rewrap")));
        var id = Assert.Single(started.Select(one => one!["id"]!.ToString()).Distinct());
        Assert.Equal("completed", (string?)(await VaultKeyBench.EndAsync(_vault.AdminClient, id))["status"]);
    }

    [Fact]
    public async Task Operation_ThatEnded_CanBeAskedForAMonth()
    {
        await AdminAsync("POST", "keys/rotate");
        var id = (await AdminAsync("POST", "keys/rewrap"))!["id"]!.ToString();
        var started = DateTimeOffset.Parse((string)(await VaultKeyBench.EndAsync(_vault.AdminClient, id))["startedAt"]!, CultureInfo.InvariantCulture);
        foreach (var (days, expected) in new[] { (29, HttpStatusCode.OK), (31, HttpStatusCode.NotFound) })
        {
            using var later = ActivatorUtilities.CreateInstance<RetiredRows>(_vault.Services, new FakeTimeProvider(started.AddDays(days)));
            await later.PurgeAsync(CancellationToken.None);
            using var answer = await _vault.AdminClient.GetAsync("/api/v1/operations/" + id);
            Assert.Equal(expected, answer.StatusCode);
        }
    }

    [Fact]
    public async Task Rotate_DuringARewrap_EndsUnderTheNewestKey()
    {
        await VaultKeyBench.FillAsync(_vault.AdminClient, "Many", users: 5);
        await AdminAsync("POST", "keys/rotate");
        var id = (await AdminAsync("POST", "keys/rewrap"))!["id"]!.ToString();
        var newest = (await AdminAsync("POST", "keys/rotate"))!["id"]!.ToString();
        Assert.Equal("completed", (string?)(await VaultKeyBench.EndAsync(_vault.AdminClient, id))["status"]);
        Assert.Equal([newest], (await VaultKeyBench.SealedUnderAsync(_vault.DataDirectory)).Keys);
    }

    [Fact]
    public async Task Damage_IsFound_Named_AndLeftAsItIs()
    {
        using var app = await DefineAsync("Good", "the-good-token-1");
        using var bad = await DefineAsync("Bad", "the-bad-token-22");
        Assert.Equal(0, (await VaultKeyBench.VerifyByCommandAsync(_vault.DataDirectory)).Code);
        await AuditBench.ExecuteAsync(_vault.DataDirectory, """
            UPDATE secrets SET "Sealed" = substr("Sealed", 1, 40) || x'0102' || substr("Sealed", 43) WHERE "ExternalCredentialId" = (SELECT "Id" FROM external_credentials WHERE "NameKey" = 'bad');
            UPDATE apps SET "Document" = replace("Document", 'AppBad', 'AppEvil');
            """);

        var (code, verdict) = await VaultKeyBench.VerifyByCommandAsync(_vault.DataDirectory);
        Assert.Equal(1, code);
        Assert.False((bool)verdict!["valid"]!);
        Assert.Equal((2, 1), ((int)verdict["failed"]!, (int)verdict["opened"]!));
        Assert.Equal(["app", "parameter"], verdict["problems"]!.AsArray().Select(problem => problem!["kind"]!.ToString()).Order());
        await AdminAsync("POST", "keys/rotate");
        var operation = await VaultKeyBench.EndAsync(_vault.AdminClient, (await AdminAsync("POST", "keys/rewrap"))!["id"]!.ToString());
        Assert.Equal(("failed", 1), ((string?)operation["status"], (int)operation["unreadable"]!));
        Assert.Contains("keys/verify", (string?)operation["detail"], StringComparison.Ordinal);
        Assert.Equal(2, (await VaultKeyBench.SealedUnderAsync(_vault.DataDirectory)).Keys.Count);
        Assert.Equal("Bearer the-good-token-1", await CallAsync(app, "Good"));
    }

    // In PostgreSQL no column holds what isn't of its type.
    [Fact]
    [Trait("Database", "sqlite")]
    public async Task RowThatCantBeDecoded_IsNamed_AndEndsNeitherRewrapNorVault()
    {
        await VaultKeyBench.FillAsync(_vault.AdminClient, "Many", users: 1);
        using var app = await DefineAsync("Good", "the-good-token-1");
        await AdminAsync("POST", "keys/rotate");
        await AuditBench.ExecuteAsync(_vault.DataDirectory, """
            UPDATE secrets SET "Id" = 'no id' || rowid WHERE "NameKey" IN ('p3', 'p4');
            UPDATE secrets SET "Sealed" = 17 WHERE "NameKey" = 'p5';
            UPDATE secrets SET "PrincipalId" = 'nobody' WHERE "NameKey" = 'p6';
            UPDATE secrets SET "Id" = lower("Id") WHERE "NameKey" IN ('p7', 'p8');
            """);
        var operation = await VaultKeyBench.EndAsync(_vault.AdminClient, (await AdminAsync("POST", "keys/rewrap"))!["id"]!.ToString());
        Assert.Equal(("failed", 4), ((string?)operation["status"], (int)operation["unreadable"]!));
        Assert.Contains("2 sealed values could not be replaced", (string?)operation["detail"], StringComparison.Ordinal);
        var verdict = (await AdminAsync("POST", "keys/verify"))!;
        Assert.Equal((false, 4, 2), ((bool)verdict["valid"]!, (int)verdict["failed"]!, (int)verdict["underOlderKeys"]!));
        Assert.Contains(verdict["problems"]!.AsArray(), problem => problem!["id"]!.ToString().StartsWith("noid", StringComparison.Ordinal));
        Assert.Equal("Bearer the-good-token-1", await CallAsync(app, "Good"));
        var recorded = (await AdminAsync("GET", "audit?action=key.rewrapped"))!["items"]!.AsArray();
        Assert.Equal("failed", (string?)Assert.Single(recorded)!["outcome"]);
        Assert.True((bool)(await AdminAsync("POST", "audit/verify"))!["valid"]!);
    }

    [Fact]
    public async Task Rotation_ThatTheDatabaseTakesBack_EndsTheStart()
    {
        var first = Assert.Single((await ListAsync()).AsArray())!["id"]!.ToString();
        var second = (await AdminAsync("POST", "keys/rotate"))!["id"]!.ToString();
        var record = Assert.Single((await AdminAsync("GET", "audit?action=key.rotated"))!["items"]!.AsArray())!;
        Assert.Equal(second, (string?)record["target"]);
        foreach (var sql in new[] { $"= (\"Id\" = '{Guid.Parse(first).ToString().ToUpperInvariant()}')", "= TRUE", "= FALSE" })
        {
            await AuditBench.ExecuteAsync(_vault.DataDirectory, $"UPDATE vault_keys SET \"IsActive\" {sql} WHERE \"Purpose\" = 'data'");
            await using var errors = new StringWriter();
            Assert.Equal(2, await Vault.Api.Hosting.KeysCommand.VerifyAsync(await TestDatabase.ArgumentsAsync(_vault.DataDirectory), TextWriter.Null, errors));
            Assert.Contains("newest vault key", errors.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Rotate_WithAKeyThatNoLongerOpens_AddsNone_AndTheVaultIsntReady()
    {
        using var app = await DefineAsync("Svc", "the-token-1");
        await AdminAsync("POST", "keys/rotate");
        Assert.Equal(HttpStatusCode.OK, (await _vault.AdminClient.GetAsync("/healthz/ready")).StatusCode);
        await AuditBench.ExecuteAsync(_vault.DataDirectory, """UPDATE vault_keys SET "Canary" = x'00000000000000000000000000000000' WHERE "Purpose" = 'data' AND NOT "IsActive" """);
        using var refused = await _vault.AdminClient.PostAsync("/api/v1/keys/rotate", null);
        Assert.Equal(HttpStatusCode.InternalServerError, refused.StatusCode);
        Assert.Contains("keys/verify", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(2, (await ListAsync()).AsArray().Count);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await _vault.AdminClient.GetAsync("/healthz/ready")).StatusCode);
        Assert.Equal("Bearer the-token-1", await CallAsync(app, "Svc"));
    }

    [Fact]
    public async Task VerifyCommand_WithoutAVault_SaysThatNobodyCanSay()
    {
        var empty = Directory.CreateTempSubdirectory("vault-none-");
        Assert.Equal(2, (await VaultKeyBench.VerifyByCommandAsync(empty.FullName)).Code);
        Assert.Empty(empty.EnumerateFileSystemInfos());
        empty.Delete();
    }

    private async Task<JsonNode> ListAsync() => (await AdminAsync("GET", "keys"))!["items"]!;

    private Task<JsonNode?> AdminAsync(string method, string path, string? json = null) => VaultKeyBench.SendAsync(_vault.AdminClient, method, path, json);

    private async Task<HttpClient> DefineAsync(string name, string token)
    {
        await AdminAsync("POST", "external-credentials", $$"""{ "name": "{{name}}", "authentication": { "protocol": "bearer" } }""");
        await AdminAsync("POST", "named-credentials", $$"""{ "name": "{{name}}", "url": "{{_service.Url}}", "externalCredential": "{{name}}" }""");
        await AdminAsync("PUT", $"external-credentials/{name}/principals/default/credential", $$"""{ "parameters": { "Token": "{{token}}" } }""");
        return _vault.CreateClient(await _vault.CreateAppAsync("App" + name, name));
    }

    private async Task<string?> CallAsync(HttpClient app, string name)
    {
        using var answer = await app.GetAsync("/callout/" + name);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return _service.Requests[^1].Header("Authorization");
    }
}
