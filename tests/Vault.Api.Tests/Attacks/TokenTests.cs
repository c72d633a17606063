using System.Collections.Concurrent;
using Vault.Api.Tests.Protocols;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Attacks;

/// <summary>What the other tests of tokens leave out of section H: answers that poison, callers who want more, clocks that are wrong, deletions in flight.</summary>
public sealed class TokenTests : ProtocolBench
{
    private const string ClientCredentials = """{ "protocol": "oauth2", "grant": "clientCredentials", "tokenUrl": "@/token", "scope": "read" }""";
    private const string Client = """{ "ClientId": "me", "ClientSecret": "the-client-secret" }""";
    private readonly ConcurrentQueue<RecordedRequest> _tokenRequests = new();
    private string _answer = """{ "access_token": "access-token-1", "token_type": "Bearer", "expires_in": 3600 }""";
    private TaskCompletionSource? _gate;
    private TaskCompletionSource? _reached;

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        Service.Answer = async (context, request) =>
        {
            if (!request.Target.StartsWith("/token", StringComparison.Ordinal))
            {
                await AnswerAsync(context, 200, "hello", "text/plain");
                return;
            }

            _tokenRequests.Enqueue(request);
            _reached?.TrySetResult();
            await (_gate?.Task ?? Task.CompletedTask);
            await AnswerAsync(context, 200, _answer);
        };
    }

    [Fact]
    public async Task PoisonedAnswers_AreUsedForNothing_AndKeptNowhere()
    {
        string[] answers =
        [
            """{ "access_token": "access-token-1", "token_type": "mac" }""", """{ "access_token": "access-token-1", "token_type": ["Bearer"] }""", """{ "access_token": "access-token-1", "expires_in": 1000000000000 }""",
            """{ "access_token": "access-token-1", "expires_in": "-5" }""", """{ "access_token": "access-token-1", "expires_in": true }""", """{ "access_token": "access-token-1", "expires_in": "NaN" }""",
            """{ "access_token": ["access-token-1"] }""", """{ "access_token": "" }""", """{ "access_token": null }""", """{ "access_token": "a\r\nX-Evil: 1" }""", """{ "access_token": "\ud800" }""",
            """{ "\ud800": 1, "access_token": "access-token-1" }""", """{ "access_token": "access-token-1", "error": "x" }""", """[ { "access_token": "access-token-1" } ]""", "\"access-token-1\"", "", "null",
            """{ "access_token": "access-token-1" """, "<html><body>access-token-1</body></html>", "access_token=access-token-1&token_type=Bearer",
        ];
        foreach (var answer in answers)
        {
            _answer = answer;
            var app = await DefineAsync(ClientCredentials, Client);
            Service.Clear();
            await ExpectAsync(await CallAsync(app), 502, "token-request-failed");
            Assert.DoesNotContain(Service.Requests, request => request.Target.StartsWith("/api", StringComparison.Ordinal));
            Assert.Empty((await Vault.AdminAsync(HttpMethod.Get, CredentialPath))!["tokens"]!.AsArray());

            // What made no sense isn't what the next sign-in goes by.
            _answer = """{ "access_token": "access-token-2", "token_type": "bearer", "expires_in": "3600" }""";
            Time.Advance(TimeSpan.FromSeconds(61));
            await ExpectAsync(await CallAsync(app), 200);
            Assert.Equal("Bearer access-token-2", Service.Requests[^1].Header("Authorization"));
        }
    }

    [Fact]
    public async Task Caller_CantWidenTheScope_AndTheSecretIsInNoUrl()
    {
        var app = await DefineAsync(ClientCredentials, Client);
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/callout/{Name}/record?scope=admin&client_id=other&resource=x")
        {
            Content = new FormUrlEncodedContent([KeyValuePair.Create("scope", "admin"), KeyValuePair.Create("grant_type", "password")]),
        };
        request.Headers.Add("X-Vault-Scope", "admin");
        request.Headers.Add("Scope", "admin");
        await ExpectAsync(await app.SendAsync(request), 200);
        var asked = Assert.Single(_tokenRequests);
        Assert.Equal(("/token", "read", "client_credentials"), (asked.Target, Form(asked)["scope"], Form(asked)["grant_type"]));
        Assert.All(Service.Requests, seen => SecretForms.AssertAbsent(seen.Target, "a URL", "the-client-secret", "access-token-1"));
    }

    [Theory]
    [InlineData(-300)]
    [InlineData(300)]
    public async Task ClockThatIsWrong_DoesntMatter(int seconds)
    {
        // The service's clock is elsewhere; what counts is how long a token lives, by the vault's own.
        var exp = Time.GetUtcNow().AddSeconds(3600 + seconds).ToUnixTimeSeconds();
        _answer = $$"""{ "access_token": "access-token-1", "expires_in": 3600, "expires_at": {{exp}}, "iat": {{exp - 3600}} }""";
        var app = await DefineAsync(ClientCredentials, Client);
        await ExpectAsync(await CallAsync(app), 200);
        Time.Advance(TimeSpan.FromSeconds(3000));
        await ExpectAsync(await CallAsync(app), 200);
        Assert.Single(_tokenRequests);
    }

    [Fact]
    public async Task CredentialDeletedInFlight_ItsTokenIsUsedByNobody()
    {
        _gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var app = await DefineAsync(ClientCredentials, Client);
        var call = CallAsync(app);
        await _reached.Task.WaitAsync(TimeSpan.FromSeconds(60));
        await Vault.AdminAsync(HttpMethod.Delete, CredentialPath);
        _gate.SetResult();
        using var answer = await call;
        Assert.Empty((await Vault.AdminAsync(HttpMethod.Get, CredentialPath))!["tokens"]!.AsArray());
        await ExpectAsync(await CallAsync(app), 409, "credential-not-configured");
    }

    [Fact]
    public async Task PlainHttpTokenUrl_OfAnotherHost_IsRefusedWhenItIsSaved_AndWhenItIsUsed()
    {
        using var elsewhere = await Vault.AdminClient.PostAsync("/api/v1/external-credentials", new StringContent(
            """{ "name": "Elsewhere", "authentication": { "protocol": "oauth2", "grant": "clientCredentials", "tokenUrl": "https://evil.example/token" }, "allowedHosts": ["service.example"] }""",
            new System.Net.Http.Headers.MediaTypeHeaderValue("application/json")));
        await ExpectAsync(elsewhere, 422, "host-not-allowed");

        // Metadata that names another host: found out before the secret leaves.
        await using var other = RawUpstream.Start();
        Service.Answer = (context, request) => AnswerAsync(context, 200, $$"""{ "issuer": "{{Service.Url}}", "token_endpoint": "{{other.Url}}/token" }""");
        var app = await DefineAsync("""{ "protocol": "oauth2", "grant": "clientCredentials", "issuer": "@" }""", Client);
        await ExpectAsync(await CallAsync(app), 502, "token-request-failed");
        Assert.Equal(0, other.Connections);
    }
}
