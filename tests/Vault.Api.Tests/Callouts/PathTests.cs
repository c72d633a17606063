using System.Net;
using Xunit;

namespace Vault.Api.Tests.Callouts;

public sealed class PathTests(CalloutFixture fixture) : IClassFixture<CalloutFixture>
{
    [Theory]
    [InlineData("", "", "/")]
    [InlineData("", "/", "/")]
    [InlineData("/api", "", "/api")]
    [InlineData("/api", "/", "/api/")]
    [InlineData("/api/", "", "/api/")]
    [InlineData("/api/", "/x", "/api/x")]
    [InlineData("/api", "//x", "/api//x")]
    [InlineData("/api", "/a%2Fb/%c3%a4?q=%20&r=a+b", "/api/a%2Fb/%c3%a4?q=%20&r=a+b")]
    [InlineData("/api", "?q", "/api?q")]
    [InlineData("/api?k=1", "/x?q", "/api/x?k=1&q")]
    [InlineData("/api?", "", "/api?")]
    [InlineData("/api?", "/x?q", "/api/x?q")]
    [InlineData("/api?k=1", "?", "/api?k=1")]
    [InlineData("/api", "/http://evil.example/", "/api/http://evil.example/")]
    [InlineData("/api", "/a;b=c/d:e@f", "/api/a;b=c/d:e@f")]
    public async Task Target_IsJoined_ByteForByte(string url, string path, string target)
    {
        var callout = await fixture.CreateAsync("""{ "protocol": "none" }""", path: url);
        var seen = await callout.SendAndRecordAsync(HttpMethod.Get, path);
        Assert.Equal(target, seen.Target);
    }

    [Theory]
    [InlineData("/../admin")]
    [InlineData("/%2e%2e/admin")]
    [InlineData("/..%2fadmin")]
    [InlineData("/%2e%2e%2fadmin")]
    [InlineData("/..%5cadmin")]
    [InlineData("/%252e%252e/admin")]
    [InlineData("/%25252e%25252e/admin")]
    [InlineData("/a/..;x=1/b")]
    [InlineData("/a/./b")]
    [InlineData("/%ff")]
    [InlineData("/%c0%af")]
    [InlineData("/%zz")]
    [InlineData("/%0d%0a")]
    [InlineData("/a\\..\\b")]
    public async Task Target_ThatLeavesTheUrl_IsRefused(string path)
    {
        var callout = await fixture.CreateAsync("""{ "protocol": "none" }""", path: "/api");
        await callout.SendRefusedAsync("request-not-allowed", HttpStatusCode.Forbidden, HttpMethod.Get, path);
    }

    [Fact]
    public async Task AllowedRequests_DecideByMethodAndPath()
    {
        var callout = await fixture.CreateAsync(
            """{ "protocol": "none" }""", "\"allowedRequests\": [ { \"methods\": [\"GET\"], \"path\": \"/record/**\" }, { \"methods\": [\"POST\"], \"path\": \"/a/*/c\" } ]");
        await callout.SendAndRecordAsync(HttpMethod.Get, "/record");
        await callout.SendAndRecordAsync(HttpMethod.Get, "/record/1/2");
        await callout.SendAndRecordAsync(HttpMethod.Post, "/a/b/c");
        var overridden = await callout.SendAndRecordAsync(HttpMethod.Get, "/record", headers: ("X-HTTP-Method-Override", "DELETE"));
        Assert.Null(overridden.Header("X-HTTP-Method-Override"));
        foreach (var (method, path) in new[] { (HttpMethod.Post, "/record"), (HttpMethod.Get, "/records"), (HttpMethod.Get, "/Record"), (HttpMethod.Post, "/a/b%2Fx/d/c"), (HttpMethod.Get, "") })
        {
            await callout.SendRefusedAsync("request-not-allowed", HttpStatusCode.Forbidden, method, path);
        }
    }

    [Fact]
    public async Task Trace_IsNeverSent()
    {
        var callout = await fixture.CreateAsync("""{ "protocol": "none" }""");
        await callout.SendRefusedAsync("request-not-allowed", HttpStatusCode.Forbidden, HttpMethod.Trace, "/x");
    }

    [Theory]
    [InlineData("PURGE")]
    [InlineData("PATCH")]
    [InlineData("OPTIONS")]
    public async Task AnyMethod_IsSent(string method)
    {
        var callout = await fixture.CreateAsync("""{ "protocol": "none" }""");
        Assert.Equal(method, (await callout.SendAndRecordAsync(new HttpMethod(method), "/x", "body")).Method);
    }

    [Fact]
    public async Task Url_WithFields_IsFilledIn_PercentEncoded_AndKeepsItsPath()
    {
        const string Path = "/t/{!$Credential.Tenant}/x?k={!$Credential.Key1}";
        var callout = await fixture.CreateAsync("""{ "protocol": "custom", "parameters": { "Tenant": "a/b c", "Key1": "1&2=3" } }""", path: Path);
        Assert.Equal("/t/a%2Fb%20c/x/r?k=1%262%3D3&q", (await callout.SendAndRecordAsync(HttpMethod.Get, "/r?q")).Target);
        var leaving = await fixture.CreateAsync("""{ "protocol": "custom", "parameters": { "Tenant": "..", "Key1": "1" } }""", path: Path);
        await leaving.SendRefusedAsync("merge-field-invalid", HttpStatusCode.BadRequest, HttpMethod.Get, "/r");
    }

    [Theory]
    [InlineData("{!$Credential.A}", "CORP\\svc", "CORP%5Csvc")]
    [InlineData("{!$Credential.A}", "CORP%5Csvc", "CORP%255Csvc")]
    [InlineData("{!URLENCODE($Credential.A)}", "CORP\\svc", "CORP%5Csvc")]
    [InlineData("{!RAW($Credential.A)}", "CORP\\svc", null)]
    [InlineData("{!$Credential.A}", "..\\admin", null)]
    [InlineData("{!$Credential.A}", "a\\..\\..\\admin", null)]
    [InlineData("{!$Credential.A}", "a%5C..%255Cadmin", null)]
    [InlineData("{!$Credential.A}", "a\\.;x", null)]
    public async Task Url_WithABackslashInAValue_IsSentEncoded_UnlessItClimbs(string field, string value, string? sent)
    {
        var callout = await fixture.CreateAsync(
            $$"""{ "protocol": "custom", "parameters": { "A": {{System.Text.Json.JsonSerializer.Serialize(value)}} } }""", path: $"/u/{field}/x");
        if (sent is null)
        {
            await callout.SendRefusedAsync("merge-field-invalid", HttpStatusCode.BadRequest, HttpMethod.Get, "/r");
            return;
        }

        Assert.Equal($"/u/{sent}/x/r", (await callout.SendAndRecordAsync(HttpMethod.Get, "/r")).Target);
        await callout.SendRefusedAsync("request-not-allowed", HttpStatusCode.Forbidden, HttpMethod.Get, "/a%5Cb");
    }
}
