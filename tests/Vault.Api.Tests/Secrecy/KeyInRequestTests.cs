using System.Net.Http.Headers;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Secrecy;

/// <summary>A vault key that somebody put where something else belongs: the answer says what is wrong, and repeats no key.</summary>
public sealed class KeyInRequestTests(KeyInRequestTests.Fixture fixture) : IClassFixture<KeyInRequestTests.Fixture>
{
    private const string Key = "vk_misplaced1_0123456789abcdef0123456789abcdef0123456789a";

    /// <summary>A vault.</summary>
    public sealed class Fixture : IAsyncDisposable, IDisposable
    {
        public VaultFactory Vault { get; } = new();

        public ValueTask DisposeAsync() => Vault.DisposeAsync();

        public void Dispose() => Vault.Dispose();
    }

    [Theory]
    [InlineData("GET", "/api/v1/apps/" + Key, null)]
    [InlineData("DELETE", "/api/v1/named-credentials/" + Key, null)]
    [InlineData("GET", "/api/v1/external-credentials/Nothing/principals/" + Key + "/credential", null)]
    [InlineData("GET", "/" + Key, null)]
    [InlineData("GET", "/callout/" + Key + "/x", null)]
    [InlineData("GET", "/api/v1/audit?from=" + Key, null)]
    [InlineData("POST", "/api/v1/apps", $$"""{ "name": "{{Key}}" }""")]
    [InlineData("POST", "/api/v1/apps", $$"""{ "name": "App", "{{Key}}": 1 }""")]
    [InlineData("POST", "/api/v1/named-credentials", $$"""{ "name": "Service", "url": "https://service.example", "externalCredential": "{{Key}}" }""")]
    public async Task Key_IsNeverRepeated(string method, string path, string? body)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Content = body is null ? null : new StringContent(body, new MediaTypeHeaderValue("application/json"));
        using var answer = await fixture.Vault.AdminClient.SendAsync(request);

        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        Assert.DoesNotContain(Key, await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain(Key, answer.Headers.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task NameThatIsAKey_IsToldWithoutItsSecret()
    {
        using var answer = await fixture.Vault.AdminClient.GetAsync("/api/v1/apps/" + Key);
        Assert.Equal("There is no app vk_misplaced1_••••••.", (string?)System.Text.Json.Nodes.JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["detail"]);
    }
}
