using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Admin;

/// <summary>A document of definitions: applied as one change, compared without one, exported without secrets.</summary>
public sealed class DefinitionSetTests(AdminFixture fixture) : IClassFixture<AdminFixture>
{
    private const string Secret = "Canary-Set-Password-1";

    private static string Document(string name, string host = "service.example", string? password = Secret, string grants = "[{}]") => $$"""
        { "externalCredentials": [ { "name": "{{name}}", "authentication": { "protocol": "password" }, "allowedHosts": [ "{{host}}" ],
                                     "principals": [ { "name": "default"{{(password is null ? "" : $$""", "parameters": { "Username": "ann", "Password": "{{password}}" }""")}} } ] } ],
          "namedCredentials": [ { "name": "{{name}}", "url": "https://{{host}}/api", "externalCredential": "{{name}}" } ],
          "apps": [ { "name": "{{name}}", "grants": {{grants.Replace("{}", $$"""{ "namedCredential": "{{name}}" }""", StringComparison.Ordinal)}} } ] }
        """;

    [Fact]
    public async Task Apply_Twice_ChangesNothingTheSecondTime()
    {
        var name = fixture.NewName("Set");

        var first = await fixture.ExpectAsync(200, null, "POST", "definitions/apply", Document(name));
        var before = await fixture.ExpectAsync(200, null, "GET", $"external-credentials/{name}/principals/default/credential");
        var second = await fixture.ExpectAsync(200, null, "POST", "definitions/apply", Document(name));

        Assert.Equal((5, 0, 0, 0), Counts(first));
        Assert.Equal([$"externalCredential {name} created", $"namedCredential {name} created", $"app {name} created", $"grant {name}/{name} created", $"credential {name}/default created"], Changes(first));
        Assert.Equal((0, 0, 0, 5), Counts(second));
        Assert.Equal(before.Text, (await fixture.ExpectAsync(200, null, "GET", $"external-credentials/{name}/principals/default/credential")).Text);
        Assert.Equal("configured", (string?)before.Json!["status"]);
    }

    [Fact]
    public async Task Apply_TakesFewStatementsForEachDefinition_AlsoWhereTheFirstLinkSetsItsHosts()
    {
        var counter = new CommandCounter();
        await using var vault = counter.StartVault();
        var few = await CountAsync(0, 10);
        var many = await CountAsync(10, 60);
        Assert.InRange((many - few) / 50.0, 0.1, 6);

        async Task<int> CountAsync(int from, int to)
        {
            var before = counter.Count;
            var numbers = Enumerable.Range(from, to - from);
            await vault.AdminAsync(HttpMethod.Post, "/api/v1/definitions/apply", JsonSerializer.Serialize(new
            {
                externalCredentials = numbers.Select(i => new { name = $"Many{i}", authentication = new { protocol = "password" } }),
                namedCredentials = numbers.Select(i => new { name = $"Many{i}", url = "https://service.example/api", externalCredential = $"Many{i}" }),
            }));
            return counter.Count - before;
        }
    }

    [Fact]
    public async Task Apply_HasARecordForEachChange_AndOneForTheWhole()
    {
        var name = fixture.NewName("Set");
        await fixture.ExpectAsync(200, null, "POST", "definitions/apply", Document(name));

        var items = (await fixture.ExpectAsync(200, null, "GET", "audit?pageSize=20")).Json!["items"]!.AsArray();

        var whole = items.First(item => (string?)item!["action"] == "definitions.applied");
        Assert.Equal("5 created, 0 changed, 0 deleted", (string?)whole!["target"]);
        var records = items.Where(item => (string?)item!["id"] == (string?)whole["id"]).Select(item => $"{item!["action"]} {item["target"]}").ToHashSet();
        Assert.Superset(
            new HashSet<string>
            {
                $"external-credential.created {name}", $"named-credential.created {name}", $"credential.updated {name}/default", $"app.created {name}", $"grant.created {name}/{name}",
            },
            records);
    }

    [Fact]
    public async Task Apply_OneChangedSecret_TouchesThatOneOnly()
    {
        var name = fixture.NewName("Set");
        await fixture.ExpectAsync(200, null, "POST", "definitions/apply", Document(name));

        var outcome = await fixture.ExpectAsync(200, null, "POST", "definitions/apply", Document(name, password: "Canary-Set-Password-2"));

        Assert.Equal((0, 1, 0, 4), Counts(outcome));
        Assert.Equal("parameters.Password", (string?)outcome.Json!["changes"]![0]!["differences"]!.AsArray().Single()!["path"]);
        Assert.DoesNotContain("Canary", outcome.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Apply_AFaultInTheMiddle_LeavesEverythingAsItWas()
    {
        var (name, other) = (fixture.NewName("Set"), fixture.NewName("Set"));
        await fixture.ExpectAsync(200, null, "POST", "definitions/apply", Document(name));
        var before = await fixture.ExpectAsync(200, null, "GET", "definitions");
        var document = JsonNode.Parse(Document(name, password: "Canary-Set-Password-3"))!;
        document["externalCredentials"]!.AsArray().Add(JsonNode.Parse($$"""{ "name": "{{other}}", "authentication": { "protocol": "none" } }"""));
        document["apps"]!.AsArray().Add(JsonNode.Parse($$"""{ "name": "{{other}}", "grants": [ { "namedCredential": "Nowhere" } ] }"""));

        var refused = await fixture.ExpectAsync(422, "unknown-reference", "POST", "definitions/apply", document.ToJsonString());

        Assert.Equal(["$.apps[1].grants[0].namedCredential"], refused.ErrorPaths);
        Assert.Contains($"apps[1].grants[0] ({other}/Nowhere)", (string?)refused.Json!["detail"], StringComparison.Ordinal);
        Assert.Equal(before.Text, (await fixture.ExpectAsync(200, null, "GET", "definitions")).Text);
        Assert.Equal((0, 0, 0, 5), Counts(await fixture.ExpectAsync(200, null, "POST", "definitions/apply", Document(name))));
    }

    [Fact]
    public async Task Apply_SaysAllThatIsWrong_WithItsPlace()
    {
        var name = fixture.NewName("Set");
        var refused = await fixture.ExpectAsync(400, "invalid-request", "POST", "definitions/apply", $$"""
            { "externalCredentials": [ { "name": "{{name}}", "authentication": { "protocol": "apiKey", "inn": "header" } }, { "name": "9", "authentication": { "protocol": "none" } } ] }
            """);
        Assert.Contains("$.externalCredentials[0].authentication.inn", refused.ErrorPaths);
        Assert.Contains("$.externalCredentials[1].name", refused.ErrorPaths);

        var twice = await fixture.ExpectAsync(400, "invalid-request", "POST", "definitions/apply", $$"""{ "apps": [ { "name": "{{name}}" }, { "name": "{{name.ToUpperInvariant()}}" } ] }""");
        Assert.Equal(["$.apps[1].name"], twice.ErrorPaths);

        var inline = await fixture.ExpectAsync(400, "invalid-request", "POST", "definitions/apply", $$"""
            { "namedCredentials": [ { "name": "{{name}}", "url": "https://service.example", "authentication": { "protocol": "bearer", "token": "Canary-Inline-1" } } ] }
            """);
        Assert.Equal(["$.namedCredentials[0].authentication"], inline.ErrorPaths);
    }

    [Fact]
    public async Task Apply_AHostThatMoves_IsJudgedByHowTheDocumentEnds_AndNeverTakesSecretsAlong()
    {
        var name = fixture.NewName("Set");
        await fixture.ExpectAsync(200, null, "POST", "definitions/apply", Document(name, password: null));
        Assert.Equal((0, 2, 0, 2), Counts(await fixture.ExpectAsync(200, null, "POST", "definitions/apply", Document(name, "other.example", password: null))));

        await fixture.ExpectAsync(200, null, "POST", "definitions/apply", Document(name, "other.example"));
        var refused = await fixture.ExpectAsync(409, "secrets-would-travel", "POST", "definitions/apply", Document(name, "evil.example"));
        Assert.Contains($"externalCredentials[0] ({name})", (string?)refused.Json!["detail"], StringComparison.Ordinal);

        await fixture.ExpectAsync(200, null, "POST", "definitions/apply?discardSecrets=true", Document(name, "evil.example", password: null));
        Assert.Equal("notConfigured", (string?)(await fixture.ExpectAsync(200, null, "GET", $"external-credentials/{name}/principals/default/credential")).Json!["status"]);

        // A host that is dropped while a named credential of the document still goes there.
        var document = JsonNode.Parse(Document(name, "evil.example", password: null))!;
        document["externalCredentials"]![0]!["allowedHosts"] = new JsonArray("good.example");
        var outside = await fixture.ExpectAsync(422, "host-not-allowed", "POST", "definitions/apply?discardSecrets=true", document.ToJsonString());
        Assert.Equal(["$.namedCredentials[0].url"], outside.ErrorPaths);
    }

    [Theory]
    [InlineData(null, 409, "in-use", "$.namedCredentials[0]")]
    [InlineData("""[ { "namedCredential": "{0}", "principals": ["alpha"] } ]""", 422, "unknown-reference", "$.apps[0].grants[0].principals[0]")]
    [InlineData("""[ { "namedCredential": "{0}" } ]""", 200, null, null)]
    [InlineData("[]", 200, null, null)]
    public async Task Apply_ARelinkToWhatLacksAGrantedPrincipal_IsJudgedByTheGrantsThatItEndsWith(string? grants, int status, string? code, string? path)
    {
        var (name, other) = (fixture.NewName("Set"), fixture.NewName("Set"));
        var document = JsonNode.Parse(Document(name, password: null))!;
        document["externalCredentials"]![0]!["principals"] = new JsonArray(new JsonObject { ["name"] = "alpha" });
        document["apps"]![0]!["grants"]![0]!["principals"] = new JsonArray("alpha");
        await fixture.ExpectAsync(200, null, "POST", "definitions/apply", document.ToJsonString());

        document = JsonNode.Parse(Document(other, password: null))!;
        document["namedCredentials"]![0]!["name"] = name;
        document["apps"] = new JsonArray(new JsonObject { ["name"] = name, ["grants"] = grants is null ? null : JsonNode.Parse(grants.Replace("{0}", name, StringComparison.Ordinal)) });
        var answer = await fixture.ExpectAsync(status, code, "POST", "definitions/apply", document.ToJsonString());

        Assert.Equal(path is null ? [] : [path], answer.ErrorPaths);
        var export = await fixture.ExpectAsync(200, null, "GET", "definitions");
        await fixture.ExpectAsync(200, null, "POST", "definitions/diff", export.Text);
    }

    [Fact]
    public async Task Apply_PrincipalsAndGrants_MoveTogether_AndMissingGrantsAreWithdrawn()
    {
        var name = fixture.NewName("Set");
        await fixture.ExpectAsync(200, null, "POST", "definitions/apply", Document(name, password: null));
        var document = JsonNode.Parse(Document(name, password: null))!;
        document["externalCredentials"]![0]!["principals"]![0]!["name"] = "batch";
        document["apps"]![0]!["grants"]![0]!["principals"] = new JsonArray("batch");
        Assert.Equal(
            [$"externalCredential {name} changed", $"grant {name}/{name} changed"], Changes(await fixture.ExpectAsync(200, null, "POST", "definitions/apply", document.ToJsonString())));

        document["apps"]![0]!["grants"] = new JsonArray();
        Assert.Equal([$"grant {name}/{name} deleted"], Changes(await fixture.ExpectAsync(200, null, "POST", "definitions/apply", document.ToJsonString())));
        Assert.Empty((await fixture.ExpectAsync(200, null, "GET", $"apps/{name}/grants")).Json!["items"]!.AsArray());
    }

    [Fact]
    public async Task Diff_ChangesNothing_AndIsNoOracleForSecrets()
    {
        var name = fixture.NewName("Set");
        var absent = await fixture.ExpectAsync(200, null, "POST", "definitions/diff", Document(name));
        Assert.Equal((5, 0, 0, 0), Counts(absent));
        await fixture.ExpectAsync(404, "not-found", "GET", $"external-credentials/{name}");

        await fixture.ExpectAsync(200, null, "POST", "definitions/apply", Document(name));
        var right = await fixture.ExpectAsync(200, null, "POST", "definitions/diff", Document(name));
        var wrong = await fixture.ExpectAsync(200, null, "POST", "definitions/diff", Document(name, password: "A-Wrong-Guess-Of-It"));

        Assert.Equal(right.Text, wrong.Text);
        Assert.Equal(1, (int)right.Json!["undetermined"]!);

        var label = JsonNode.Parse(Document(name, password: null))!;
        label["namedCredentials"]![0]!["timeoutSeconds"] = 5;
        var changed = (await fixture.ExpectAsync(200, null, "POST", "definitions/diff", label.ToJsonString())).Json!["changes"]!.AsArray().Single()!;
        Assert.Equal(("timeoutSeconds", 5), ((string?)changed["differences"]![0]!["path"], (int)changed["differences"]![0]!["after"]!));
    }

    [Fact]
    public async Task Operator_AppliesWhatIsTheirs_AndNoSecret()
    {
        var name = fixture.NewName("Set");
        await fixture.ExpectAsync(200, null, "POST", "definitions/apply", Document(name));
        using var client = fixture.Vault.CreateClient(await fixture.Vault.CreateKeyAsync("operator"));

        // The same definitions, without the secrets: nothing that they may not change is changed.
        var document = JsonNode.Parse(Document(name, password: null))!;
        document["namedCredentials"]![0]!["timeoutSeconds"] = 5;
        Assert.Equal((0, 1, 0, 3), Counts(await fixture.ExpectAsync(200, null, "POST", "definitions/apply", document.ToJsonString(), client)));

        // Not even secrets that are right already, so that nobody learns that they are.
        foreach (var route in new[] { "definitions/apply", "definitions/diff" })
        {
            var refused = await fixture.ExpectAsync(403, "forbidden", "POST", route, Document(name), client);
            Assert.Equal(["$.externalCredentials[0].principals[0].parameters"], refused.ErrorPaths);
        }

        document["externalCredentials"]![0]!["label"] = "Mine";
        await fixture.ExpectAsync(403, "forbidden", "POST", "definitions/apply", document.ToJsonString(), client);
    }

    [Fact]
    public async Task Export_AppliedAgain_ChangesNothing_AndHoldsNoSecret()
    {
        var name = fixture.NewName("Set");
        var document = JsonNode.Parse(Document(name))!;
        document["externalCredentials"]![0]!["customHeaders"] = JsonNode.Parse("""[ { "name": "X-Tenant", "value": "{!$Credential.Username}", "sequence": 7 } ]""");
        document["externalCredentials"]![0]!["principals"]!.AsArray().Add(JsonNode.Parse("""{ "name": "own", "type": "perUser", "sequence": 9 }"""));
        foreach (var (property, value) in JsonNode.Parse("""
            { "label": "L", "description": "D", "generateAuthorizationHeader": false, "allowMergeFieldsInHeader": true, "allowMergeFieldsInBody": true, "maxRequestBytes": 5,
              "maxResponseBytes": 6, "retryOnUnauthorized": false, "redactResponses": false, "httpVersion": "1.1", "enabled": false, "rateLimit": { "permits": 5, "perSeconds": 2 },
              "allowedRequests": [ { "methods": ["GET"] }, { "path": "/a/**" } ], "clientCertificate": { "pkcs12": "P", "password": "Q" } }
            """)!.AsObject())
        {
            document["namedCredentials"]![0]![property] = value?.DeepClone();
        }

        await fixture.ExpectAsync(200, null, "POST", "definitions/apply", document.ToJsonString());
        var export = await fixture.ExpectAsync(200, null, "GET", "definitions");
        var again = await fixture.ExpectAsync(200, null, "POST", "definitions/apply", export.Text);

        Assert.DoesNotContain(Secret, export.Text, StringComparison.Ordinal);
        Assert.Empty(Changes(again));
        Assert.DoesNotContain("null", export.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Apply_AThousandDefinitions_TakesSeconds_AndTheSecondTimeNothing()
    {
        await using var vault = new VaultFactory();
        var document = new JsonObject
        {
            ["externalCredentials"] = new JsonArray([.. Enumerable.Range(0, 500).Select(number => JsonNode.Parse($$"""
                { "name": "E{{number}}", "authentication": { "protocol": "password" }, "principals": [ { "name": "default", "parameters": { "Username": "u", "Password": "pass-word-{{number}}" } } ] }
                """))]),
            ["namedCredentials"] = new JsonArray([.. Enumerable.Range(0, 500).Select(number => JsonNode.Parse($$"""{ "name": "N{{number}}", "url": "https://h{{number}}.example", "externalCredential": "E{{number}}" }"""))]),
            ["apps"] = new JsonArray(JsonNode.Parse($$"""{ "name": "All", "grants": [ {{string.Join(',', Enumerable.Range(0, 500).Select(number => $$"""{ "namedCredential": "N{{number}}" }"""))}} ] }""")),
        };
        await vault.AdminAsync(HttpMethod.Get, "/api/v1/definitions");

        var watch = Stopwatch.StartNew();
        var first = await vault.AdminAsync(HttpMethod.Post, "/api/v1/definitions/apply", document.ToJsonString());
        var took = watch.Elapsed;
        watch.Restart();
        var second = await vault.AdminAsync(HttpMethod.Post, "/api/v1/definitions/apply", document.ToJsonString());

        Assert.Equal(500 * 4 + 1, (int)first!["created"]!);
        Assert.Equal(500 * 4 + 1, (int)second!["unchanged"]!);
        Assert.Empty(second["changes"]!.AsArray());

        // Alone on two cores it takes a second or two (docs/cli.md); here others run beside it, and every statement is logged.
        Assert.True(took < TimeSpan.FromSeconds(60) && watch.Elapsed < TimeSpan.FromSeconds(60), $"It took {took} and {watch.Elapsed}.");
        Assert.True((bool)(await vault.AdminAsync(HttpMethod.Post, "/api/v1/audit/verify"))!["valid"]!);
    }

    [Fact]
    public async Task Apply_DiscardedSecrets_AreChangesThatAreTold_RehearsedToo()
    {
        var name = fixture.NewName("Set");
        await fixture.ExpectAsync(200, null, "POST", "definitions/apply", Document(name));
        var moved = Document(name, "other.example", password: null);

        foreach (var route in new[] { "definitions/diff", "definitions/apply" })
        {
            var outcome = await fixture.ExpectAsync(200, null, "POST", route + "?discardSecrets=true", moved);
            Assert.Equal([$"externalCredential {name} changed", $"credential {name}/default deleted", $"namedCredential {name} changed"], Changes(outcome));
            Assert.Equal((0, 2, 1, 2), Counts(outcome));
        }

        var items = (await fixture.ExpectAsync(200, null, "GET", $"audit?target={name}/default&pageSize=5")).Json!["items"]!.AsArray();
        Assert.Equal("credential.deleted", (string?)items[0]!["action"]);
    }

    [Fact]
    public async Task Apply_AFirstLink_IsAChangeOfTheExternalCredential_AndWhatIsNewSaysWhereItLeads()
    {
        var name = fixture.NewName("Set");
        await fixture.ExpectAsync(200, null, "POST", "definitions/apply", $$"""{ "externalCredentials": [ { "name": "{{name}}", "authentication": { "protocol": "password" } } ] }""");

        var linked = await fixture.ExpectAsync(
            200, null, "POST", "definitions/apply", $$"""{ "namedCredentials": [ { "name": "{{name}}", "url": "https://first.example/x", "externalCredential": "{{name}}" } ] }""");

        Assert.Equal([$"externalCredential {name} changed", $"namedCredential {name} created"], Changes(linked));
        var hosts = linked.Json!["changes"]![0]!["differences"]!.AsArray().Single()!;
        Assert.Equal(("allowedHosts", """["first.example"]"""), ((string?)hosts["path"], hosts["after"]!.ToJsonString()));
        Assert.Equal(["url", "externalCredential"], linked.Json["changes"]![1]!["differences"]!.AsArray().Select(difference => (string?)difference!["path"]));
    }

    [Fact]
    public async Task Apply_TooMuchOfIt_IsRefusedBeforeAnybodyWaits()
    {
        var name = fixture.NewName("Set");
        var grants = string.Join(',', Enumerable.Range(0, 5_000).Select(number => "{}"));
        var refused = await fixture.ExpectAsync(413, "body-too-large", "POST", "definitions/apply", Document(name, grants: $"[{grants}]"));
        Assert.Contains("5003 entries and grants; 5000 is the most", (string?)refused.Json!["detail"], StringComparison.Ordinal);

        var principals = string.Join(',', Enumerable.Range(0, 10_001).Select(number => $$"""{ "name": "P{{number}}" }"""));
        await fixture.ExpectAsync(413, "body-too-large", "POST", "definitions/diff", Principals(principals));

        var some = await fixture.ExpectAsync(
            400, "invalid-request", "POST", "definitions/diff", Principals(string.Join(',', Enumerable.Range(0, 1_001).Select(number => """{ "name": "Same" }"""))));
        Assert.Equal(["$.externalCredentials[0].principals"], some.ErrorPaths);

        string Principals(string list) => $$"""{ "externalCredentials": [ { "name": "{{name}}", "authentication": { "protocol": "none" }, "principals": [ {{list}} ] } ] }""";
    }

    [Fact]
    public async Task Apply_Refused_IsAuditedWithTheEntryThatWasRefusedFirst()
    {
        var name = fixture.NewName("Set");
        await fixture.ExpectAsync(422, "unknown-reference", "POST", "definitions/apply", $$"""{ "apps": [ { "name": "{{name}}", "grants": [ { "namedCredential": "Nowhere" } ] } ] }""");

        var record = (await fixture.ExpectAsync(200, null, "GET", "audit?action=definitions.applied&outcome=denied&pageSize=1")).Json!["items"]![0]!;

        Assert.Equal($"apps[0].grants[0] ({name}/Nowhere)", (string?)record["target"]);
    }

    [Fact]
    public async Task Apply_OnlyToTheStateThatWasCompared_IsRefusedWhereAnythingElseChangedIt()
    {
        var name = fixture.NewName("Set");
        var document = Document(name);
        var tag = await TagAsync();
        await fixture.ExpectAsync(201, null, "POST", "apps", $$"""{ "name": "{{name}}Other" }""");
        Assert.NotEqual(tag, await TagAsync());
        await fixture.ExpectAsync(412, "precondition-failed", "POST", "definitions/apply", document, ifMatch: tag);
        await fixture.ExpectAsync(404, "not-found", "GET", $"external-credentials/{name}");

        // What was compared is applied; a second time it isn't what was compared any more.
        tag = await TagAsync();
        Assert.Equal(tag, await TagAsync());
        await fixture.ExpectAsync(200, null, "POST", "definitions/apply", document, ifMatch: tag);
        await fixture.ExpectAsync(412, "precondition-failed", "POST", "definitions/apply", document, ifMatch: tag);
        await fixture.ExpectAsync(200, null, "POST", "definitions/apply", document, ifMatch: "*");

        // Everything that a plan can depend on: grants, secrets that are set or go, users who have some.
        foreach (var (method, path, body) in new[]
        {
            ("PUT", $"apps/{name}/grants/{name}", """{ "principals": ["*"] }"""),
            ("DELETE", $"apps/{name}/grants/{name}", null),
            ("PUT", $"named-credentials/{name}", $$"""{ "url": "https://service.example/x", "externalCredential": "{{name}}" }"""),
            ("PATCH", $"external-credentials/{name}/principals/default/credential", """{ "parameters": { "Password": "Canary-Set-Password-9" } }"""),
            ("PATCH", $"external-credentials/{name}/principals/default/credential", """{ "parameters": { "Password": null } }"""),
            ("PUT", $"external-credentials/{name}", """{ "authentication": { "protocol": "password" }, "principals": [ { "name": "default" }, { "name": "own", "type": "perUser" } ] }"""),
            ("PUT", $"external-credentials/{name}/principals/own/users/ann/credential", """{ "parameters": { "Password": "Canary-Set-Password-8" } }"""),
        })
        {
            tag = await TagAsync();
            var changed = await fixture.SendAsync(method, path, body);
            Assert.True((int)changed.Status < 300, changed.Text);
            Assert.NotEqual(tag, await TagAsync());
        }

        async Task<string> TagAsync() => (await fixture.ExpectAsync(200, null, "POST", "definitions/diff?discardSecrets=true", document)).ETag!;
    }

    private static (int Created, int Changed, int Deleted, int Unchanged) Counts(AdminAnswer answer) =>
        ((int)answer.Json!["created"]!, (int)answer.Json["changed"]!, (int)answer.Json["deleted"]!, (int)answer.Json["unchanged"]!);

    private static string[] Changes(AdminAnswer answer) => [.. answer.Json!["changes"]!.AsArray().Select(change => $"{change!["kind"]} {change["name"]} {change["action"]}")];
}
