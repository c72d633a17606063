using Xunit;

namespace Vault.Api.Tests.Admin;

/// <summary>What is wrong with JSON is said with the place where it is; what is right is taken, however it is written.</summary>
public sealed class StrictJsonTests(AdminFixture api) : IClassFixture<AdminFixture>
{
    [Theory]
    [InlineData("""{ "protocol": "login", "steps": [ { "request": { "url": "/a" } }, { "request": { "url": "/b", "url": "/c" } } ] }""", "$.authentication.steps[1].request.url")]
    [InlineData("""{ "protocol": "password", "protocol": "none" }""", "$.authentication.protocol")]
    [InlineData("""{ "protocol": "custom", "a.b": 1, "a.b": 2 }""", "$.authentication['a.b']")]
    [InlineData("""{ "protocol": "custom", "a'b": 1, "a'b": 2 }""", @"$.authentication['a\'b']")]
    public async Task Duplicate_IsNamed_WhereItIs(string authentication, string path)
    {
        var answer = await api.ExpectAsync(400, "invalid-request", "POST", "external-credentials", $$"""{ "name": "{{api.NewName()}}", "authentication": {{authentication}} }""");
        Assert.Equal([path], answer.ErrorPaths);
        Assert.Contains("twice", answer.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("PUT", """{ "A": "secret-1", "A": "secret-2" }""", "$.parameters.A", "twice")]
    [InlineData("PUT", """{ "A": { "source": "f", "secret": "secret-1", "secret": "secret-2" } }""", "$.parameters.A.secret", "twice")]
    [InlineData("PATCH", """{ "A": { "source": "f", "source": "f", "secret": "secret-1" } }""", "$.parameters.A.source", "twice")]
    [InlineData("PUT", """{ "A": { "source": "f", "secret": "secret-1", "zz": "secret-2" } }""", "$.parameters.A.zz", "nknown property")]
    [InlineData("PUT", """{ "A": { "source": "f", "secret": "secret-1", "field": 5 } }""", "$.parameters.A.field", "Must be a text")]
    [InlineData("PUT", """{ "A": { "source": "f" } }""", "$.parameters.A", "source and secret")]
    [InlineData("PUT", """{ "A": 5 }""", "$.parameters.A", "Must be a text")]
    [InlineData("PUT", """{ "a'b": 5 }""", @"$.parameters['a\'b']", "Must be a text")]
    [InlineData("PATCH", """{ "a.b": { "source": "f", "secret": "secret-1", "zz": "secret-2" } }""", "$.parameters['a.b'].zz", "nknown property")]
    public async Task Parameter_ThatIsNone_IsNamed(string method, string parameters, string path, string message)
    {
        var name = api.NewName();
        await api.ExpectAsync(201, null, "POST", "external-credentials", $$"""{ "name": "{{name}}", "authentication": { "protocol": "custom" } }""");
        var alone = await api.ExpectAsync(400, "invalid-request", method, $"external-credentials/{name}/principals/default/credential", $$"""{ "parameters": {{parameters}} }""");
        var among = await api.ExpectAsync(
            400, "invalid-request", "POST", "definitions/apply",
            $$"""{ "externalCredentials": [ { "name": "{{name}}", "authentication": { "protocol": "custom" }, "principals": [ { "name": "default", "parameters": {{parameters}} } ] } ] }""");
        Assert.Equal([path], alone.ErrorPaths);
        Assert.Equal([path.Replace("$", "$.externalCredentials[0].principals[0]", StringComparison.Ordinal)], among.ErrorPaths);
        Assert.All([alone, among], answer =>
        {
            Assert.Contains(message, answer.Text, StringComparison.Ordinal);
            Assert.DoesNotContain("secret-", answer.Text, StringComparison.Ordinal);
        });
    }

    [Theory]
    [InlineData("""{ "name": "A", "zz": 1 }""", "$.zz")]
    [InlineData("""{ "name": "A", "name ": 1 }""", "$['name ']")]
    [InlineData("""{ "name": "A", "a-b": 1 }""", "$['a-b']")]
    [InlineData("""{ "name": "A", "a.b": 1 }""", "$['a.b']")]
    [InlineData("""{ "name": "A", "a'b": 1 }""", @"$['a\'b']")]
    [InlineData("""{ "name": "A", "a\\b": 1 }""", @"$['a\\b']")]
    [InlineData("""{ "name": "A", "a\tb\u0001": 1 }""", @"$['a\tb\u0001']")]
    [InlineData("""{ "name": "A", "": 1 }""", "$['']")]
    [InlineData("""{ "name": "A", "a'b": 1, "a'b": 1 }""", @"$['a\'b']")]
    [InlineData("""{ "name": "A", "rateLimit": { "rateLimit": 1 } }""", "$.rateLimit.rateLimit")]
    [InlineData("""{ "name": "A", "rateLimit": { "a'b": 1 } }""", @"$.rateLimit['a\'b']")]
    [InlineData("""{ "name": "A", "customHeaders": [ { }, { "x.y": 1 } ] }""", "$.customHeaders[1]['x.y']")]
    [InlineData("""{ "name": "A", "url": "https://h.example", "authentication": { "protocol": "custom", "a'b\\": 1 } }""", @"$.authentication['a\'b\\']")]
    [InlineData("""{ "name": "A", "url": "https://h.example", "authentication": { "protocol": "custom", "parameters": { "a.b": 5 } } }""", "$.authentication.parameters['a.b']")]
    [InlineData("""{ "name": "A", "url": "https://h.example", "authentication": { "protocol": "custom", "parameters": { "A": { "zz": "5" } } } }""", "$.authentication.parameters.A.zz")]
    [InlineData("""{ "name": "A", "url": "https://h.example", "authentication": { "protocol": "password", "username": { "source": "f", "secret": "x", "zz": "5" }, "password": "p" } }""", "$.authentication.username.zz")]
    public async Task Property_ThatIsUnknown_IsNamed_AsJsonPathsName(string json, string path)
    {
        var answer = await api.ExpectAsync(400, "invalid-request", "POST", "named-credentials", json);
        Assert.Equal([path], answer.ErrorPaths);
    }

    [Theory]
    [InlineData("1e9999999999", "$.authentication.claims.deep[1].n")]
    [InlineData("-1E-0000000001", null)]
    [InlineData("-1E-1234567890", "$.authentication.claims.deep[1].n")]
    [InlineData("1e+999999999", null)]
    public async Task NumberThatCantBeCompared_IsRefused_AndOthersAre(string number, string? path)
    {
        var name = api.NewName();
        var body = $$"""{ "name": "{{name}}", "authentication": { "protocol": "jwt", "algorithm": "HS256", "claims": { "deep": [ 0, { "n": {{number}} } ] } }, "allowedHosts": [ "h.example" ] }""";
        if (path is not null)
        {
            Assert.Equal([path], (await api.ExpectAsync(400, "invalid-request", "POST", "external-credentials", body)).ErrorPaths);
            return;
        }

        await api.ExpectAsync(201, null, "POST", "external-credentials", body);
        await api.ExpectAsync(200, null, "POST", "definitions/diff", $$"""{ "externalCredentials": [ {{body}} ] }""");
    }

    [Theory]
    [InlineData("""{ "protocol": "password", "username": { "source": "nowhere", "secret": "x" }, "password": "p" }""", "$.authentication.username")]
    [InlineData("""{ "protocol": "password", "parameters": { "Username": { "source": "nowhere", "secret": "x" }, "Password": "p" } }""", "$.authentication.parameters.Username")]
    public async Task InlineParameter_OfAnUnknownSource_IsNamed_WhereItWasSent(string authentication, string path)
    {
        var answer = await api.ExpectAsync(
            422, "unknown-reference", "POST", "named-credentials", $$"""{ "name": "{{api.NewName()}}", "url": "https://h.example", "authentication": {{authentication}} }""");
        Assert.Equal([path], answer.ErrorPaths);
    }

    [Theory]
    [InlineData("refresh")]
    [InlineData("authorize")]
    public async Task ProtocolWithoutTokens_IsNoFaultOfAProperty(string action)
    {
        var name = await api.CreatePairAsync();
        var answer = await api.ExpectAsync(400, "invalid-request", "POST", $"external-credentials/{name}/principals/default/credential/{action}", "{}");
        Assert.Equal(["$"], answer.ErrorPaths);
    }

    [Fact]
    public async Task Null_WhereNoneMayBe_AndDeepNesting_AreCalledSo()
    {
        var answer = await api.ExpectAsync(
            400, "invalid-request", "POST", "named-credentials", $$"""{ "name": "{{api.NewName()}}", "url": "https://h.example", "authentication": { "protocol": "none" }, "httpVersion": null }""");
        Assert.Equal(["$.httpVersion"], answer.ErrorPaths);
        Assert.Contains("Must not be null", answer.Text, StringComparison.Ordinal);
        var deep = await api.ExpectAsync(
            400, "invalid-request", "POST", "external-credentials",
            $$"""{ "name": "{{api.NewName()}}", "authentication": { "protocol": "login", "steps": {{new string('[', 40)}}{{new string(']', 40)}} } }""");
        Assert.Contains("nested too deep", deep.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("well-formed", deep.Text + answer.Text, StringComparison.Ordinal);
        await api.ExpectAsync(400, "invalid-request", "POST", "external-credentials", "{ \"name\": ");
    }

    [Fact]
    public async Task ReadOnlyProperties_OfAnyType_AreIgnoredOnPut_AndRefusedOnPost()
    {
        var name = await api.CreatePairAsync(withSecrets: false);
        var app = api.NewName("App");
        await api.ExpectAsync(201, null, "PUT", "apps/" + app, """{ "createdAt": 5, "updatedAt": [ { "a": 1 } ] }""");
        await api.ExpectAsync(200, null, "PUT", "named-credentials/" + name, $$"""{ "url": "https://service.example", "externalCredential": "{{name}}", "createdAt": 5, "updatedAt": {} }""");
        await api.ExpectAsync(
            200, null, "PUT", "external-credentials/" + name,
            """{ "authentication": { "protocol": "password" }, "principals": [ { "name": "default", "status": false } ], "createdAt": {}, "updatedAt": 1.5, "usedBy": "nobody" }""");
        var refused = await api.ExpectAsync(
            400, "invalid-request", "POST", "external-credentials", $$"""{ "name": "{{api.NewName()}}", "authentication": { "protocol": "none" }, "createdAt": 5, "usedBy": [] }""");
        Assert.Equal(["$.createdAt", "$.usedBy"], refused.ErrorPaths.Order());
    }

    [Theory]
    [InlineData("2099-01-01t00:00:00z", 201)]
    [InlineData("2099-01-01T00:00:00z", 201)]
    [InlineData("2099-01-01t02:00:00.5+02:00", 201)]
    [InlineData("2099-01-01t00:00:00", 400)]
    [InlineData("2099-01-01 00:00:00z", 400)]
    [InlineData("z", 400)]
    [InlineData("2099-01-01t00:00:00z\\\"", 400)]
    public async Task Time_OfRfc3339_MayBeInLowerCase(string time, int status)
    {
        var answer = await api.SendAsync("POST", "admin-keys", $$"""{ "name": "{{api.NewName("Timed")}}", "role": "auditor", "expiresAt": "{{time}}" }""");
        Assert.True(status == (int)answer.Status, answer.Text);
        if (status == 201)
        {
            Assert.StartsWith("2099-01-01T00:00:00", (string?)answer.Json!["expiresAt"], StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("X1", true)]
    [InlineData("M-SEARCH", true)]
    [InlineData("VERSION_2", true)]
    [InlineData("", false)]
    [InlineData("GET POST", false)]
    [InlineData("GÉT", false)]
    public async Task AllowedMethods_AreThoseThatCalloutsTake(string method, bool isOne)
    {
        var json = $$"""{ "name": "{{api.NewName()}}", "url": "https://h.example", "authentication": { "protocol": "none" }, "allowedRequests": [ { "methods": ["{{method}}"] } ] }""";
        var answer = await api.SendAsync("POST", "named-credentials", json);
        Assert.Equal(isOne ? [] : ["$.allowedRequests[0].methods[0]"], answer.ErrorPaths);
        Assert.Equal(isOne ? 201 : 400, (int)answer.Status);
    }

    [Theory]
    [InlineData("/healthz/live", 200)]
    [InlineData("/metrics", 200)]
    [InlineData("/api/v1/apps", 200)]
    [InlineData("/api/v1/audit", 200)]
    [InlineData("/api/v1/apps/Unknown", 404)]
    [InlineData("/api/v1/definitions/apply", 405)]
    [InlineData("/oauth/callback", 405)]
    public async Task Head_IsAnsweredAsGet_WithoutABody(string path, int status)
    {
        using var request = new HttpRequestMessage(HttpMethod.Head, path);
        using var response = await api.Vault.AdminClient.SendAsync(request);
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Empty(await response.Content.ReadAsByteArrayAsync());
        using var stranger = api.Vault.CreateClient((string?)null);
        using var second = new HttpRequestMessage(HttpMethod.Head, path);
        using var refused = await stranger.SendAsync(second);
        Assert.Equal(path.StartsWith("/api/", StringComparison.Ordinal) ? 401 : status, (int)refused.StatusCode);
    }
}
