using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Callouts;

/// <summary>Preview and test: they show what a callout sends, and refuse what it refuses.</summary>
public sealed class CalloutTrialTests(CalloutFixture fixture) : IClassFixture<CalloutFixture>
{
    private const string Get = """{ "path": "/x" }""";

    [Theory]
    [InlineData("text/plain", "a={!$Credential.A}", "a=••••••(A)")]
    [InlineData("application/x-www-form-urlencoded", "a={!$Credential.A}", "a=••••••(A)")]
    [InlineData("application/json", "{\"a\":\"{!$Credential.A}\"}", "{\"a\":\"••••••(A)\"}")]
    [InlineData("application/xml", "<a>{!$Credential.A}</a>", "<a>••••••(A)</a>")]
    public async Task Preview_InAnotherCharset_HasTheSameMask(string type, string body, string expected)
    {
        var callout = await fixture.CreateAsync("""{ "protocol": "custom", "parameters": { "A": "value-of-a" } }""", "\"allowMergeFieldsInBody\": true");
        foreach (var charset in new[] { "", "; charset=us-ascii", "; charset=iso-8859-1" })
        {
            var request = new JsonObject { ["method"] = "POST", ["path"] = "/x", ["headers"] = new JsonObject { ["Content-Type"] = type + charset }, ["body"] = body };
            var (status, shown) = await PreviewAsync(callout, request.ToJsonString());
            Assert.True(status == 200, shown.ToJsonString());
            Assert.Equal(expected, (string?)shown["body"]);
        }
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", "upstream-unreachable")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "upstream-unreachable")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", "response-not-inspectable")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", null)]
    public async Task Test_OfAnAnswerThatIsCutOff_Fails(string answer, string? code)
    {
        await using var upstream = RawUpstream.Start();
        upstream.AnswerWith(answer);
        var name = fixture.NewName();
        await fixture.Vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""
            { "name": "{{name}}", "url": "{{upstream.Url}}", "authentication": { "protocol": "bearer", "token": "the-bearer-token" } }
            """);
        var test = await fixture.Vault.AdminAsync(HttpMethod.Post, $"/api/v1/named-credentials/{name}/test", Get);
        Assert.Equal((code is null, 200), ((bool)test!["ok"]!, (int?)test["status"]));
        Assert.Equal((code, code is null ? null : "service"), ((string?)test["failure"]?["code"], (string?)test["failure"]?["where"]));
        Assert.Equal(200, (int?)Assert.Single(test["steps"]!.AsArray())!["status"]);
    }

    [Theory]
    [InlineData("text/event-stream", "data: 1\n\n")]
    [InlineData("application/octet-stream", "(endless)")]
    public async Task Test_OfAnAnswerWithoutAnEnd_Ends(string type, string first)
    {
        var piece = first == "(endless)" ? new byte[64 * 1024] : System.Text.Encoding.UTF8.GetBytes(first);
        await using var upstream = RawUpstream.Start();
        upstream.Answer = async (stream, _) =>
        {
            await stream.WriteAsync(System.Text.Encoding.Latin1.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: {type}\r\n\r\n"));
            do
            {
                await stream.WriteAsync(piece);
            }
            while (first == "(endless)");
        };
        var name = fixture.NewName();
        await fixture.Vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""
            { "name": "{{name}}", "url": "{{upstream.Url}}", "authentication": { "protocol": "bearer", "token": "the-bearer-token" } }
            """);
        Assert.True((bool)(await fixture.Vault.AdminAsync(HttpMethod.Post, $"/api/v1/named-credentials/{name}/test", Get))!["ok"]!);
    }

    private async Task<(int Status, JsonNode Shown)> PreviewAsync(TestCallout callout, string request)
    {
        using var content = new StringContent(request, new MediaTypeHeaderValue("application/json"));
        using var response = await fixture.Vault.AdminClient.PostAsync($"/api/v1/named-credentials/{callout.Name}/preview", content);
        return ((int)response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync())!);
    }
}
