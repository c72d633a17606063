using System.Globalization;
using System.Text.Json.Nodes;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Admin;

public sealed class NamedCredentialTests(AdminFixture api) : IClassFixture<AdminFixture>
{
    [Fact]
    public async Task Create_ShowsEverySetting_WithItsDefault()
    {
        var name = await api.CreatePairAsync(withSecrets: false);
        var read = await api.ExpectAsync(200, null, "GET", "named-credentials/" + name);
        Assert.Equal($"https://service.example/{name}", (string?)read.Json!["url"]);
        Assert.Equal(name, (string?)read.Json["externalCredential"]);
        Assert.True((bool?)read.Json["generateAuthorizationHeader"]);
        Assert.False((bool?)read.Json["allowMergeFieldsInHeader"]);
        Assert.False((bool?)read.Json["allowMergeFieldsInBody"]);
        Assert.True((bool?)read.Json["enabled"]);
        Assert.Equal(100, (int?)read.Json["timeoutSeconds"]);
        Assert.True((bool?)read.Json["retryOnUnauthorized"]);
        Assert.True((bool?)read.Json["redactResponses"]);
        Assert.Empty(read.Json["customHeaders"]!.AsArray());
        var put = await api.SendAsync("PUT", "named-credentials/" + name, read.Json.ToJsonString(), ifMatch: read.ETag);
        Assert.True((int)put.Status == 200, put.Text);
    }

    [Theory]
    [InlineData("ftp://h.example/")]
    [InlineData("//h.example/")]
    [InlineData("/relative")]
    [InlineData("https://user:pw@h.example/")]
    [InlineData("https://h.example/#frag")]
    [InlineData("https://h.example/a/../b")]
    [InlineData("https://h.example/a/%2e%2e/b")]
    [InlineData("https://h.example\\\\x")]
    [InlineData("https://{!$Credential.Host}/x")]
    [InlineData("https://h{!$Credential.Host}.example/x")]
    [InlineData("https://h.example:{!$Credential.Port}/x")]
    [InlineData("https://h.example/{!$Credential.}")]
    [InlineData("")]
    public async Task Url_ThatIsNotOne_IsRefused(string url)
    {
        await api.ExpectAsync(201, null, "POST", "external-credentials", $$"""{ "name": "{{api.NewName("E")}}", "authentication": { "protocol": "none" } }""");
        var answer = await api.ExpectAsync(400, "invalid-request", "POST", "named-credentials", $$"""{ "name": "{{api.NewName()}}", "url": "{{url}}", "authentication": { "protocol": "none" } }""");
        Assert.Contains("$.url", answer.ErrorPaths);
    }

    [Theory]
    [InlineData("\"rateLimit\": { \"permits\": 0 }", "$.rateLimit.permits")]
    [InlineData("\"rateLimit\": { \"permits\": 1, \"perSeconds\": 0 }", "$.rateLimit.perSeconds")]
    [InlineData("\"rateLimit\": { \"permits\": 1, \"perMinutes\": 1 }", "$.rateLimit.perMinutes")]
    [InlineData("\"clientCertificate\": {}", "$.clientCertificate")]
    [InlineData("\"serverCertificates\": \"x\"", "$.serverCertificates")]
    [InlineData("\"timeoutSeconds\": 0", "$.timeoutSeconds")]
    [InlineData("\"timeoutSeconds\": \"5\"", "$.timeoutSeconds")]
    [InlineData("\"allowedRequests\": [ { \"methods\": [\"GET\"], \"path\": \"record\" } ]", "$.allowedRequests[0].path")]
    [InlineData("\"generateAuthorizationheader\": false", "$.generateAuthorizationheader")]
    [InlineData("\"httpVersion\": \"3\"", "$.httpVersion")]
    public async Task Setting_ThatIsNotOne_IsRefused(string setting, string path)
    {
        var answer = await api.ExpectAsync(
            400, "invalid-request", "POST", "named-credentials", $$"""{ "name": "{{api.NewName()}}", "url": "https://h.example", "authentication": { "protocol": "none" }, {{setting}} }""");
        Assert.Contains(path, answer.ErrorPaths);
    }

    [Theory]
    [InlineData("-----BEGIN PRIVATE KEY-----\nQ2FuYXJ5\n-----END PRIVATE KEY-----\n")]
    [InlineData("-----BEGIN ENCRYPTED PRIVATE KEY-----\nQ2FuYXJ5\n-----END ENCRYPTED PRIVATE KEY-----\n")]
    [InlineData("-----BEGIN EC PRIVATE KEY-----\nQ2FuYXJ5\n-----END EC PRIVATE KEY-----\n")]
    [InlineData("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nQ2FuYXJ5\n-----END RSA PRIVATE KEY-----\n")]
    [InlineData("-----BEGIN CERTIFICATE-----\nQ2FuYXJ5\n-----END CERTIFICATE-----\n")]
    [InlineData("-----BEGIN PRIVATE KEY-----\nQ2FuYXJ5")]
    public async Task ServerCertificates_WithAnotherBlockBeside_AreRefused_AndNotQuoted(string block)
    {
        using var certificates = new TestCertificates();
        foreach (var bundle in new[] { certificates.Pem + "\n" + block, block + "\n" + certificates.Pem })
        {
            var refused = await api.ExpectAsync(400, "invalid-request", "POST", "named-credentials", Trusting(api.NewName(), bundle));
            Assert.Equal(["$.serverCertificates"], refused.ErrorPaths);
            Assert.DoesNotContain("Q2FuYXJ5", refused.Text, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("{0}", "{0}")]
    [InlineData("\r\n{0}\r\n\r\n{1}\r\n", "\r\n{0}\r\n\r\n{1}\r\n")]
    [InlineData(" 0 s:CN = Canary\n{0}\n 1 s:CN = Canary\n{1}\nCanary", "\n{0}\n{1}\n")]
    public async Task ServerCertificates_KeepWhatIsTrusted_AndNoTextBeside(string sent, string kept)
    {
        using var one = new TestCertificates();
        using var two = new TestCertificates();
        var name = api.NewName();
        await api.ExpectAsync(201, null, "POST", "named-credentials", Trusting(name, string.Format(CultureInfo.InvariantCulture, sent, one.Pem, two.Pem)));
        var read = await api.ExpectAsync(200, null, "GET", "named-credentials/" + name);
        Assert.Equal(string.Format(CultureInfo.InvariantCulture, kept, one.Pem, two.Pem), (string?)read.Json!["serverCertificates"]);
        await api.ExpectAsync(200, null, "PUT", "named-credentials/" + name, read.Json.ToJsonString());
    }

    private static string Trusting(string name, string certificates) => new JsonObject
    {
        ["name"] = name,
        ["url"] = "https://h.example",
        ["authentication"] = new JsonObject { ["protocol"] = "none" },
        ["serverCertificates"] = certificates,
    }.ToJsonString();

    [Fact]
    public async Task Reference_ThatIsUnknown_OrHostNotAllowed_IsUnprocessable()
    {
        await api.ExpectAsync(422, "unknown-reference", "POST", "named-credentials", $$"""{ "name": "{{api.NewName()}}", "url": "https://h.example", "externalCredential": "Unknown" }""");
        var external = api.NewName();
        await api.ExpectAsync(201, null, "POST", "external-credentials", $$"""{ "name": "{{external}}", "authentication": { "protocol": "none" }, "allowedHosts": ["a.example", "*.b.example", "c.example:8443"] }""");
        foreach (var url in new[] { "https://evil.example", "https://b.example", "https://xb.example", "https://a.example.evil", "http://a.example", "https://a.example:444", "https://c.example" })
        {
            await api.ExpectAsync(422, "host-not-allowed", "POST", "named-credentials", $$"""{ "name": "{{api.NewName()}}", "url": "{{url}}", "externalCredential": "{{external}}" }""");
        }

        foreach (var url in new[] { "https://A.example.", "https://a.example:443/x", "https://x.b.example", "https://y.x.b.example", "https://c.example:8443" })
        {
            await api.ExpectAsync(201, null, "POST", "named-credentials", $$"""{ "name": "{{api.NewName()}}", "url": "{{url}}", "externalCredential": "{{external}}" }""");
        }
    }

    [Fact]
    public async Task Name_IsUnique_WithoutRegardToCase()
    {
        var name = await api.CreatePairAsync(withSecrets: false);
        await api.ExpectAsync(409, "already-exists", "POST", "named-credentials", $$"""{ "name": "{{name.ToLowerInvariant()}}", "url": "https://service.example", "externalCredential": "{{name}}" }""");
    }

    [Fact]
    public async Task Inline_MakesUpdatesAndRemoves_ItsExternalCredential()
    {
        var name = api.NewName();
        string Json(string authentication, string host = "h.example") => $$"""{ "name": "{{name}}", "url": "https://{{host}}", "authentication": {{authentication}} }""";
        var created = await api.ExpectAsync(201, null, "POST", "named-credentials", Json("""{ "protocol": "password", "username": "u", "password": "p" }"""));
        Assert.Equal(name, (string?)created.Json!["externalCredential"]);
        Assert.Null(created.Json["authentication"]);
        Assert.DoesNotContain("\"u\"", created.Text, StringComparison.Ordinal);
        var status = $"external-credentials/{name}/principals/default/credential";
        Assert.Equal("configured", (string?)(await api.ExpectAsync(200, null, "GET", status)).Json!["status"]);

        // None sent keeps them, sent replaces the set.
        await api.ExpectAsync(200, null, "PUT", "named-credentials/" + name, Json("""{ "protocol": "password" }"""));
        Assert.Equal("configured", (string?)(await api.ExpectAsync(200, null, "GET", status)).Json!["status"]);
        await api.ExpectAsync(200, null, "PUT", "named-credentials/" + name, Json("""{ "protocol": "password", "parameters": { "Username": "u2" } }"""));
        Assert.Equal("notConfigured", (string?)(await api.ExpectAsync(200, null, "GET", status)).Json!["status"]);
        await api.ExpectAsync(200, null, "PUT", "named-credentials/" + name, Json("""{ "protocol": "password", "username": "u", "password": "p" }"""));

        // Another host needs all parameters anew.
        await api.ExpectAsync(409, "secrets-would-travel", "PUT", "named-credentials/" + name, Json("""{ "protocol": "password" }""", "evil.example"));
        await api.ExpectAsync(200, null, "PUT", "named-credentials/" + name, Json("""{ "protocol": "password", "username": "u", "password": "p" }""", "other.example"));
        await api.ExpectAsync(204, null, "DELETE", "named-credentials/" + name);
        await api.ExpectAsync(404, "not-found", "GET", "external-credentials/" + name);
    }

    [Theory]
    [InlineData("""{ "protocol": "password", "username": "u", "passwort": "p" }""", "$.authentication.passwort")]
    [InlineData("""{ "protocol": "custom", "key": "v" }""", "$.authentication.key")]
    [InlineData("""{ "protocol": "password", "username": "" }""", "$.authentication.username")]
    public async Task Inline_Invalid_NamesThePath(string authentication, string path)
    {
        var answer = await api.ExpectAsync(400, "invalid-request", "POST", "named-credentials", $$"""{ "name": "{{api.NewName()}}", "url": "https://h.example", "authentication": {{authentication}} }""");
        Assert.Contains(path, answer.ErrorPaths);
    }

    [Fact]
    public async Task Inline_WhereAnotherExternalCredentialHasTheName_Conflicts()
    {
        var name = api.NewName();
        await api.ExpectAsync(201, null, "POST", "external-credentials", $$"""{ "name": "{{name}}", "authentication": { "protocol": "none" } }""");
        await api.ExpectAsync(409, "already-exists", "POST", "named-credentials", $$"""{ "name": "{{name}}", "url": "https://h.example", "authentication": { "protocol": "none" } }""");
        await api.ExpectAsync(404, "not-found", "GET", "named-credentials/" + name);
        await api.ExpectAsync(400, "invalid-request", "POST", "named-credentials", $$"""{ "name": "{{name}}", "url": "https://h.example" }""");
        await api.ExpectAsync(400, "invalid-request", "POST", "named-credentials", $$"""{ "name": "{{name}}", "url": "https://h.example", "externalCredential": "{{name}}", "authentication": { "protocol": "none" } }""");
    }

    [Theory]
    [InlineData("alpha", "\"externalCredential\": \"{0}\"", 409)]
    [InlineData("ALPHA", "\"externalCredential\": \"{0}\"", 409)]
    [InlineData("alpha", "\"authentication\": {{ \"protocol\": \"none\" }}", 409)]
    [InlineData("default", "\"externalCredential\": \"{0}\"", 200)]
    [InlineData("default", "\"authentication\": {{ \"protocol\": \"none\" }}", 200)]
    [InlineData("*", "\"externalCredential\": \"{0}\"", 200)]
    public async Task Relink_ToWhatLacksAGrantedPrincipal_IsInUse(string granted, string link, int status)
    {
        var (external, other, name, app) = (api.NewName(), api.NewName(), api.NewName(), api.NewName("App"));
        await api.ExpectAsync(
            201, null, "POST", "external-credentials",
            $$"""{ "name": "{{external}}", "authentication": { "protocol": "none" }, "principals": [ { "name": "alpha" }, { "name": "default" } ] }""");
        await api.ExpectAsync(201, null, "POST", "external-credentials", $$"""{ "name": "{{other}}", "authentication": { "protocol": "none" } }""");
        await api.ExpectAsync(201, null, "PUT", "named-credentials/" + name, $$"""{ "url": "https://h.example", "externalCredential": "{{external}}" }""");
        await api.ExpectAsync(201, null, "PUT", "apps/" + app, "{}");
        await api.ExpectAsync(201, null, "PUT", $"apps/{app}/grants/{name}", $$"""{ "principals": ["{{granted}}"] }""");
        var relinked = $$"""{ "url": "https://h.example", {{string.Format(CultureInfo.InvariantCulture, link, other)}} }""";
        var answer = await api.ExpectAsync(status, status == 409 ? "in-use" : null, "PUT", "named-credentials/" + name, relinked);
        if (status == 409)
        {
            Assert.Contains($"The principal alpha is granted to the app {app}", (string?)answer.Json!["detail"], StringComparison.Ordinal);
            Assert.Equal(external, (string?)(await api.ExpectAsync(200, null, "GET", "named-credentials/" + name)).Json!["externalCredential"]);
            await api.ExpectAsync(404, "not-found", "GET", "external-credentials/" + name);
            await api.ExpectAsync(204, null, "DELETE", $"apps/{app}/grants/{name}");
            await api.ExpectAsync(200, null, "PUT", "named-credentials/" + name, relinked);
        }
    }

    [Fact]
    public async Task Operator_MayNotOpenWhatSecretsCouldLeaveBy()
    {
        var name = await api.CreatePairAsync();
        using var client = api.Vault.CreateClient(await api.Vault.CreateKeyAsync("operator"));
        string Json(string more, string url = "https://service.example/op") => $$"""{ "url": "{{url}}", "externalCredential": "{{name}}"{{(more.Length == 0 ? "" : ", " + more)}} }""";
        var op = api.NewName();
        await api.ExpectAsync(201, null, "PUT", "named-credentials/" + op, Json(""), client);
        foreach (var (more, path) in new[]
        {
            ("\"allowMergeFieldsInBody\": true", "$.allowMergeFieldsInBody"), ("\"allowMergeFieldsInHeader\": true", "$.allowMergeFieldsInHeader"), ("\"redactResponses\": false", "$.redactResponses"),
            ("\"customHeaders\": [ { \"name\": \"X-A\", \"value\": \"{!$Credential.Password}\" } ]", "$.customHeaders"),
        })
        {
            var answer = await api.ExpectAsync(403, "forbidden", "PUT", "named-credentials/" + op, Json(more), client);
            Assert.Contains(answer.ErrorPaths, error => error.StartsWith(path, StringComparison.Ordinal));
        }

        await api.ExpectAsync(403, "forbidden", "PUT", "named-credentials/" + op, Json("", "https://service.example/{!$Credential.Password}"), client);
        await api.ExpectAsync(403, "forbidden", "PUT", "named-credentials/" + op, Json("", "http://service.example/"), client);
        await api.ExpectAsync(403, "forbidden", "PUT", "named-credentials/" + api.NewName(), """{ "url": "https://h.example", "authentication": { "protocol": "none" } }""", client);

        // What an admin allowed for the secrets of one external credential isn't allowed for those of another.
        await api.ExpectAsync(200, null, "PUT", "named-credentials/" + op, Json("\"allowMergeFieldsInBody\": true"));
        await api.ExpectAsync(200, null, "PUT", "named-credentials/" + op, Json("\"allowMergeFieldsInBody\": true, \"label\": \"x\""), client);
        var high = await api.CreatePairAsync();
        await api.ExpectAsync(403, "forbidden", "PUT", "named-credentials/" + op, Json("\"allowMergeFieldsInBody\": true").Replace(name, high, StringComparison.Ordinal), client);
        await api.ExpectAsync(200, null, "PUT", "named-credentials/" + op, Json("").Replace(name, high, StringComparison.Ordinal), client);
        var fresh = api.NewName();
        await api.ExpectAsync(201, null, "POST", "external-credentials", $$"""{ "name": "{{fresh}}", "authentication": { "protocol": "none" } }""");
        await api.ExpectAsync(403, "forbidden", "PUT", "named-credentials/" + api.NewName(), $$"""{ "url": "https://h.example", "externalCredential": "{{fresh}}" }""", client);
    }
}
