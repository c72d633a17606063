using System.Text;
using System.Text.Json.Nodes;
using Vault.Api.Tests.Admin;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Attacks;

/// <summary>The admin API under hostile input: JSON that two readers understand differently, fields that nobody may set, odd names, pages and filters.</summary>
public sealed class ApiAttackTests(AdminFixture api) : IClassFixture<AdminFixture>
{
    private const string Valid = """{ "name": "NAME", "label": "l" }""";

    public static TheoryData<string, string> HostileJson => new()
    {
        { "deep", $$"""{ "name": "NAME", "label": {{new string('[', 100)}}{{new string(']', 100)}} }""" },
        { "deep object", string.Concat(Enumerable.Repeat("{\"a\":", 2_000)) + "1" + new string('}', 2_000) },
        { "twice", """{ "name": "NAME", "label": "a", "label": "b" }""" },
        { "twice, escaped", """{ "name": "NAME", "label": "a", "l\u0061bel": "b" }""" },
        { "NaN", """{ "name": "NAME", "mayAssertUser": NaN }""" },
        { "Infinity", """{ "name": "NAME", "mayAssertUser": Infinity }""" },
        { "comment", """{ "name": "NAME" /* c */ }""" },
        { "line comment", "{ \"name\": \"NAME\" } // c" },
        { "trailing comma", """{ "name": "NAME", }""" },
        { "single quotes", "{ 'name': 'NAME' }" },
        { "no quotes", "{ name: NAME }" },
        { "two values", """{ "name": "NAME" } { "name": "NAME2" }""" },
        { "garbage behind", """{ "name": "NAME" }x""" },
        { "cut off", """{ "name": "NAME" """ },
        { "a list", """[{ "name": "NAME" }]""" },
        { "null", "null" },
        { "a text", "\"NAME\"" },
        { "empty", "" },
        { "wrong case", """{ "Name": "NAME" }""" },
        { "text for a flag", """{ "name": "NAME", "mayAssertUser": "true" }""" },
        { "number for a flag", """{ "name": "NAME", "mayAssertUser": 1 }""" },
        { "number for a text", """{ "name": "NAME", "label": 1 }""" },
        { "huge number", """{ "name": "NAME", "mayAssertUser": 1e999999 }""" },
        { "half a surrogate", """{ "name": "NAME", "label": "\ud800" }""" },
        { "half a surrogate as a name", """{ "name": "\udc00" }""" },
        { "control in a text", "{ \"name\": \"NAME\", \"label\": \"a\nb\" }" },
        { "hash of a key", """{ "name": "NAME", "secretHash": "x" }""" },
        { "id", """{ "name": "NAME", "id": "00000000-0000-0000-0000-000000000001" }""" },
        { "role", """{ "name": "NAME", "role": "admin", "isAdmin": true }""" },
        { "version", """{ "name": "NAME", "version": 7 }""" },
        { "time of making", """{ "name": "NAME", "createdAt": "2001-01-01T00:00:00Z" }""" },
        { "prototype", """{ "name": "NAME", "__proto__": { "mayAssertUser": true } }""" },
        { "type", """{ "$type": "System.Object", "name": "NAME" }""" },
    };

    [Theory]
    [MemberData(nameof(HostileJson))]
    public async Task Json_ThatIsAnythingButPlain_IsRefused_AndMakesNothing(string attack, string json)
    {
        var name = api.NewName("J");
        var answer = await api.SendAsync("POST", "apps", json.Replace("NAME", name, StringComparison.Ordinal));
        Assert.True((int)answer.Status == 400 && answer.Code == "invalid-request", $"{attack}: {(int)answer.Status} {answer.Text}");
        await api.ExpectAsync(404, "not-found", "GET", "apps/" + name);
    }

    [Fact]
    public async Task Bytes_ThatArentUtf8_OrOfAnotherType_AreRefused()
    {
        foreach (var bytes in new byte[][] { [0xFF], [0xC0, 0xAF], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80] })
        {
            byte[] body = [.. Encoding.UTF8.GetBytes($$"""{ "name": "{{api.NewName()}}", "label": "a"""), .. bytes, .. "b\" }"u8.ToArray()];
            Assert.Equal(400, await SendAsync("apps", body, "application/json"));
            body = [.. Encoding.UTF8.GetBytes($$"""{ "name": "{{api.NewName()}}", "authentication": { "protocol": "custom", "notSecret": ["a"""), .. bytes, .. "\"] } }"u8.ToArray()];
            Assert.Equal(400, await SendAsync("external-credentials", body, "application/json"));
        }

        foreach (var half in new[] { """{ "protocol": "pass\ud800" }""", """{ "protocol": "bearer", "x\ud800": 1 }""", """{ "protocol": "custom", "notSecret": ["\udfff"] }""", """{ "protocol": "login", "steps": [ { "request": { "url": "https://a.example/\ud800" }, "extract": { "t": "$.t" } } ] }""" })
        {
            Assert.Equal(400, await SendAsync("external-credentials", Encoding.UTF8.GetBytes($$"""{ "name": "{{api.NewName()}}", "authentication": {{half}} }"""), "application/json"));
        }

        foreach (var type in new[] { "text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json; charset=utf-16", "application/json; charset=utf-7", "application/jsonx", "text/json", "*/*", "application/json, text/plain" })
        {
            Assert.Equal(415, await SendAsync("apps", Encoding.UTF8.GetBytes(Valid.Replace("NAME", api.NewName(), StringComparison.Ordinal)), type));
        }

        Assert.Equal(415, await SendAsync("apps", Encoding.UTF8.GetBytes(Valid), null));
        Assert.Equal(201, await SendAsync("apps", Encoding.UTF8.GetBytes(Valid.Replace("NAME", api.NewName(), StringComparison.Ordinal)), "application/json; charset=utf-8"));
    }

    [Theory]
    [InlineData("apps", """{ "name": "NAME", "id": 1 }""", "$.id")]
    [InlineData("apps", """{ "name": "NAME", "keys": [] }""", "$.keys")]
    [InlineData("admin-keys", """{ "name": "NAME", "role": "auditor", "key": "vk_chosenkey1_0123456789abcdef0123456789abcdef" }""", "$.key")]
    [InlineData("admin-keys", """{ "name": "NAME", "role": "auditor", "hash": "x" }""", "$.hash")]
    [InlineData("admin-keys", """{ "name": "NAME", "role": "auditor", "id": "chosenid1" }""", "$.id")]
    [InlineData("external-credentials", """{ "name": "NAME", "authentication": { "protocol": "none" }, "ownerId": 1 }""", "$.ownerId")]
    [InlineData("external-credentials", """{ "name": "NAME", "authentication": { "protocol": "none" }, "principals": [ { "name": "default", "type": "named", "sequence": 1, "isAdmin": true } ] }""", "$.principals[0].isAdmin")]
    [InlineData("external-credentials", """{ "name": "NAME", "authentication": { "protocol": "password", "password": "x" } }""", "$.authentication.password")]
    [InlineData("named-credentials", """{ "name": "NAME", "url": "https://a.example", "externalCredential": "x", "secret": 1 }""", "$.secret")]
    public async Task Property_ThatNobodyMaySet_IsNamed(string list, string json, string path)
    {
        var answer = await api.ExpectAsync(400, "invalid-request", "POST", list, json.Replace("NAME", api.NewName(), StringComparison.Ordinal));
        Assert.Contains(path, answer.ErrorPaths);
    }

    [Fact]
    public async Task Operator_CantRise_NorGetAtSecrets()
    {
        var name = await api.CreatePairAsync();
        using var client = api.Vault.CreateClient(await api.Vault.CreateKeyAsync("operator"));
        foreach (var (method, path, json) in new (string, string, string?)[]
        {
            ("POST", "admin-keys", $$"""{ "name": "{{api.NewName()}}", "role": "admin" }"""),
            ("POST", "admin-keys", $$"""{ "name": "{{api.NewName()}}", "role": "operator" }"""),
            ("DELETE", "admin-keys/bootstrap", null),
            ("GET", "admin-keys", null),
            ("PUT", $"external-credentials/{name}", """{ "authentication": { "protocol": "password" }, "allowedHosts": ["evil.example"] }"""),
            ("PUT", $"external-credentials/{name}/principals/default/credential", """{ "parameters": { "Password": "mine" } }"""),
            ("DELETE", $"external-credentials/{name}/principals/default/credential", null),
            ("PUT", $"named-credentials/{name}", $$"""{ "url": "https://service.example/{{name}}", "externalCredential": "{{name}}", "allowMergeFieldsInBody": true }"""),
            ("PUT", $"named-credentials/{name}", $$"""{ "url": "https://service.example/{{name}}", "externalCredential": "{{name}}", "redactResponses": false }"""),
            ("PUT", $"named-credentials/{name}", $$"""{ "url": "https://service.example/?p={!$Credential.Password}", "externalCredential": "{{name}}" }"""),
            ("PUT", $"named-credentials/{name}", $$"""{ "url": "https://service.example", "externalCredential": "{{name}}", "customHeaders": [ { "name": "X-P", "value": "{!$Credential.Password}" } ] }"""),
            ("GET", "audit", null),
        })
        {
            await api.ExpectAsync(403, "forbidden", method, path, json, client);
        }

        // The key of an app has the grants of the app and no more; it can't be given a role or another owner.
        var app = api.NewName("App");
        await api.ExpectAsync(201, null, "POST", "apps", $$"""{ "name": "{{app}}" }""", client);
        await api.ExpectAsync(400, "invalid-request", "POST", $"apps/{app}/keys", """{ "role": "admin" }""", client);
        var key = (string)(await api.ExpectAsync(201, null, "POST", $"apps/{app}/keys", null, client)).Json!["key"]!;
        using var ofApp = api.Vault.CreateClient(key);
        await api.ExpectAsync(403, "forbidden", "GET", "apps", client: ofApp);

        // Another host: refused for the operator and for the admin alike, unless the secrets go.
        await api.ExpectAsync(422, "host-not-allowed", "PUT", $"named-credentials/{name}", $$"""{ "url": "https://evil.example", "externalCredential": "{{name}}" }""", client);
        await api.ExpectAsync(409, "secrets-would-travel", "PUT", $"external-credentials/{name}", """{ "authentication": { "protocol": "password" }, "allowedHosts": ["service.example", "evil.example"] }""");
    }

    [Fact]
    public async Task TwoWriters_WithOneETag_OneWins()
    {
        var name = api.NewName();
        var tag = (await api.ExpectAsync(201, null, "POST", "apps", $$"""{ "name": "{{name}}" }""")).ETag!;
        Assert.StartsWith("\"", tag, StringComparison.Ordinal);
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(writer => api.SendAsync("PUT", "apps/" + name, $$"""{ "label": "writer {{writer}}" }""", ifMatch: tag)));
        Assert.Equal([200, .. Enumerable.Repeat(412, 7)], answers.Select(answer => (int)answer.Status).Order());
        await api.ExpectAsync(412, "precondition-failed", "DELETE", "apps/" + name, ifMatch: tag);
        foreach (var weak in new[] { "W/" + tag, tag.Trim('"'), "\"\"", "x" })
        {
            Assert.Equal(412, (int)(await api.SendAsync("PUT", "apps/" + name, "{}", ifMatch: weak)).Status);
        }

        // Made anew under the old name, it isn't the old one.
        await api.ExpectAsync(204, null, "DELETE", "apps/" + name);
        await api.ExpectAsync(201, null, "POST", "apps", $$"""{ "name": "{{name}}" }""");
        await api.ExpectAsync(412, "precondition-failed", "PUT", "apps/" + name, "{}", ifMatch: tag);
    }

    [Fact]
    public async Task LastAdmin_Stays_WhoeverRaces()
    {
        // Two admins delete each other at once: one of them has to stay.
        await using var vault = new VaultFactory();
        var second = await vault.CreateKeyAsync("admin", "Second");
        await vault.AdminAsync(HttpMethod.Post, "/api/v1/admin-keys", """{ "name": "Ending", "role": "admin", "expiresAt": "2999-01-01T00:00:00Z" }""");
        await vault.AdminAsync(HttpMethod.Delete, "/api/v1/admin-keys/Ending");
        using var other = vault.CreateClient(second);
        var answers = await Task.WhenAll(vault.AdminClient.DeleteAsync("/api/v1/admin-keys/Second"), other.DeleteAsync("/api/v1/admin-keys/bootstrap"));
        Assert.Single(answers, answer => (int)answer.StatusCode == 204);
        Assert.Single(answers, answer => (int)answer.StatusCode is 409 or 401);
        var left = answers[0].IsSuccessStatusCode ? vault.AdminClient : other;
        Assert.Equal(409, (int)(await left.DeleteAsync("/api/v1/admin-keys/" + (answers[0].IsSuccessStatusCode ? "bootstrap" : "Second"))).StatusCode);
    }

    [Theory]
    [InlineData("' OR '1'='1")]
    [InlineData("'; DROP TABLE apps; --")]
    [InlineData("%")]
    [InlineData("_")]
    [InlineData("a\" OR \"\"=\"")]
    [InlineData("*) UNION SELECT * FROM secrets --")]
    [InlineData("(a+)+$")]
    [InlineData("[")]
    [InlineData("\\")]
    [InlineData("\u0000")]
    [InlineData("😀")]
    public async Task Filter_IsText_AndNothingElse(string filter)
    {
        await api.CreatePairAsync();
        var escaped = Uri.EscapeDataString(filter);
        foreach (var list in new[] { "apps", "named-credentials", "external-credentials", "admin-keys" })
        {
            Assert.Empty((await api.ExpectAsync(200, null, "GET", $"{list}?search={escaped}")).Json!["items"]!.AsArray());
        }

        foreach (var parameter in new[] { "actor", "action", "target", "outcome" })
        {
            Assert.Empty((await api.ExpectAsync(200, null, "GET", $"audit?{parameter}={escaped}")).Json!["items"]!.AsArray());
        }

        Assert.NotEmpty((await api.ExpectAsync(200, null, "GET", "audit?actor=bootstrap")).Json!["items"]!.AsArray());
    }

    [Theory]
    [InlineData("pageSize=0")]
    [InlineData("pageSize=-1")]
    [InlineData("pageSize=501")]
    [InlineData("pageSize=1000000000")]
    [InlineData("pageSize=99999999999999999999")]
    [InlineData("pageSize=1e2")]
    [InlineData("pageSize=0x10")]
    [InlineData("pageSize=%2B1")]
    [InlineData("pageSize=%D9%A1")]
    [InlineData("pageSize=")]
    [InlineData("pageSize=1&pageSize=2")]
    [InlineData("pageToken=!")]
    [InlineData("pageToken=%00")]
    [InlineData("pageToken=Jw")]
    [InlineData("pageToken=Li4vLi4")]
    [InlineData("pageToken=a&pageToken=b")]
    public async Task Page_OutOfRange_IsRefused(string query)
    {
        foreach (var list in new[] { "apps", "named-credentials", "audit" })
        {
            await api.ExpectAsync(400, "invalid-request", "GET", $"{list}?{query}");
        }
    }

    [Fact]
    public async Task Id_OfAnyLengthOrForm_IsNotFound_AndNeverAFault()
    {
        foreach (var id in new[]
        {
            new string('a', 81), new string('a', 4_000), "a__b", "_a", "a_", "9a", "a-b", "a.b", "a%20b", "a%0d%0ab", "%C3%A9", "a%ff", "%E2%80%AEa", "%EF%BC%A1", "a'b", "a;b", "a%2Fb", "a%5Cb",
            "00000000-0000-0000-0000-000000000000", "%7B00000000-0000-0000-0000-000000000000%7D", "*", "%25", "'%20OR%201=1",
        })
        {
            foreach (var list in new[] { "apps", "named-credentials", "external-credentials" })
            {
                foreach (var (method, body) in new[] { ("GET", null), ("DELETE", null), ("PUT", "{}") })
                {
                    var answer = await api.SendAsync(method, $"{list}/{id}", body);
                    Assert.True((int)answer.Status is 404 or 400, $"{method} {list}/{id}: {(int)answer.Status} {answer.Text}");
                    Assert.NotEqual("internal", answer.Code);
                }
            }
        }
    }

    [Fact]
    public async Task Id_WithANul_GetsNoFurtherThanTheServer()
    {
        foreach (var path in new[] { "/api/v1/apps/a%00b", "/callout/a%00b" })
        {
            using var answer = await api.Vault.AdminClient.GetAsync(new Uri(api.Vault.AdminClient.BaseAddress + path[1..], new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
            Assert.Equal(400, (int)answer.StatusCode);
        }
    }

    [Fact]
    public async Task Path_WithDots_ReachesNothing()
    {
        foreach (var path in new[] { "/api/v1/apps/../admin-keys", "/api/v1/apps/%2e%2e/admin-keys", "/api/v1/apps/..%2fadmin-keys", "/api/v1/apps/%252e%252e/admin-keys", "/callout/../api/v1/admin-keys", "/api/v1/./admin-keys" })
        {
            var answer = await RawClient.SendAsync(
                api.Vault.AdminClient.BaseAddress!, text => text.Contains("\r\n\r\n", StringComparison.Ordinal),
                $"GET {path} HTTP/1.1\r\nHost: {api.Vault.AdminClient.BaseAddress!.Authority}\r\nX-Vault-Key: {VaultFactory.AdminKey}\r\nConnection: close\r\n\r\n");
            Assert.True(answer.Statuses is [400 or 403 or 404], $"{path}: {answer.Text}");
            Assert.DoesNotContain("bootstrap", answer.Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Stranger_LearnsNoRoutesAndNoNames()
    {
        var name = await api.CreatePairAsync();
        using var nobody = api.Vault.CreateClient(null);
        var answers = new List<string>();
        foreach (var path in new[] { "named-credentials/" + name, "named-credentials/Unknown", "nothing", "apps", "admin-keys/bootstrap", "" })
        {
            var answer = await api.ExpectAsync(401, "unauthenticated", "GET", path, client: nobody);
            answers.Add(answer.Text);
        }

        Assert.Single(answers.Distinct());
        foreach (var path in new[] { "/healthz/live", "/healthz/ready" })
        {
            var answer = await api.SendAsync("GET", path, client: nobody);
            Assert.Equal(["status"], answer.Json!.AsObject().Select(property => property.Key));
        }
    }

    [Fact]
    public async Task BootstrapKey_IsOfTheFirstStartAlone()
    {
        // Once there was an admin key, the setting makes none: not even when all are gone from it.
        var directory = Directory.CreateTempSubdirectory("vault-setup-").FullName;
        try
        {
            await using (var first = new VaultFactory(dataDirectory: directory))
            {
                await first.CreateKeyAsync("admin", "Second");
                await first.AdminAsync(HttpMethod.Delete, "/api/v1/admin-keys/bootstrap");
            }

            await using var again = new VaultFactory(dataDirectory: directory);
            Assert.Equal(401, (int)(await again.AdminClient.GetAsync("/api/v1/apps")).StatusCode);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private async Task<int> SendAsync(string list, byte[] body, string? contentType)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/" + list) { Content = new ByteArrayContent(body) };
        if (contentType is not null)
        {
            request.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        }

        using var response = await api.Vault.AdminClient.SendAsync(request);
        Assert.NotEqual("internal", (string?)JsonNode.Parse(await response.Content.ReadAsStringAsync())!["code"]);
        return (int)response.StatusCode;
    }
}
