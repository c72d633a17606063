using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Audit;

/// <summary>The audit through the contract: what is recorded, how it is read, and that no change of it goes unnoticed.</summary>
public sealed class AuditTests : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("vault-audit-").FullName;
    private RecordingUpstream _service = null!;
    private VaultFactory _vault = null!;

    public async Task InitializeAsync()
    {
        _service = await RecordingUpstream.StartAsync();
        _vault = new VaultFactory(dataDirectory: _directory);
    }

    public async Task DisposeAsync()
    {
        await _vault.DisposeAsync();
        await _service.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task EveryChange_AndEveryCallout_IsRecorded()
    {
        var app = await DefineAsync();
        using var answered = await app.PostAsync("/callout/Svc/record/1?secret=query-canary", new StringContent("body-canary"));
        Assert.Equal(200, (int)answered.StatusCode);
        using var refused = await app.GetAsync("/callout/Other/x");
        Assert.Equal(403, (int)refused.StatusCode);
        using var stranger = _vault.CreateClient("vk_nobody00_0123456789abcdef0123456789abcdef0123456789a");
        using var denied = await stranger.GetAsync("/callout/Svc/x");
        using var deniedAdmin = await stranger.GetAsync("/api/v1/apps");
        using var conflict = await _vault.AdminClient.PostAsync("/api/v1/apps", new StringContent("""{ "name": "SvcApp" }""", new System.Net.Http.Headers.MediaTypeHeaderValue("application/json")));
        Assert.Equal(409, (int)conflict.StatusCode);

        var items = await ItemsAsync("?pageSize=500");
        var sequences = items.Select(item => (long)item!["sequence"]!).ToArray();
        Assert.Equal(sequences.OrderDescending(), sequences);
        foreach (var (action, target, outcome, code) in new (string, string, string, string?)[]
        {
            ("external-credential.created", "SvcLogin", "success", null), ("credential.updated", "SvcLogin/default", "success", null), ("named-credential.created", "Svc", "success", null),
            ("app.created", "SvcApp", "success", null), ("grant.created", "SvcApp/Svc", "success", null), ("app-key.created", "SvcApp/" + app.DefaultRequestHeaders.GetValues("X-Vault-Key").Single().Split('_')[1], "success", null), ("callout", "Svc", "success", null),
            ("callout", "Other", "denied", "callout-not-granted"), ("callout", "Svc", "denied", "unauthenticated"), ("signin.denied", "", "denied", "unauthenticated"),
            ("app.created", "SvcApp", "denied", "already-exists"),
        })
        {
            Assert.True(
                items.Any(item => (string?)item!["action"] == action && (string?)item["target"] == target && (string?)item["outcome"] == outcome && (string?)item["code"] == code),
                $"{action} {target} {outcome} {code}: {string.Join('\n', items.Select(item => item!.ToJsonString()))}");
        }

        var callout = Assert.Single(await ItemsAsync("?action=callout&actor=SvcApp&outcome=success"))!;
        Assert.Equal(
            ("SvcApp", "default", "POST", new Uri(_service.Url).Authority, "/record/1", 200, 11L, "127.0.0.1", answered.Headers.GetValues("X-Vault-Request-Id").Single()),
            ((string?)callout["actor"], (string?)callout["principal"], (string?)callout["method"], (string?)callout["host"], (string?)callout["path"], (int)callout["status"]!,
                (long)callout["bytesIn"]!, (string?)callout["remoteAddress"], (string?)callout["id"]));
        Assert.Equal((await answered.Content.ReadAsByteArrayAsync()).Length, (long)callout["bytesOut"]!);
        var everything = await _vault.AdminClient.GetStringAsync("/api/v1/audit/export");
        Assert.DoesNotContain("canary", everything, StringComparison.Ordinal);
        Assert.DoesNotContain("the-password", everything, StringComparison.Ordinal);
        Assert.Equal(everything.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length, (long)(await VerifyAsync())["entries"]!);
        Assert.True((bool)(await VerifyAsync())["valid"]!);
    }

    [Fact]
    public async Task WhatARoleMayNotChange_IsRecordedAsThatChange_AndWhoseSecretsItIs()
    {
        await _vault.AdminAsync(HttpMethod.Post, "/api/v1/external-credentials", """
            { "name": "Ext", "authentication": { "protocol": "bearer" }, "principals": [ { "name": "per", "type": "perUser", "sequence": 1 } ] }
            """);
        await _vault.AdminAsync(HttpMethod.Put, "/api/v1/external-credentials/ext/principals/PER/users/jo%2Fe/credential", """{ "parameters": { "Token": "the-token-of-joe" } }""");
        var key = (string)(await _vault.AdminAsync(HttpMethod.Post, "/api/v1/admin-keys", """{ "name": "Op", "role": "operator" }"""))!["key"]!;
        using var client = _vault.CreateClient(key);
        using var refused = await client.PutAsync("/api/v1/external-credentials/ext", new StringContent("{}", new System.Net.Http.Headers.MediaTypeHeaderValue("application/json")));
        Assert.Equal(403, (int)refused.StatusCode);
        var change = Assert.Single(await ItemsAsync("?action=external-credential.updated&outcome=denied"))!;
        Assert.Equal(("Op", "Ext", "forbidden"), ((string?)change["actor"], (string?)change["target"], (string?)change["code"]));
        var set = Assert.Single(await ItemsAsync("?action=credential.updated"))!;
        Assert.Equal(("per", "jo/e"), ((string?)set["principal"], (string?)set["user"]));
    }

    [Fact]
    public async Task WhatAChangeWritesByTheWay_HasARecordOfItsOwn()
    {
        // Inline authentication makes, changes and takes along an external credential and its secrets.
        const string Inline = """{ "url": "https://SERVICE/inline", "authentication": { "protocol": "bearer", "token": "the-first-token" } }""";
        await ExpectAsync(HttpMethod.Put, "named-credentials/Inline", Inline.Replace("SERVICE", "one.example", StringComparison.Ordinal),
            "external-credential.created Inline", "credential.updated Inline/default", "named-credential.created Inline");
        await ExpectAsync(HttpMethod.Put, "named-credentials/Inline", """{ "url": "https://one.example/other", "authentication": { "protocol": "bearer" } }""",
            "external-credential.updated Inline", "named-credential.updated Inline");
        await ExpectAsync(HttpMethod.Put, "named-credentials/Inline?discardSecrets=true", """{ "url": "https://two.example", "authentication": { "protocol": "bearer" } }""",
            "external-credential.updated Inline", "credential.deleted Inline/default", "named-credential.updated Inline");
        await ExpectAsync(HttpMethod.Put, "named-credentials/Inline", Inline.Replace("SERVICE", "three.example", StringComparison.Ordinal),
            "external-credential.updated Inline", "credential.updated Inline/default", "named-credential.updated Inline");
        await ExpectAsync(HttpMethod.Put, "named-credentials/Inline", Inline.Replace("SERVICE", "four.example", StringComparison.Ordinal),
            "external-credential.updated Inline", "credential.deleted Inline/default", "credential.updated Inline/default", "named-credential.updated Inline");
        await ExpectAsync(HttpMethod.Delete, "named-credentials/Inline", null, "external-credential.deleted Inline", "named-credential.deleted Inline");

        // The first link sets where the secrets may go.
        await ExpectAsync(HttpMethod.Post, "external-credentials", """{ "name": "Linked", "authentication": { "protocol": "bearer" }, "principals": [ { "name": "a" }, { "name": "b" } ] }""", "external-credential.created Linked");
        await ExpectAsync(HttpMethod.Put, "named-credentials/Named", """{ "url": "https://one.example", "externalCredential": "linked" }""", "external-credential.updated Linked", "named-credential.created Named");
        await ExpectAsync(HttpMethod.Put, "named-credentials/Named", """{ "url": "https://one.example/x", "externalCredential": "Linked" }""", "named-credential.updated Named");

        // Secrets that go with what they belonged to.
        foreach (var principal in new[] { "a", "b" })
        {
            await ExpectAsync(HttpMethod.Put, $"external-credentials/Linked/principals/{principal}/credential", """{ "parameters": { "Token": "the-token-of-it" } }""", $"credential.updated Linked/{principal}");
        }

        await ExpectAsync(HttpMethod.Put, "external-credentials/Linked?discardSecrets=true", """{ "authentication": { "protocol": "bearer" }, "principals": [ { "name": "a" } ] }""",
            "credential.deleted Linked/b", "external-credential.updated Linked");
        await ExpectAsync(HttpMethod.Put, "external-credentials/linked?discardSecrets=true", """{ "authentication": { "protocol": "bearer" }, "allowedHosts": ["one.example", "evil.example"] }""",
            "credential.deleted Linked/a", "external-credential.updated Linked");

        async Task ExpectAsync(HttpMethod method, string route, string? body, params string[] records)
        {
            var before = (await ItemsAsync("?pageSize=1"))[0]!["sequence"]!.GetValue<long>();
            await _vault.AdminAsync(method, "/api/v1/" + route, body);
            var since = (await ItemsAsync("?pageSize=10")).Where(item => (long)item!["sequence"]! > before).Reverse().ToArray();
            Assert.Equal(records, since.Select(item => $"{item!["action"]} {item["target"]}"));
            Assert.Single(since.Select(item => (string?)item!["id"]).Distinct());
            Assert.All(since, item => Assert.Equal("bootstrap", (string?)item!["actor"]));
        }
    }

    [Theory]
    [InlineData("delete")]
    [InlineData("Delete")]
    public async Task MethodThatIsNotInCapitals_DoesNothing(string method)
    {
        await _vault.AdminAsync(HttpMethod.Post, "/api/v1/apps", """{ "name": "Stays" }""");
        var client = _vault.AdminClient;
        var answer = await RawClient.SendAsync(
            client.BaseAddress!, null,
            $"{method} /api/v1/apps/Stays HTTP/1.1\r\nHost: {client.BaseAddress!.Authority}\r\n{client.DefaultRequestHeaders.First().Key}: {client.DefaultRequestHeaders.First().Value.Single()}\r\nConnection: close\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 405 ", answer.Text, StringComparison.Ordinal);
        Assert.Contains("method-not-allowed", answer.Text, StringComparison.Ordinal);
        Assert.Equal("Stays", (string?)(await _vault.AdminAsync(HttpMethod.Get, "/api/v1/apps/Stays"))!["name"]);
    }

    [Theory]
    [InlineData("?code=egress-denied", "code")]
    [InlineData("?host=service.example&action=callout", "host")]
    [InlineData("/export?actor=SvcApp", "actor")]
    [InlineData("/export?pageSize=1", "pageSize")]
    public async Task Filter_ThatIsNotOne_IsRefused_AndNamed(string query, string parameter)
    {
        using var refused = await _vault.AdminClient.GetAsync("/api/v1/audit" + query);
        var problem = JsonNode.Parse(await refused.Content.ReadAsStringAsync())!;
        Assert.Equal((400, "invalid-request"), ((int)refused.StatusCode, (string?)problem["code"]));
        Assert.Equal([parameter], problem["errors"]!.AsObject().Select(error => error.Key));
        Assert.Equal(200, (int)(await _vault.AdminClient.GetAsync("/api/v1/audit?ACTION=callout&outcome=&pageToken=")).StatusCode);
    }

    [Theory]
    [InlineData("/api/v1/apps/", 500)]
    [InlineData("/callout/Svc/", 500)]
    [InlineData("/callout/", 500)]
    public async Task PathThatIsCutInsideACharacter_StopsNothing(string start, int length)
    {
        var app = await DefineAsync();
        foreach (var client in new[] { _vault.CreateClient(""), app })
        {
            for (var shift = -2; shift <= 2; shift++)
            {
                using var odd = await client.GetAsync(start + new string('a', length + shift - start.Length) + "%F0%9F%94%91%ED%A0%BD%00");
            }
        }

        using var answered = await app.GetAsync("/callout/Svc/after");
        Assert.Equal(200, (int)answered.StatusCode);
        Assert.True((bool)(await VerifyAsync())["valid"]!);
    }

    [Fact]
    public async Task MalformedJson_IsNamedByItsPlace_AndRecorded()
    {
        using var refused = await _vault.AdminClient.PostAsync(
            "/api/v1/apps", new StringContent("""{ "name": "Svc\q" }""", new System.Net.Http.Headers.MediaTypeHeaderValue("application/json")));
        Assert.Contains("\"$.name\"", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal("invalid-request", (string?)Assert.Single(await ItemsAsync("?action=app.created"))!["code"]);
    }

    [Fact]
    public async Task Target_HasTheSpellingOfWhatIsThere()
    {
        await DefineAsync();
        await _vault.AdminAsync(HttpMethod.Put, "/api/v1/external-credentials/SVCLOGIN/principals/DEFAULT/credential", """{"parameters":{"Username":"user","Password":"password"} }""");
        await _vault.AdminAsync(HttpMethod.Put, "/api/v1/apps/svcapp/grants/SVC", "{}");
        await _vault.AdminAsync(HttpMethod.Delete, "/api/v1/named-credentials/svc");
        await _vault.AdminAsync(HttpMethod.Post, "/api/v1/apps/SVCAPP/keys", "{}");
        await _vault.AdminAsync(HttpMethod.Post, "/api/v1/admin-keys", """{ "name": "AuK", "role": "auditor" }""");
        await _vault.AdminAsync(HttpMethod.Delete, "/api/v1/admin-keys/auk");
        await _vault.AdminAsync(HttpMethod.Delete, "/api/v1/apps/SVCAPP");
        Assert.Equal("credential.updated", (string?)(await ItemsAsync("?target=SvcLogin/default"))[0]!["action"]);
        Assert.Equal("grant.updated", (string?)(await ItemsAsync("?target=SvcApp/Svc"))[0]!["action"]);
        Assert.Equal("named-credential.deleted", (string?)(await ItemsAsync("?target=Svc"))[0]!["action"]);
        Assert.Equal("app.deleted", (string?)(await ItemsAsync("?target=SvcApp"))[0]!["action"]);
        Assert.Equal(["admin-key.deleted", "admin-key.created"], (await ItemsAsync("?target=AuK")).Select(item => (string?)item!["action"]));
        Assert.Empty(await ItemsAsync("?target=%00"));
    }

    [Fact]
    public async Task Lists_PageAndFilter()
    {
        await DefineAsync();
        var first = (await _vault.AdminAsync(HttpMethod.Get, "/api/v1/audit?pageSize=2"))!;
        var second = (await _vault.AdminAsync(HttpMethod.Get, "/api/v1/audit?pageSize=2&pageToken=" + first["nextPageToken"]))!;
        Assert.Equal(
            (await ItemsAsync("?pageSize=4")).Select(item => (long)item!["sequence"]!),
            first["items"]!.AsArray().Concat(second["items"]!.AsArray()).Select(item => (long)item!["sequence"]!));
        Assert.Empty(await ItemsAsync("?from=2999-01-01T00:00:00Z"));
        Assert.Empty(await ItemsAsync("?to=2001-01-01T00:00:00Z"));
        Assert.NotEmpty(await ItemsAsync("?from=2001-01-01T00:00:00Z&to=2999-01-01T00:00:00Z&target=Svc"));
        foreach (var query in new[] { "?from=yesterday", "?pageSize=0", "?pageToken=x", "?pageToken=8.", "?pageToken=.8", "?pageToken=8.9.7" })
        {
            Assert.Equal(400, (int)(await _vault.AdminClient.GetAsync("/api/v1/audit" + query)).StatusCode);
        }

        using var auditor = _vault.CreateClient(await _vault.CreateKeyAsync("auditor"));
        Assert.Equal(200, (int)(await auditor.GetAsync("/api/v1/audit")).StatusCode);
        using var person = _vault.CreateClient(await _vault.CreateKeyAsync("operator"));
        Assert.Equal(403, (int)(await person.GetAsync("/api/v1/audit")).StatusCode);
    }

    [Fact]
    public async Task ACalloutThatEndsBetweenTwoPages_IsOnOneOfThem()
    {
        var app = await DefineAsync();
        var rest = new TaskCompletionSource();
        _service.Answer = async (context, request) =>
        {
            context.Response.ContentLength = request.Target == "/stream" ? null : 6;
            await context.Response.WriteAsync("first ");
            await context.Response.Body.FlushAsync();
            await (request.Target == "/stream" ? rest.Task : Task.CompletedTask);
        };
        using var streaming = await app.GetAsync("/callout/Svc/stream", HttpCompletionOption.ResponseHeadersRead);
        for (var called = 1; called <= 5; called++)
        {
            Assert.Equal("first ", await app.GetStringAsync($"/callout/Svc/{called}"));
        }

        var page = (await _vault.AdminAsync(HttpMethod.Get, "/api/v1/audit?action=callout&pageSize=3"))!;
        var last = (long)page["items"]![2]!["sequence"]!;
        rest.SetResult();
        await streaming.Content.ReadAsStringAsync();
        for (var asked = 0; asked < 1000 && (string?)(await ItemsAsync("?action=callout&pageSize=1"))[0]!["path"] != "/stream"; asked++)
        {
            // The end is recorded after it was handed on.
        }

        var paths = Paths(page);
        while ((string?)page["nextPageToken"] is { } token)
        {
            page = (await _vault.AdminAsync(HttpMethod.Get, $"/api/v1/audit?action=callout&pageSize=2&pageToken={token}"))!;
            paths.AddRange(Paths(page));
        }

        Assert.Equal(["/5", "/4", "/3", "/2", "/1", "/stream"], paths);
        Assert.Equal(["/stream", "/5", "/4", "/3", "/2", "/1"], Paths((await _vault.AdminAsync(HttpMethod.Get, "/api/v1/audit?action=callout"))!));

        // As tokens were once: they don't say when the list began.
        Assert.Equal(["/2", "/1"], Paths((await _vault.AdminAsync(HttpMethod.Get, $"/api/v1/audit?action=callout&pageToken={last}"))!));

        static List<string?> Paths(JsonNode page) => [.. page["items"]!.AsArray().Select(item => (string?)item!["path"])];
    }

    [Theory]
    [InlineData("2026-01-31T12:00:00Z", true)]
    [InlineData("2026-01-31t12:00:00z", true)]
    [InlineData("2026-01-31T12:00:00.5-00:00", true)]
    [InlineData("2026-01-31T12:00:00.1234567890123Z", true)]
    [InlineData("2026-01-31T23:59:59.99999999999Z", true)]
    [InlineData("2026-01-31T12:00:00%2B02:00", true)]
    [InlineData("2026-01-31T12:00:00+02:00", true)]
    [InlineData("2026-01-31T12:00:00.25+02:00", true)]
    [InlineData("12:00", false)]
    [InlineData("2026-11-27", false)]
    [InlineData("2026-01-31T12:00Z", false)]
    [InlineData("2026-01-31T12:00:00", false)]
    [InlineData("2026-01-31 12:00:00Z", false)]
    [InlineData("2026-01-31+12:00", false)]
    [InlineData("2026-01-31T12:00:00 Z", false)]
    [InlineData("2026-01-31T12:00:00++02:00", false)]
    [InlineData("2026-01-31T12:00:00,5Z", false)]
    [InlineData("2026-01-31T12:00:00Z%0A", false)]
    [InlineData("2026-01-31T24:00:00Z", false)]
    [InlineData("2026-02-30T12:00:00Z", false)]
    [InlineData("0001-01-01T00:00:00%2B01:00", false)]
    [InlineData("31.01.2026", false)]
    public async Task Times_AreThoseOfRfc3339(string time, bool isOne)
    {
        foreach (var name in new[] { "from", "to" })
        {
            using var answer = await _vault.AdminClient.GetAsync($"/api/v1/audit?{name}={time}");
            Assert.Equal(isOne ? 200 : 400, (int)answer.StatusCode);
            if (!isOne)
            {
                Assert.Equal([name], JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["errors"]!.AsObject().Select(error => error.Key));
            }
        }
    }

    [Fact]
    public async Task AnswerOfUnknownLength_IsOneItem_WithItsLengthInTheEnd()
    {
        var app = await DefineAsync();
        _service.Answer = async (context, _) =>
        {
            await context.Response.WriteAsync("first ");
            await context.Response.Body.FlushAsync();
            await context.Response.WriteAsync("second");
        };
        using var answered = await app.GetAsync("/callout/Svc/stream");
        Assert.Equal("first second", await answered.Content.ReadAsStringAsync());
        for (var asked = 0; asked < 1000; asked++)
        {
            if ((long?)Assert.Single(await ItemsAsync("?action=callout"))!["bytesOut"] == 12)
            {
                return;
            }
        }

        Assert.Fail("The end of the answer was never recorded.");
    }

    [Fact]
    public async Task AnswerThatTakesLonger_IsOneItem_WithItsWholeDuration_AndWhatAChunkedBodyHad()
    {
        await _vault.DisposeAsync();
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        _vault = new VaultFactory(services: services => services.AddSingleton<TimeProvider>(time));
        var app = await DefineAsync();
        var rest = new TaskCompletionSource();
        _service.Answer = async (context, _) =>
        {
            context.Response.ContentLength = 12;
            await context.Response.WriteAsync("first ");
            await context.Response.Body.FlushAsync();
            await rest.Task;
            await context.Response.WriteAsync("second");
        };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/callout/Svc/slow") { Content = new StringContent("seven b") };
        request.Headers.TransferEncodingChunked = true;
        using var answered = await app.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        time.Advance(TimeSpan.FromSeconds(2));
        rest.SetResult();
        Assert.Equal("first second", await answered.Content.ReadAsStringAsync());
        for (var asked = 0; asked < 1000; asked++)
        {
            time.Advance(TimeSpan.FromMilliseconds(20));
            var item = Assert.Single(await ItemsAsync("?action=callout"))!;
            Assert.Equal((12, 7), ((long?)item["bytesOut"], (long?)item["bytesIn"]));
            if ((double?)item["durationMs"] >= 2000)
            {
                return;
            }
        }

        Assert.Fail("The end of the answer was never recorded.");
    }

    [Theory]
    [InlineData("beforeResponse")]
    [InlineData("beforeSend")]
    [InlineData("background")]
    public async Task RecordsThatCantBeKept_RefuseTheCallout_UntilTheyCan(string durability)
    {
        await _vault.DisposeAsync();
        _vault = new VaultFactory(new Dictionary<string, string?> { ["Vault:Audit:Durability"] = durability }, _directory);
        var app = await DefineAsync();
        Assert.Equal(200, (int)(await app.GetAsync("/callout/Svc/1")).StatusCode);
        await using (var other = await TestDatabase.OpenAsync(_directory))
        {
            await TestDatabase.ExecuteAsync(other, TestDatabase.LockAudit);
            if (durability == "background")
            {
                // The first one goes out; that it couldn't be kept is known only after it.
                await app.GetAsync("/callout/Svc/2");
                for (var asked = 0; asked < 200 && !_vault.Logs.Lines.Any(line => line.Contains("could not be kept", StringComparison.Ordinal)); asked++)
                {
                    await app.GetAsync("/healthz/live");
                }
            }

            var before = _service.Requests.Count;
            using var refused = await app.GetAsync("/callout/Svc/3");
            if (durability != "background")
            {
                Assert.Equal("audit-unavailable", refused.Headers.GetValues("X-Vault-Error").Single());
                Assert.Equal(503, (int)refused.StatusCode);
                Assert.Equal(before, _service.Requests.Count);
            }

            await TestDatabase.ExecuteAsync(other, "ROLLBACK");
        }

        Assert.Equal(200, (int)(await app.GetAsync("/callout/Svc/4")).StatusCode);
        var verdict = await VerifyAsync();
        Assert.True((bool)verdict["valid"]!, verdict.ToJsonString());
    }

    [Fact]
    [Trait("Database", "sqlite")]
    public async Task RecordsThatCantBeKept_AreLoggedWithTheReason_OfTheDatabaseOrTheFile_AndStayThemselves()
    {
        using var app = await DefineAsync();
        var key = app.DefaultRequestHeaders.GetValues("X-Vault-Key").Single();
        await _vault.DisposeAsync();
        _vault = new VaultFactory(dataDirectory: _directory);
        using var again = _vault.CreateClient(key);
        var mark = Path.Combine(_directory, "audit-head.json");
        File.Move(mark, mark + ".away");
        Directory.CreateDirectory(mark);
        Assert.Equal(503, (int)(await again.GetAsync("/callout/Svc/1")).StatusCode);
        Assert.Contains(_vault.Logs.Lines, line => line.Contains("could not be kept", StringComparison.Ordinal) && line.Contains(mark, StringComparison.Ordinal));
        Directory.Delete(mark);
        File.Move(mark + ".away", mark);
        Assert.Equal(200, (int)(await again.GetAsync("/callout/Svc/2")).StatusCode);
        Assert.Empty(await ItemsAsync("?action=audit.replaced"));
        Assert.Equal(2, (await ItemsAsync("?action=callout")).Count);
        Assert.True((bool)(await VerifyAsync())["valid"]!);

        await _vault.DisposeAsync();
        _vault = new VaultFactory(dataDirectory: _directory);
        using var locked = _vault.CreateClient(key);
        await using var other = await TestDatabase.OpenAsync(_directory);
        await TestDatabase.ExecuteAsync(other, TestDatabase.LockAudit);
        Assert.Equal(503, (int)(await locked.GetAsync("/callout/Svc/3")).StatusCode);
        Assert.Contains(_vault.Logs.Lines, line => line.Contains("could not be kept (SQLite Error 5: 'database is locked')", StringComparison.Ordinal));
        await TestDatabase.ExecuteAsync(other, "ROLLBACK");
    }

    [Theory]
    [InlineData("keys/rotate")]
    [InlineData("keys/rewrap")]
    public async Task RecordsThatCantBeKept_RefuseWhatAnAdminDoes_InTheWordsOfTheAdminApi(string route)
    {
        await DefineAsync();
        await using var other = await TestDatabase.OpenAsync(_directory);
        await TestDatabase.ExecuteAsync(other, TestDatabase.LockAudit);
        using var refused = await _vault.AdminClient.PostAsync("/api/v1/" + route, null);
        Assert.Equal((503, "storage-unavailable"), ((int)refused.StatusCode, refused.Headers.GetValues("X-Vault-Error").Single()));
        await TestDatabase.ExecuteAsync(other, "ROLLBACK");
    }

    [Theory]
    [InlineData("keys/verify", "key.verified")]
    [InlineData("audit/verify", "audit.verified")]
    public async Task RecordsThatCantBeKept_KeepNobodyFromVerifying_AndThatIsRecordedOnceTheyCan(string route, string action)
    {
        var app = await DefineAsync();
        await using (var other = await TestDatabase.OpenAsync(_directory))
        {
            await TestDatabase.ExecuteAsync(other, TestDatabase.LockAudit);
            Assert.True((bool)(await _vault.AdminAsync(HttpMethod.Post, "/api/v1/" + route))!["valid"]!);
            await TestDatabase.ExecuteAsync(other, "ROLLBACK");
        }

        // Its record is kept after all that was due.
        Assert.Equal(200, (int)(await app.GetAsync("/callout/Svc/1")).StatusCode);
        Assert.Equal("success", (string?)Assert.Single(await ItemsAsync("?action=" + action))!["outcome"]);
    }

    [Fact]
    [Trait("Database", "sqlite")]
    public async Task ARecordThatSomebodyAddedBehindTheEnd_StopsCallouts_AndIsNamedEachTime()
    {
        var app = await DefineAsync();
        await ForgeAsync("(SELECT MAX(\"Sequence\") + 1 FROM audit)");
        for (var asked = 0; asked < 3; asked++)
        {
            Assert.Equal("duplicate", (string?)(await VerifyAsync())["fault"]);
            Assert.Equal("audit-unavailable", (await app.GetAsync("/callout/Svc/1")).Headers.GetValues("X-Vault-Error").Single());
        }
    }

    [Fact]
    public async Task AStart_OnARecordThatSomebodyAddedBehindTheEnd_SaysSo()
    {
        var app = await DefineAsync();
        await _vault.DisposeAsync();
        await ForgeAsync("(SELECT MAX(\"Sequence\") + 1 FROM audit)");
        _vault = new VaultFactory(dataDirectory: _directory);
        using var again = _vault.CreateClient(app.DefaultRequestHeaders.First().Value.Single());
        Assert.Equal(200, (int)(await again.GetAsync("/callout/Svc/1")).StatusCode);
        var started = (await ItemsAsync("?action=audit.started"))[0]!;
        Assert.Equal(("failed", "forged"), ((string?)started["outcome"], (string?)started["code"]));
        Assert.Contains(_vault.Logs.Lines, line => line.Contains("The audit is not as this vault left it: forged", StringComparison.Ordinal));
        Assert.Equal("duplicate", (string?)(await VerifyAsync())["fault"]);
    }

    [Fact]
    public async Task AStart_OnARecordThatLeavesNoNumber_RecordsNothing_UntilItIsGone()
    {
        var app = await DefineAsync();
        await _vault.DisposeAsync();
        await ForgeAsync("9223372036854775807");
        _vault = new VaultFactory(dataDirectory: _directory);
        using var again = _vault.CreateClient(app.DefaultRequestHeaders.First().Value.Single());
        Assert.Equal("audit-unavailable", (await again.GetAsync("/callout/Svc/1")).Headers.GetValues("X-Vault-Error").Single());
        Assert.Contains(_vault.Logs.Lines, line => line.Contains("The audit is not as this vault left it: forged", StringComparison.Ordinal));
        var verdict = await VerifyAsync();
        Assert.Equal(("forged", long.MaxValue), ((string?)verdict["fault"], (long?)verdict["sequence"]));
        await TamperAsync("DELETE FROM audit WHERE \"Sequence\" = 9223372036854775807");
        Assert.Equal(200, (int)(await again.GetAsync("/callout/Svc/1")).StatusCode);
        Assert.True((bool)(await VerifyAsync())["valid"]!);
    }

    [Fact]
    public async Task AnswerThatCantBeSearchedForADeadToken_IsRecorded_AndToldOf()
    {
        _service.Answer = (context, request) =>
        {
            context.Response.StatusCode = request.Target == "/login" ? 200 : 500;
            return context.Response.WriteAsync(request.Target == "/login" ? "the-issued-token" : new string('x', 200));
        };
        await _vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""
            { "name": "Svc", "url": "{{_service.Url}}", "maxResponseBytes": 100, "authentication": { "protocol": "login",
              "steps": [ { "request": { "url": "/login" }, "extract": { "t": "body" } } ], "apply": { "headers": { "Authorization": "{!$Token.t}" } },
              "refreshOn": [ { "status": 500, "bodyContains": "INVALID_SESSION_ID" } ], "parameters": { "Password": "the-password" } } }
            """);
        using var app = _vault.CreateClient(await _vault.CreateAppAsync("SvcApp", "Svc"));
        using var answered = await app.GetAsync("/callout/Svc/record");
        Assert.Equal((502, "upstream-unreachable"), ((int)answered.StatusCode, answered.Headers.GetValues("X-Vault-Error").Single()));
        Assert.Equal(["/login", "/record"], _service.Requests.Select(request => request.Target));
        Assert.Equal("upstream-unreachable", (string?)Assert.Single(await ItemsAsync("?action=callout"))!["code"]);
    }

    [Fact]
    public async Task AnIntent_IsKeptBeforeAnythingIsSent()
    {
        await _vault.DisposeAsync();
        _vault = new VaultFactory(new Dictionary<string, string?> { ["Vault:Audit:Durability"] = "beforeSend" }, _directory);
        var app = await DefineAsync();
        JsonArray? during = null;
        _service.Answer = async (context, _) => during = await ItemsAsync("?action=callout");
        Assert.Equal(200, (int)(await app.GetAsync("/callout/Svc/1")).StatusCode);
        Assert.Equal("intent", (string?)Assert.Single(during!)!["outcome"]);
        Assert.Equal("success", (string?)Assert.Single(await ItemsAsync("?action=callout"))!["outcome"]);
    }

    [Theory]
    [InlineData("UPDATE audit SET \"Actor\" = 'nobody' WHERE \"Sequence\" = 7", "modified", 7)]
    [InlineData("DELETE FROM audit WHERE \"Sequence\" = 6", "missing", 6)]
    [InlineData("DELETE FROM audit WHERE \"Sequence\" > 8", "truncated", 9)]
    [InlineData("DELETE FROM audit", "segment-missing", 1)]
    [InlineData("UPDATE audit SET \"Sequence\" = -1 WHERE \"Sequence\" = 5; UPDATE audit SET \"Sequence\" = 5 WHERE \"Sequence\" = 7; UPDATE audit SET \"Sequence\" = 7 WHERE \"Sequence\" = -1", "reordered", 5)]
    [InlineData("UPDATE audit SET \"Mac\" = x'00', \"Hash\" = \"Hash\" WHERE \"Sequence\" = 4", "forged", 4)]
    public async Task Tampering_IsNamed(string sql, string fault, int sequence)
    {
        await DefineAsync();
        Assert.True((bool)(await VerifyAsync())["valid"]!);
        await TamperAsync(sql);
        var verdict = await VerifyAsync();
        Assert.Equal((false, fault, sequence), ((bool)verdict["valid"]!, (string?)verdict["fault"], (int)verdict["sequence"]!));
    }

    [Theory]
    [Trait("Database", "sqlite")]
    [InlineData("UPDATE audit SET \"Id\" = NULL WHERE \"Sequence\" = 4")]
    [InlineData("UPDATE audit SET \"Segment\" = 99999999999 WHERE \"Sequence\" = 4")]
    public async Task ARecordThatSomebodyMadeUnreadable_HidesNoOther(string sql)
    {
        await DefineAsync();
        var before = await _vault.AdminClient.GetStringAsync("/api/v1/audit/export");
        await TamperAsync(sql);
        var items = (await ItemsAsync("")).Select(item => (long)item!["sequence"]!).ToArray();
        Assert.Equal(Enumerable.Range(1, items.Length).Reverse().Select(sequence => (long)sequence), items);
        var after = await _vault.AdminClient.GetStringAsync("/api/v1/audit/export");
        Assert.Equal(before.TrimEnd().Split('\n').Length, after.TrimEnd().Split('\n').Length);
        Assert.Equal(("audit.unreadable", "unreadable"), await UnreadableAsync());
        Assert.Equal((false, 4), ((bool)(await VerifyAsync())["valid"]!, (int)(await VerifyAsync())["sequence"]!));

        async Task<(string?, string?)> UnreadableAsync()
        {
            var item = Assert.Single(await ItemsAsync("?pageSize=500"), item => (long)item!["sequence"]! == 4)!;
            return ((string?)item["action"], (string?)item["code"]);
        }
    }

    [Fact]
    [Trait("Database", "sqlite")]
    public async Task AnOlderDatabase_PutInPlace_IsFoundByItsCheckpoints()
    {
        await DefineAsync();
        var older = Directory.CreateTempSubdirectory("vault-older-").FullName;
        await TamperAsync($"VACUUM INTO '{Path.Combine(older, "vault.db")}'");
        await _vault.AdminAsync(HttpMethod.Put, "/api/v1/apps/Added", "{}");
        Assert.True((bool)(await VerifyAsync())["valid"]!);
        await _vault.DisposeAsync();
        foreach (var name in new[] { "master.key", "audit-checkpoints.jsonl" })
        {
            File.Copy(Path.Combine(_directory, name), Path.Combine(older, name));
        }

        _vault = new VaultFactory(dataDirectory: older);
        var verdict = await VerifyAsync();
        Assert.Equal((false, "truncated"), ((bool)verdict["valid"]!, (string?)verdict["fault"]));
        for (var added = 0; added < 5; added++)
        {
            await _vault.AdminAsync(HttpMethod.Put, $"/api/v1/apps/Another{added}", "{}");
        }

        Assert.Equal("forked", (string?)(await VerifyAsync())["fault"]);
        await _vault.DisposeAsync();
        Directory.Delete(older, recursive: true);
    }

    [Fact]
    public async Task Command_VerifiesARunningVault_AndAStoppedOne()
    {
        await DefineAsync();
        var (code, text) = await RunAsync();
        Assert.True(code == 0, text);
        await _vault.DisposeAsync();
        (code, text) = await RunAsync();
        Assert.True(code == 0, text);
        Assert.Equal((0, true), (code, (bool)JsonNode.Parse(text)!["valid"]!));
        await TamperAsync("UPDATE audit SET \"Target\" = 'Elsewhere' WHERE \"Sequence\" = 3");
        (code, text) = await RunAsync();
        Assert.Equal((1, "modified", 3), (code, (string?)JsonNode.Parse(text)!["fault"], (int)JsonNode.Parse(text)!["sequence"]!));
        File.Delete(Path.Combine(_directory, "audit-checkpoints.jsonl"));
        Assert.Equal(2, (await RunAsync()).Code);
        if (PostgreSqlServer.IsWanted)
        {
            return;
        }

        File.Delete(Path.Combine(_directory, "vault.db"));
        Assert.Equal(2, (await RunAsync()).Code);
        Assert.False(File.Exists(Path.Combine(_directory, "vault.db")));

        async Task<(int Code, string Text)> RunAsync()
        {
            using var process = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo(
                "dotnet", [typeof(Program).Assembly.Location, "audit", "verify", .. await TestDatabase.ArgumentsAsync(_directory)])
            { RedirectStandardOutput = true, RedirectStandardError = true })!;
            var error = process.StandardError.ReadToEndAsync();
            var output = await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            return (process.ExitCode, output + await error);
        }
    }

    // A copy of another record.
    private Task ForgeAsync(string sequence) =>
        TamperAsync($"CREATE TEMP TABLE forged AS SELECT * FROM audit WHERE \"Sequence\" = 5; UPDATE forged SET \"Sequence\" = {sequence}; INSERT INTO audit SELECT * FROM forged");

    private Task TamperAsync(string sql) => TestDatabase.ExecuteAsync(_directory, sql);

    private async Task<HttpClient> DefineAsync()
    {
        await _vault.AdminAsync(HttpMethod.Post, "/api/v1/external-credentials", $$"""{ "name": "SvcLogin", "authentication": { "protocol": "password" }, "allowedHosts": ["{{_service.Url}}"] }""");
        await _vault.AdminAsync(HttpMethod.Put, "/api/v1/external-credentials/SvcLogin/principals/default/credential", """{ "parameters": { "Username": "ann", "Password": "the-password" } }""");
        await _vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""{ "name": "Svc", "url": "{{_service.Url}}", "externalCredential": "SvcLogin" }""");
        await _vault.AdminAsync(HttpMethod.Post, "/api/v1/apps", """{ "name": "SvcApp" }""");
        await _vault.GrantAsync("SvcApp", "Svc", "default");
        var key = await _vault.AdminAsync(HttpMethod.Post, "/api/v1/apps/SvcApp/keys", "{}");
        return _vault.CreateClient((string)key!["key"]!);
    }

    private async Task<JsonArray> ItemsAsync(string query) => (await _vault.AdminAsync(HttpMethod.Get, "/api/v1/audit" + query))!["items"]!.AsArray();

    private async Task<JsonNode> VerifyAsync() => (await _vault.AdminAsync(HttpMethod.Post, "/api/v1/audit/verify"))!;
}
