using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Vault.Api.Tests.Callouts;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Attacks;

/// <summary>Definitions and checks that attacks on merge fields and echoes share.</summary>
internal static class AttackBench
{
    /// <summary>A <c>custom</c> credential with these parameters.</summary>
    public static string Custom(params (string Name, string Value)[] parameters) => new JsonObject
    {
        ["protocol"] = "custom",
        ["parameters"] = new JsonObject([.. parameters.Select(parameter => KeyValuePair.Create(parameter.Name, (JsonNode?)parameter.Value))]),
    }.ToJsonString();

    /// <summary>A named credential in front of any address, and an app that may use it.</summary>
    public static async Task<TestCallout> CreateForAsync(this CalloutFixture fixture, string url, string authentication, string settings)
    {
        var name = fixture.NewName();
        await fixture.Vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""
            { "name": "{{name}}", "url": "{{url}}", "authentication": {{authentication}}, {{settings}} }
            """);
        var key = await fixture.Vault.CreateAppAsync("App" + name, name);
        return new TestCallout(fixture, name, key, fixture.Vault.CreateClient(key));
    }

    /// <summary>Sends a body of bytes.</summary>
    public static async Task<HttpResponseMessage> PostBytesAsync(this TestCallout callout, byte[] body, string? contentType, string? contentEncoding = null, string path = "/x")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/callout/" + callout.Name + path) { Content = new ByteArrayContent(body) };
        if (contentType is not null)
        {
            request.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        }

        if (contentEncoding is not null)
        {
            request.Content.Headers.TryAddWithoutValidation("Content-Encoding", contentEncoding);
        }

        return await callout.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    /// <summary>The whole answer as Latin-1: status line, headers, body and trailers.</summary>
    public static async Task<string> ReadAllAsync(this HttpResponseMessage response)
    {
        var body = Encoding.Latin1.GetString(await response.Content.ReadAsByteArrayAsync());
        return $"{(int)response.StatusCode} {response.ReasonPhrase}\n{response.Headers}{response.Content.Headers}\n{body}\n{response.TrailingHeaders}";
    }

    /// <summary>A refusal of this code that holds none of the secrets.</summary>
    public static async Task AssertRefusedAsync(this HttpResponseMessage response, HttpStatusCode status, string code, string row, params string[] secrets)
    {
        var all = await response.ReadAllAsync();
        Assert.True(status == response.StatusCode, $"{row}: {all}");
        Assert.Equal([code], response.Headers.GetValues("X-Vault-Error"));
        SecretForms.AssertAbsent(all, row, secrets);
    }
}
