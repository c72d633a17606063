using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Vault.Api.Tests.Audit;
using Vault.Api.Tests.Callouts;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Attacks;

/// <summary>Every callout is on record, however it ends; and no record holds what must not be in one, or is more than one line.</summary>
public sealed class AuditRecordTests(CalloutFixture fixture) : IClassFixture<CalloutFixture>
{
    private const string Query = "Canary-Query-1";
    private const string Header = "Canary-Header-2";
    private const string Body = "Canary-Body-3";
    private const string Url = "Canary-Url-4";
    private const string Secret = "Canary-Secret-5";

    [Fact]
    public async Task EveryErrorCode_IsRecorded_WithNothingThatMustNotBeThere()
    {
        const string none = """{ "protocol": "none" }""";
        var secret = $$"""{ "protocol": "custom", "parameters": { "Secret": "{{Secret}}" } }""";
        fixture.Upstream.Answer = async (context, _) =>
        {
            if (context.Request.Path.Value!.Contains("zstd", StringComparison.Ordinal))
            {
                context.Response.Headers.ContentEncoding = "zstd";
            }

            if (context.Request.Path.Value.Contains("slow", StringComparison.Ordinal))
            {
                var gone = new TaskCompletionSource();
                await using var given = context.RequestAborted.Register(gone.SetResult);
                await gone.Task;
                return;
            }

            context.Response.StatusCode = context.Request.Path.Value.Contains("login", StringComparison.Ordinal) ? 500 : 200;
            await context.Response.WriteAsync(Secret);
        };
        var plain = await fixture.CreateAsync(none, path: "/" + Url);
        using var nobody = fixture.Vault.CreateClient("vk_nobody00_0123456789abcdef0123456789abcdef0123456789a");
        var limited = await fixture.CreateAsync(none, """ "rateLimit": { "permits": 1, "perSeconds": 3600 } """);
        await limited.SendAndRecordAsync(HttpMethod.Get, "/p");
        var merging = await fixture.CreateAsync(secret, "\"allowMergeFieldsInBody\": true");
        var cases = new List<(string Code, TestCallout Callout, string Path, string? Body, (string, string)[] Headers)>
        {
            ("unauthenticated", plain with { Client = nobody }, "/p", null, []),
            ("callout-not-granted", plain with { Name = "Unknown" }, "/p", null, []),
            ("request-not-allowed", await fixture.CreateAsync(none, """ "allowedRequests": [ { "methods": ["GET"], "path": "/other" } ] """), "/p", null, []),
            ("request-not-allowed", plain, "/p/%2e%2e/q", null, []),
            ("named-credential-disabled", await fixture.CreateAsync(none, "\"enabled\": false"), "/p", null, []),
            ("rate-limited", limited, "/p", null, []),
            ("merge-field-invalid", merging, "/p", Body + "{!$Credential.Nope}", []),
            ("merge-unsupported-content", merging, "/p", Body, [("Content-Type", "text/plain; charset=utf-16")]),
            ("secret-not-a-header-value", await fixture.CreateAsync(
                """{ "protocol": "custom", "parameters": { "Secret": "Canary-Secret-5\nX: y" } }""", """ "customHeaders": [ { "name": "X-Secret", "value": "{!$Credential.Secret}" } ] """), "/p", null, []),
            ("body-too-large", await fixture.CreateAsync(none, "\"maxRequestBytes\": 5"), "/p", Body, []),
            ("egress-denied", await ToAsync("http://10.11.12.13/" + Url), "/p", null, []),
            ("upstream-unreachable", await ToAsync("http://127.0.0.1:9/" + Url), "/p", null, []),
            ("upstream-timeout", await fixture.CreateAsync(none, "\"timeoutSeconds\": 1"), "/slow", null, []),
            ("response-not-inspectable", await fixture.CreateAsync(secret), "/zstd", null, []),
            ("token-request-failed", await fixture.CreateAsync(
                $$"""{ "protocol": "login", "steps": [ { "request": { "method": "POST", "url": "/login", "body": "{!$Credential.Secret}" }, "extract": { "t": "$.t" } } ], "apply": { "headers": { "Authorization": "{!$Token.t}" } }, "parameters": { "Secret": "{{Secret}}" } }"""), "/p", null, []),
            ("credential-not-configured", await ExternalAsync("\"principals\": [ { \"name\": \"default\", \"type\": \"named\", \"sequence\": 1 } ]"), "/p", null, []),
            ("user-required", await ExternalAsync("\"principals\": [ { \"name\": \"default\", \"type\": \"perUser\", \"sequence\": 1 } ]"), "/p", null, []),
        };
        var ids = new Dictionary<string, (string Code, string Name)>();
        foreach (var (code, callout, path, body, headers) in cases)
        {
            using var answer = await callout.SendAsync(
                body is null ? HttpMethod.Get : HttpMethod.Post, $"{path}?q={Query}", body, headers is [("Content-Type", var type)] ? type : "text/plain", [.. headers, ("X-Note", Header), ("User-Agent", Header)]);
            Assert.True(answer.Headers.TryGetValues("X-Vault-Error", out var error) && error.Single() == code, $"{code}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
            ids.Add(answer.Headers.GetValues("X-Vault-Request-Id").Single(), (code, callout.Name));
        }

        var export = await fixture.Vault.AdminClient.GetStringAsync("/api/v1/audit/export");
        SecretForms.AssertAbsent(export, "the audit", Query, Header, Body, Url, Secret);
        var records = AuditBench.Lines(export).Where(record => record.GetProperty("action").GetString() == "callout").GroupBy(record => record.GetProperty("id").GetString()!).ToDictionary(group => group.Key, group => group.Last());
        foreach (var (id, (code, name)) in ids)
        {
            Assert.True(records.TryGetValue(id, out var record), $"{code} of {name} isn't on record.");
            Assert.Equal(code, record.GetProperty("code").GetString());
            Assert.Contains(record.GetProperty("outcome").GetString(), (string[])["denied", "failed"]);
            Assert.Equal("127.0.0.1", record.GetProperty("remoteAddress").GetString());
        }

        async Task<TestCallout> ToAsync(string url)
        {
            var name = fixture.NewName();
            await fixture.Vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""{ "name": "{{name}}", "url": "{{url}}", "authentication": { "protocol": "none" } }""");
            return await ClientAsync(name);
        }

        async Task<TestCallout> ExternalAsync(string settings)
        {
            var name = fixture.NewName();
            await fixture.Vault.AdminAsync(HttpMethod.Post, "/api/v1/external-credentials", $$"""{ "name": "{{name}}", "authentication": { "protocol": "password" }, {{settings}} }""");
            await fixture.Vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""{ "name": "{{name}}", "url": "{{fixture.Upstream.Url}}/{{Url}}", "externalCredential": "{{name}}" }""");
            return await ClientAsync(name);
        }

        async Task<TestCallout> ClientAsync(string name)
        {
            var key = await fixture.Vault.CreateAppAsync("App" + name, name);
            return new TestCallout(fixture, name, key, fixture.Vault.CreateClient(key));
        }
    }

    [Fact]
    public async Task KeyThatWasTakenForAName_IsNotInTheAudit()
    {
        var callout = await fixture.CreateAsync("""{ "protocol": "none" }""");
        using var deleted = await fixture.Vault.AdminClient.DeleteAsync("/api/v1/admin-keys/" + callout.Key);
        using var made = await fixture.Vault.AdminClient.PostAsync(
            "/api/v1/apps", new StringContent($$"""{ "name": "{{callout.Key}}" }""", new System.Net.Http.Headers.MediaTypeHeaderValue("application/json")));
        using var called = await callout.SendAsync(HttpMethod.Get, $"/{callout.Key}/x");
        Assert.Equal((404, 400, 200), ((int)deleted.StatusCode, (int)made.StatusCode, (int)called.StatusCode));
        var export = await fixture.Vault.AdminClient.GetStringAsync("/api/v1/audit/export");
        Assert.DoesNotContain(callout.Key.Split('_', 3)[2], export, StringComparison.Ordinal);
        Assert.Contains(callout.Key.Split('_')[1], export, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ControlCharactersQuotesAndEscapes_NeverMakeASecondRecord()
    {
        const string evil = "\r\n\u001b[31m{\"id\":\"forged\",\"action\":\"callout\"}\u2028\u0085";
        var encoded = Uri.EscapeDataString(evil);
        var callout = await fixture.CreateAsync("""{ "protocol": "none" }""");
        await fixture.Vault.AdminAsync(HttpMethod.Put, $"/api/v1/apps/App{callout.Name}", """{ "mayAssertUser": true }""");
        foreach (var (path, headers) in new (string, (string, string)[])[]
        {
            ("/x/" + encoded, []), ("/x/%0d%0a%7b", []), ("/x\"},{\"a\":\"", []), ("/ok", [("X-Vault-User", "\"},{\"id\":\"forged\"}")]), ("/ok", [("X-Vault-Principal", "{\"id\":1}")]), ("/ok", [("User-Agent", "a\u001b[31m")]),
        })
        {
            using var answer = await callout.SendAsync(HttpMethod.Get, path, headers: headers);
        }

        using var route = await (callout with { Name = encoded }).SendAsync(HttpMethod.Get, "/x");
        using var admin = await fixture.Vault.AdminClient.PutAsync("/api/v1/apps/" + encoded, new StringContent("{}", new System.Net.Http.Headers.MediaTypeHeaderValue("application/json")));
        using var named = await fixture.Vault.AdminClient.PostAsync(
            "/api/v1/apps", new StringContent(new JsonObject { ["name"] = evil }.ToJsonString(), new System.Net.Http.Headers.MediaTypeHeaderValue("application/json")));
        Assert.Equal(HttpStatusCode.BadRequest, named.StatusCode);
        await RawClient.SendAsync(
            fixture.Vault.AdminClient.BaseAddress ?? fixture.Vault.ClientOptions.BaseAddress, text => text.Contains("\r\n\r\n", StringComparison.Ordinal),
            "G\"T /callout/" + callout.Name + "/x\u001b[31m HTTP/1.1\r\nHost: x\r\nX-Vault-Key: " + callout.Key + "\r\nConnection: close\r\n\r\n");

        var export = await fixture.Vault.AdminClient.GetStringAsync("/api/v1/audit/export");
        Assert.DoesNotContain(export, character => character is < ' ' and not '\n' or '\u007f' or '\u0085' or '\u2028');
        var lines = export.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.All(lines, line => Assert.Equal(JsonValueKind.Object, JsonSerializer.Deserialize<JsonElement>(line).ValueKind));
        Assert.DoesNotContain(AuditBench.Lines(export), record => record.GetProperty("id").GetString() is "forged" or "1");
        Assert.Contains(AuditBench.Lines(export), record => record.GetProperty("user").GetString() == "\"},{\"id\":\"forged\"}");
        var verdict = (await fixture.Vault.AdminAsync(HttpMethod.Post, "/api/v1/audit/verify"))!;
        Assert.True((bool)verdict["valid"]! && (long)verdict["entries"]! >= lines.Length, verdict.ToJsonString());
        Assert.DoesNotContain(fixture.Vault.Logs.Lines, line => line.Contains('\u001b', StringComparison.Ordinal));
    }
}
