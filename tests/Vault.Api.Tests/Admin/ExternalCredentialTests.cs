using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Xunit;

namespace Vault.Api.Tests.Admin;

public sealed class ExternalCredentialTests(AdminFixture api) : IClassFixture<AdminFixture>
{
    [Theory]
    [InlineData("/tok/\u00E9")]
    [InlineData("/a b")]
    [InlineData("/tok?x=\u00E9")]
    [InlineData("/tok?x=a b")]
    [InlineData("/../x")]
    [InlineData("/a/.;v=1/x")]
    [InlineData("/a\\b")]
    [InlineData("/a\nb")]
    [InlineData("/a#b")]
    [InlineData("/a/%2e%2e/{!$Credential.Tenant}")]
    [InlineData("/{!$Credential.Tenant}/../x")]
    [InlineData("https://service.example/tok/\u00E9")]
    [InlineData("https://service.example/..")]
    [InlineData("/{!$Credential.Tenant}../a..b/...?x=../{!URLENCODE('\u00E9')}&y={}|^", true)]
    [InlineData("https://b\u00FCcher.example./{!$Credential.Tenant}?u=https://x/", true)]
    [InlineData("https://service.example", true)]
    public async Task StepUrl_ThatCanNeverBeSent_IsRefusedAtItsPath_WhereverItIsSaved(string url, bool isTaken = false)
    {
        foreach (var steps in new[] { "steps", "refresh", "logout" })
        {
            var authentication = new JsonObject { ["protocol"] = "login", ["steps"] = Steps("/token") };
            authentication[steps] = Steps(url);
            var name = api.NewName();
            JsonObject[] bodies =
            [
                new() { ["name"] = name, ["authentication"] = authentication.DeepClone(), ["allowedHosts"] = new JsonArray("service.example", "xn--bcher-kva.example") },
                new() { ["name"] = name + "Inline", ["url"] = "https://service.example", ["authentication"] = authentication.DeepClone() },
            ];
            foreach (var (route, body) in new[] { "external-credentials", "named-credentials" }.Zip(bodies))
            {
                var answer = await api.ExpectAsync(isTaken ? 201 : 400, isTaken ? null : "invalid-request", "POST", route, body.ToJsonString());
                Assert.Equal(isTaken ? null : $"$.authentication.{steps}[0].request.url", answer.Json?["errors"]?.AsObject().Select(error => error.Key).Single());
            }
        }

        static JsonArray Steps(string url) => new(new JsonObject { ["request"] = new JsonObject { ["url"] = url }, ["extract"] = new JsonObject { ["t"] = "$.t" } });
    }

    [Fact]
    public async Task Create_Read_Replace_Delete()
    {
        var name = api.NewName();
        var created = await api.ExpectAsync(201, null, "POST", "external-credentials", $$"""
            { "name": "{{name}}", "label": "SERVICE login", "description": "d", "authentication": { "protocol": "password" },
              "allowedHosts": ["Service.Example", "*.eu.service.example", "legacy.example:8443", "http://plain.example"],
              "customHeaders": [ { "name": "X-Tenant", "value": "{!$Credential.Tenant}", "sequence": 1 } ] }
            """);
        Assert.EndsWith("/api/v1/external-credentials/" + name, created.Headers.Location?.ToString(), StringComparison.Ordinal);
        Assert.StartsWith("\"", created.ETag, StringComparison.Ordinal);
        var read = await api.ExpectAsync(200, null, "GET", "external-credentials/" + name.ToLowerInvariant());
        Assert.Equal(created.ETag, read.ETag);
        Assert.Equal("default", (string?)read.Json!["principals"]![0]!["name"]);
        Assert.Equal("named", (string?)read.Json["principals"]![0]!["type"]);
        Assert.Equal(1, (int?)read.Json["principals"]![0]!["sequence"]);
        Assert.Equal("notConfigured", (string?)read.Json["principals"]![0]!["status"]);
        Assert.Empty(read.Json["usedBy"]!.AsArray());
        Assert.EndsWith("Z", (string?)read.Json["createdAt"], StringComparison.Ordinal);

        // GET, edit, PUT works with the read form as it is.
        read.Json["label"] = "changed";
        var put = await api.SendAsync("PUT", "external-credentials/" + name, read.Json.ToJsonString(), ifMatch: read.ETag);
        Assert.Equal(200, (int)put.Status);
        Assert.NotEqual(read.ETag, put.ETag);
        await api.ExpectAsync(412, "precondition-failed", "PUT", "external-credentials/" + name, read.Json.ToJsonString(), ifMatch: read.ETag);
        await api.ExpectAsync(412, "precondition-failed", "DELETE", "external-credentials/" + name, ifMatch: read.ETag);
        await api.ExpectAsync(204, null, "DELETE", "external-credentials/" + name, ifMatch: put.ETag);
        await api.ExpectAsync(404, "not-found", "GET", "external-credentials/" + name);
    }

    [Fact]
    public async Task Put_LeftOut_TakesDefaults_SavePrincipalsAndHosts()
    {
        var name = api.NewName();
        await api.ExpectAsync(201, null, "PUT", "external-credentials/" + name, $$"""
            { "label": "l", "authentication": { "protocol": "bearer" }, "allowedHosts": ["a.example"], "principals": [ { "name": "one", "type": "named", "sequence": 2 }, { "name": "two", "sequence": 1 } ] }
            """);
        var put = await api.ExpectAsync(200, null, "PUT", "external-credentials/" + name, """{ "authentication": { "protocol": "bearer" } }""");
        Assert.Null((string?)put.Json!["label"]);
        Assert.Equal(["a.example"], put.Json["allowedHosts"]!.AsArray().Select(host => (string)host!));
        Assert.Equal(2, put.Json["principals"]!.AsArray().Count);
        await api.ExpectAsync(400, "invalid-request", "PUT", "external-credentials/" + name, """{ "name": "Other", "authentication": { "protocol": "bearer" } }""");
    }

    [Theory]
    [InlineData("""{ "name": "X1", "authentication": { "protocol": "password" }, "lable": "x" }""", "$.lable")]
    [InlineData("""{ "name": "X1", "name": "X2", "authentication": { "protocol": "password" } }""", "$.name")]
    [InlineData("""{ "name": "1bad", "authentication": { "protocol": "password" } }""", "$.name")]
    [InlineData("""{ "name": "a__b", "authentication": { "protocol": "password" } }""", "$.name")]
    [InlineData("""{ "name": "X1" }""", "$.authentication")]
    [InlineData("""{ "name": "X1", "authentication": null }""", "$.authentication")]
    [InlineData("""{ "name": "X1", "authentication": { "protocol": "oauth3" } }""", "$.authentication.protocol")]
    [InlineData("""{ "name": "X1", "authentication": { "protocol": "Password" } }""", "$.authentication.protocol")]
    [InlineData("""{ "name": "X1", "authentication": { "protocol": "password", "realm": "x" } }""", "$.authentication.realm")]
    [InlineData("""{ "name": "X1", "authentication": { "protocol": "apiKey", "in": "body", "parameterName": "x" } }""", "$.authentication.in")]
    [InlineData("""{ "name": "X1", "authentication": { "protocol": "apiKey", "in": "header" } }""", "$.authentication.parameterName")]
    [InlineData("""{ "name": "X1", "authentication": { "protocol": "none" }, "allowedHosts": ["*"] }""", "$.allowedHosts[0]")]
    [InlineData("""{ "name": "X1", "authentication": { "protocol": "none" }, "allowedHosts": ["ok.example", "*.example"] }""", "$.allowedHosts[1]")]
    [InlineData("""{ "name": "X1", "authentication": { "protocol": "none" }, "allowedHosts": ["*.1.2.3.4"] }""", "$.allowedHosts[0]")]
    [InlineData("""{ "name": "X1", "authentication": { "protocol": "none" }, "allowedHosts": ["https://h.example/path"] }""", "$.allowedHosts[0]")]
    [InlineData("""{ "name": "X1", "authentication": { "protocol": "none" }, "principals": [ { "name": "a", "type": "everyone", "sequence": 1 } ] }""", "$.principals[0].type")]
    [InlineData("""{ "name": "X1", "authentication": { "protocol": "none" }, "principals": [] }""", "$.principals")]
    [InlineData("""{ "name": "X1", "authentication": { "protocol": "none" }, "principals": [ { "name": "a", "sequence": 1 }, { "name": "A", "sequence": 2 } ] }""", "$.principals[1].name")]
    [InlineData("""{ "name": "X1", "authentication": { "protocol": "none" }, "customHeaders": [ { "name": "Host", "value": "x" } ] }""", "$.customHeaders[0].name")]
    [InlineData("""{ "name": "X1", "authentication": { "protocol": "none" }, "customHeaders": [ { "name": "X-A", "value": "{!$Credential.}" } ] }""", "$.customHeaders[0].value")]
    [InlineData("""{ "name": "X1", "authentication": { "protocol": "none" }, "customHeaders": [ { "name": "X-A", "value": " a" } ] }""", "$.customHeaders[0].value")]
    [InlineData("""{ "name": "X1", "authentication": { "protocol": "none" }, "customHeaders": [ { "name": "X-A", "value": "a " } ] }""", "$.customHeaders[0].value")]
    [InlineData("""{ "name": "X1", "authentication": { "protocol": "none" }, "customHeaders": [ { "name": "X-A", "value": "\ta" } ] }""", "$.customHeaders[0].value")]
    [InlineData("""{ "name": "X1", "authentication": { "protocol": "none" }, "customHeaders": [ { "name": "X-A", "value": " " } ] }""", "$.customHeaders[0].value")]
    [InlineData("""{ "name": "X1", "authentication": { "protocol": "none" }, "customHeaders": [ { "name": "X-A", "value": " {!$Credential.A}" } ] }""", "$.customHeaders[0].value")]
    [InlineData("""{ "name": "X1", "authentication": { "protocol": "none" }, "customHeaders": [ { "name": "X-A", "value": "{!$Credential.A} " } ] }""", "$.customHeaders[0].value")]
    [InlineData("""{ "name": "X1", "authentication": { "protocol": "login", "steps": [ { "request": { "url": "/t", "metod": "GET" } } ], "apply": {} } }""", "$.authentication.steps[0].request.metod")]
    public async Task Create_Invalid_NamesThePath(string json, string path)
    {
        var answer = await api.ExpectAsync(400, "invalid-request", "POST", "external-credentials", json);
        Assert.Contains(path, answer.ErrorPaths);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("{!$Credential.A} {!$Credential.A}")]
    public async Task CustomHeader_IsTaken(string value)
    {
        var name = api.NewName();
        await api.ExpectAsync(
            201, null, "POST", "external-credentials", $$"""{ "name": "{{name}}", "authentication": { "protocol": "custom" }, "customHeaders": [ { "name": "X-A", "value": "{{value}}" } ] }""");
        var read = await api.ExpectAsync(200, null, "GET", "external-credentials/" + name);
        Assert.Equal(value, (string?)read.Json!["customHeaders"]![0]!["value"]);
    }

    [Fact]
    public async Task Sequence_IsAnyNumber()
    {
        var name = api.NewName();
        await api.ExpectAsync(
            201, null, "POST", "external-credentials",
            $$"""{ "name": "{{name}}", "authentication": { "protocol": "none" }, "principals": [ { "name": "a", "sequence": 0 }, { "name": "b", "sequence": -1 } ] }""");
        var read = await api.ExpectAsync(200, null, "GET", "external-credentials/" + name);
        Assert.Equal([0, -1], read.Json!["principals"]!.AsArray().Select(principal => (int)principal!["sequence"]!));
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("""{ "name": "X1", }""")]
    [InlineData("""{ /* c */ "name": "X1" }""")]
    [InlineData("""{ "name": 1, "authentication": { "protocol": "none" } }""")]
    public async Task Create_NotTheJsonWeTake_IsRefused(string json) => await api.ExpectAsync(400, "invalid-request", "POST", "external-credentials", json);

    [Fact]
    public async Task Create_WithoutJson_IsUnsupported()
    {
        var answer = await api.SendAsync("POST", "external-credentials", "name=x", contentType: "application/x-www-form-urlencoded");
        Assert.Equal((415, "unsupported-media-type"), ((int)answer.Status, answer.Code));
        using var compressed = new HttpRequestMessage(HttpMethod.Post, "/api/v1/external-credentials") { Content = new StringContent("{}", new System.Net.Http.Headers.MediaTypeHeaderValue("application/json")) };
        compressed.Content.Headers.ContentEncoding.Add("gzip");
        using var refused = await api.Vault.AdminClient.SendAsync(compressed);
        Assert.Equal(415, (int)refused.StatusCode);
    }

    [Theory]
    [InlineData("operator")]
    [InlineData("auditor")]
    public async Task Create_WithoutJson_ByARoleThatMayNot_IsForbidden(string role)
    {
        using var client = api.Vault.CreateClient(await api.Vault.CreateKeyAsync(role));
        var answer = await api.SendAsync("POST", "external-credentials", "name=x", client, contentType: "text/plain");
        Assert.Equal((403, "forbidden"), ((int)answer.Status, answer.Code));
    }

    [Fact]
    public async Task Create_WithoutJson_IsRecorded()
    {
        await api.SendAsync("POST", "external-credentials", "name=x", contentType: "text/plain");
        var newest = (await api.ExpectAsync(200, null, "GET", "audit?pageSize=1&action=external-credential.created")).Json!["items"]![0]!;
        Assert.Equal((415, "unsupported-media-type", "denied"), ((int?)newest["status"], (string?)newest["code"], (string?)newest["outcome"]));
    }

    [Theory]
    [InlineData("keys/rotate", """{ "bogus": 1 }""", 400)]
    [InlineData("keys/rotate?bogus=1", null, 400)]
    [InlineData("keys/rotate", "not json", 400)]
    [InlineData("keys/rewrap", """{ "bogus": 1 }""", 400)]
    [InlineData("audit/verify", """{ "bogus": 1 }""", 400)]
    [InlineData("audit/verify", "{}", 200)]
    [InlineData("audit/verify", null, 200)]
    public async Task What_TakesNoInput_PassesNoneOver(string route, string? json, int status) =>
        await api.ExpectAsync(status, status == 200 ? null : "invalid-request", "POST", route, json);

    [Fact]
    public async Task What_TakesNoInput_TakesAnEmptyBodyOfAnyKind()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/audit/verify") { Content = new StreamContent(new MemoryStream()) };
        request.Headers.TransferEncodingChunked = true;
        using var response = await api.Vault.AdminClient.SendAsync(request);
        Assert.Equal(200, (int)response.StatusCode);
    }

    [Fact]
    public async Task RefusedUrl_IsToldOnce()
    {
        var answer = await api.ExpectAsync(400, "invalid-request", "POST", "external-credentials", """
            { "name": "OnlyOnce", "authentication": { "protocol": "oauth2", "grant": "clientCredentials", "tokenUrl": "https://h.example/a b" } }
            """);
        Assert.Single(answer.Json!["errors"]!["$.authentication.tokenUrl"]!.AsArray());
    }

    [Theory]
    [InlineData("it's", @"$['it\'s']")]
    [InlineData("a\\nb", @"$['a\nb']")]
    [InlineData("\\r\\n", @"$['\r\n']")]
    public async Task UnknownProperty_IsNamed_WhateverItsName(string property, string path)
    {
        var answer = await api.ExpectAsync(400, "invalid-request", "POST", "apps", $$"""{ "name": "Apo", "{{property}}": 1 }""");
        Assert.Contains("Unknown property", answer.Text, StringComparison.Ordinal);
        Assert.Equal([path], answer.ErrorPaths);
    }

    [Fact]
    public async Task Delete_InUse_NamesTheUsers()
    {
        var name = await api.CreatePairAsync();
        var answer = await api.ExpectAsync(409, "in-use", "DELETE", "external-credentials/" + name);
        Assert.Contains(name, (string?)answer.Json!["detail"], StringComparison.Ordinal);
        var read = await api.ExpectAsync(200, null, "GET", "external-credentials/" + name);
        Assert.Equal([name], read.Json!["usedBy"]!.AsArray().Select(user => (string)user!));
        Assert.Equal("configured", (string?)read.Json["principals"]![0]!["status"]);
        Assert.Equal(["service.example"], read.Json["allowedHosts"]!.AsArray().Select(host => (string)host!));
    }

    [Theory]
    [InlineData("""{ "authentication": { "protocol": "password" }, "allowedHosts": ["service.example", "evil.example"] }""")]
    [InlineData("""{ "authentication": { "protocol": "custom" } }""")]
    public async Task Change_ThatLetsSecretsTravel_NeedsToDiscardThem(string json)
    {
        var name = await api.CreatePairAsync();
        await api.ExpectAsync(409, "secrets-would-travel", "PUT", "external-credentials/" + name, json);
        await api.ExpectAsync(200, null, "PUT", $"external-credentials/{name}?discardSecrets=True", json);
        await api.ExpectAsync(400, "invalid-request", "PUT", $"external-credentials/{name}?discardSecrets=1", json);
        var status = await api.ExpectAsync(200, null, "GET", $"external-credentials/{name}/principals/default/credential");
        Assert.Empty(status.Json!["parameters"]!.AsArray());
    }

    [Theory]
    [InlineData(
        """{ "protocol": "oauth2", "grant": "authorizationCode", "authorizationUrl": "https://a.example/authorize", "tokenUrl": "https://a.example/token" }""",
        """{ "protocol": "oauth2", "grant": "authorizationCode", "authorizationUrl": "https://b.example/authorize", "tokenUrl": "https://a.example/token" }""", true)]
    [InlineData(
        """{ "protocol": "oauth2", "grant": "authorizationCode", "authorizationUrl": "https://b.example/authorize", "tokenUrl": "https://a.example/token" }""",
        """{ "protocol": "oauth2", "grant": "authorizationCode", "authorizationUrl": "https://b.example/other", "tokenUrl": "https://a.example/token" }""", false)]
    [InlineData(
        """{ "protocol": "oauth2", "grant": "authorizationCode", "authorizationUrl": "https://b.example/authorize", "tokenUrl": "https://a.example/token" }""",
        """{ "protocol": "oauth2", "grant": "authorizationCode", "authorizationUrl": "https://a.example/authorize", "tokenUrl": "https://a.example/token" }""", false)]
    [InlineData(
        """{ "protocol": "login", "steps": [ { "request": { "url": "https://a.example/login" }, "extract": { "t": "body" } } ], "apply": { "headers": { "X-T": "{!$Token.t}" } } }""",
        """{ "protocol": "login", "steps": [ { "request": { "url": "/login" }, "extract": { "t": "body" } } ], "apply": { "headers": { "X-T": "{!$Token.t}" } } }""", true)]
    [InlineData(
        """{ "protocol": "login", "steps": [ { "request": { "url": "/login" }, "extract": { "t": "body" } } ], "apply": { "headers": { "X-T": "{!$Token.t}" } } }""",
        """{ "protocol": "login", "steps": [ { "request": { "url": "/other" }, "extract": { "t": "body" } } ], "apply": { "headers": { "X-T": "{!$Token.t}" } } }""", false)]
    public async Task ChangedUrl_OfConsentOrLogin_ThatLeadsElsewhere_NeedsToDiscardSecrets(string before, string after, bool travels)
    {
        var name = api.NewName();
        const string Hosts = "\"allowedHosts\": [\"a.example\", \"b.example\"]";
        await api.ExpectAsync(201, null, "POST", "external-credentials", $$"""{ "name": "{{name}}", "authentication": {{before}}, {{Hosts}} }""");
        await api.ExpectAsync(204, null, "PUT", $"external-credentials/{name}/principals/default/credential", """{ "parameters": { "ClientId": "client", "ClientSecret": "client-secret-1" } }""");
        await api.ExpectAsync(travels ? 409 : 200, travels ? "secrets-would-travel" : null, "PUT", "external-credentials/" + name, $$"""{ "authentication": {{after}}, {{Hosts}} }""");
    }

    [Theory]
    [InlineData("/login", null, "https://a.example/login", null, "\"a.example\"", 200)]
    [InlineData("https://a.example/login", null, "/login", null, "\"a.example\"", 200)]
    [InlineData("/login", null, "/login", "https://a.example/logout", "\"a.example\"", 200)]
    [InlineData("/login", null, "https://b.example/login", null, "\"a.example\"", 422)]
    [InlineData("/login", null, "https://a.example:8443/login", null, "\"a.example\"", 422)]
    [InlineData("/login", null, "http://a.example/login", null, "\"a.example\"", 422)]
    [InlineData("/login", null, "https://a.example/login", null, "\"a.example\", \"b.example\"", 409)]
    [InlineData("https://a.example/login", null, "/login", null, "\"a.example\", \"http://a.example\"", 409)]
    [InlineData("https://x.a.example/login", null, "/login", null, "\"*.a.example\"", 409)]
    public async Task ChangedUrl_OfALogin_ThatCanLeadToOneHostOnly_KeepsTheSecrets(string before, string? logoutBefore, string after, string? logoutAfter, string hosts, int status)
    {
        var name = api.NewName();
        await api.ExpectAsync(201, null, "POST", "external-credentials", $$"""{ "name": "{{name}}", {{Login(before, logoutBefore)}}, "allowedHosts": [{{hosts}}] }""");
        await api.ExpectAsync(204, null, "PUT", $"external-credentials/{name}/principals/default/credential", """{ "parameters": { "Password": "a-password-1" } }""");
        await api.ExpectAsync(status, status switch { 409 => "secrets-would-travel", 422 => "host-not-allowed", _ => null }, "PUT", "external-credentials/" + name, $$"""{ {{Login(after, logoutAfter)}}, "allowedHosts": [{{hosts}}] }""");
        var read = await api.ExpectAsync(200, null, "GET", "external-credentials/" + name);
        Assert.Equal("configured", (string?)read.Json!["principals"]![0]!["status"]);

        static string Login(string url, string? logout) => $$"""
            "authentication": { "protocol": "login", "steps": [ { "request": { "url": "{{url}}", "body": "{!$Credential.Password}" }, "extract": { "t": "body" } } ]
              {{(logout is null ? "" : $$""", "logout": [ { "request": { "url": "{{logout}}" } } ]""")}} }
            """;
    }

    [Fact]
    public async Task Change_ThatNarrowsHosts_KeepsTheSecrets()
    {
        var name = api.NewName();
        await api.ExpectAsync(201, null, "POST", "external-credentials", $$"""{ "name": "{{name}}", "authentication": { "protocol": "bearer" }, "allowedHosts": ["a.example", "b.example"] }""");
        await api.ExpectAsync(204, null, "PUT", $"external-credentials/{name}/principals/default/credential", """{ "parameters": { "Token": "a-token-value" } }""");
        await api.ExpectAsync(200, null, "PUT", "external-credentials/" + name, """{ "authentication": { "protocol": "bearer" }, "allowedHosts": ["a.example"] }""");
        var status = await api.ExpectAsync(200, null, "GET", $"external-credentials/{name}/principals/default/credential");
        Assert.Equal("configured", (string?)status.Json!["status"]);
    }

    [Fact]
    public async Task Credential_PutPatchDelete_AndStatus()
    {
        var name = await api.CreatePairAsync(withSecrets: false);
        var path = $"external-credentials/{name}/principals/default/credential";
        Assert.Equal("notConfigured", (string?)(await api.ExpectAsync(200, null, "GET", path)).Json!["status"]);
        await api.ExpectAsync(204, null, "PUT", path, """{ "parameters": { "Username": "u", "password": "p", "Extra": "e" } }""");
        var status = await api.ExpectAsync(200, null, "GET", path);
        Assert.Equal("configured", (string?)status.Json!["status"]);
        Assert.Equal(["Extra", "password", "Username"], status.Json["parameters"]!.AsArray().Select(parameter => (string)parameter!["name"]!).Order(StringComparer.OrdinalIgnoreCase));
        Assert.Empty(status.Json["tokens"]!.AsArray());
        await api.ExpectAsync(204, null, "PATCH", path, """{ "parameters": { "EXTRA": null, "Password": "p2" } }""");
        status = await api.ExpectAsync(200, null, "GET", path);
        Assert.Equal(2, status.Json!["parameters"]!.AsArray().Count);
        await api.ExpectAsync(204, null, "PUT", path, """{ "parameters": { "Username": "u" } }""");
        Assert.Equal("notConfigured", (string?)(await api.ExpectAsync(200, null, "GET", path)).Json!["status"]);
        await api.ExpectAsync(204, null, "DELETE", path);
        Assert.Empty((await api.ExpectAsync(200, null, "GET", path)).Json!["parameters"]!.AsArray());
        foreach (var bad in new[]
        {
            """{ "parameters": { "1x": "v" } }""", """{ "parameters": { "Body": "v" } }""", """{ "parameters": { "A": "" } }""", """{ "parameters": { "A": 1 } }""",
            """{ "parameters": { "A": "1", "a": "2" } }""", """{ "parameters": { "A": null } }""", """{ }""", """{ "parameters": { "A": "v" }, "x": 1 }""",
        })
        {
            await api.ExpectAsync(400, "invalid-request", "PUT", path, bad);
        }

        await api.ExpectAsync(404, "not-found", "PUT", $"external-credentials/{name}/principals/other/credential", """{ "parameters": { "A": "v" } }""");
    }

    [Fact]
    public async Task Principal_Removed_GoesWithItsSecrets_OnlyWhenSaidSo()
    {
        var name = api.NewName();
        var two = """{ "authentication": { "protocol": "bearer" }, "principals": [ { "name": "one", "sequence": 1 }, { "name": "two", "sequence": 2 } ] }""";
        var one = """{ "authentication": { "protocol": "bearer" }, "principals": [ { "name": "one", "sequence": 1 } ] }""";
        await api.ExpectAsync(201, null, "PUT", "external-credentials/" + name, two);
        await api.ExpectAsync(204, null, "PUT", $"external-credentials/{name}/principals/two/credential", """{ "parameters": { "Token": "a-token-value" } }""");
        var refused = await api.SendAsync("PUT", "external-credentials/" + name, one);
        Assert.Equal(409, (int)refused.Status);
        await api.ExpectAsync(200, null, "PUT", $"external-credentials/{name}?discardSecrets=true", one);
        await api.ExpectAsync(404, "not-found", "GET", $"external-credentials/{name}/principals/two/credential");
    }

    [Fact]
    public async Task List_PagesAndSearches()
    {
        var prefix = api.NewName("Page");
        for (var i = 0; i < 5; i++)
        {
            await api.ExpectAsync(201, null, "POST", "external-credentials", $$"""{ "name": "{{prefix}}_{{i}}", "label": "label {{i}}", "authentication": { "protocol": "none" } }""");
        }

        var names = new List<string>();
        string? token = null;
        do
        {
            var page = await api.ExpectAsync(200, null, "GET", $"external-credentials?pageSize=2&search={prefix}&pageToken={Uri.EscapeDataString(token ?? "")}");
            Assert.InRange(page.Json!["items"]!.AsArray().Count, 1, 2);
            names.AddRange(page.Json["items"]!.AsArray().Select(item => (string)item!["name"]!));
            token = (string?)page.Json["nextPageToken"];
        }
        while (token is not null);
        Assert.Equal(Enumerable.Range(0, 5).Select(i => $"{prefix}_{i}"), names);
        token = (string)(await api.ExpectAsync(200, null, "GET", $"external-credentials?pageSize=2&search={prefix}")).Json!["nextPageToken"]!;
        await api.ExpectAsync(200, null, "GET", $"external-credentials?pageSize=3&search={prefix}&pageToken={token}");
        foreach (var other in new[] { $"apps?search={prefix}&", "external-credentials?search=label&", "external-credentials?" })
        {
            var refused = await api.ExpectAsync(400, "invalid-request", "GET", $"{other}pageToken={token}");
            Assert.Equal(["pageToken"], refused.ErrorPaths);
        }

        foreach (var bad in new[] { "pageSize=0", "pageSize=501", "pageSize=x", "pageToken=%21" })
        {
            await api.ExpectAsync(400, "invalid-request", "GET", "external-credentials?" + bad);
        }
    }

    [Theory]
    [InlineData("bob", "bob")]
    [InlineData("b%6Fb%2F", "bob/")]
    [InlineData("%20bob", null)]
    [InlineData("bob%20", null)]
    [InlineData("b%C3%B6b", null)]
    public async Task User_IsTheOneOfThePath_HoweverThatIsEncoded(string segment, string? user)
    {
        var name = api.NewName();
        await api.ExpectAsync(
            201, null, "POST", "external-credentials",
            $$"""{ "name": "{{name}}", "authentication": { "protocol": "bearer" }, "principals": [ { "name": "default", "type": "perUser", "sequence": 1 } ] }""");
        foreach (var start in new[] { "/api/v1/", "/%61pi/v1/", "/API/%561/" })
        {
            var path = $"{start}external-credentials/{name}/principals/default/users/{segment}/credential";
            using var request = new HttpRequestMessage(HttpMethod.Put, new Uri(api.Vault.AdminClient.BaseAddress + path[1..], new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }))
            {
                Content = new StringContent("""{ "parameters": { "Token": "the-token" } }""", MediaTypeHeaderValue.Parse("application/json")),
            };
            using var answer = await api.Vault.AdminClient.SendAsync(request);
            Assert.True((user is null ? HttpStatusCode.NotFound : HttpStatusCode.NoContent) == answer.StatusCode, $"{start}: {answer.StatusCode}");
            Assert.True(user is not null || (await answer.Content.ReadAsStringAsync()).Contains("1 to 256 printable ASCII characters, no blank at its ends", StringComparison.Ordinal));
        }

        var users = (await api.ExpectAsync(200, null, "GET", $"external-credentials/{name}/principals/default/users")).Json!["items"]!.AsArray();
        Assert.Equal(user is null ? [] : [user], users.Select(item => (string?)item!["user"]));
    }

    [Fact]
    public async Task WhatIsNotThere_IsRefused()
    {
        var name = await api.CreatePairAsync();
        foreach (var (method, path) in new[]
        {
            ("GET", $"external-credentials/{name}/principals/default/users"), ("GET", "nonsense"), ("GET", "external-credentials/9bad"),
        })
        {
            await api.ExpectAsync(404, "not-found", method, path);
        }

        var wrong = await api.ExpectAsync(405, "method-not-allowed", "PATCH", "external-credentials", "{}");
        Assert.Contains("POST", wrong.ContentHeaders.Allow);
    }
}
