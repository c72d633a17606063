using System.Net;
using System.Text.Json.Nodes;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Stories;

/// <summary>Flow 2: the vault logs in, keeps the token, uses it for every caller and renews it.</summary>
public sealed class LoginStoryTests : IAsyncLifetime
{
    private TokenServiceUpstream _service = null!;
    private VaultFactory _vault = null!;
    private string _key = "";

    public async Task InitializeAsync()
    {
        _service = await TokenServiceUpstream.StartAsync();
        _vault = new VaultFactory();
        _key = await DefineAsync(_vault, _service);
    }

    public async Task DisposeAsync()
    {
        await _vault.DisposeAsync();
        await _service.DisposeAsync();
    }

    [Fact]
    public async Task Record_IsJustCalled_AndLoggedInOnce()
    {
        using var app = _vault.CreateClient(_key);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(HttpStatusCode.OK, (await app.GetAsync("/callout/Service/record")).StatusCode);
        }

        Assert.Equal(1, _service.Logins);
    }

    [Fact]
    public async Task ColdToken_With500Callers_MakesOneLogin()
    {
        using var app = _vault.CreateClient(_key);
        _service.LoginGate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var calls = Enumerable.Range(0, 500).Select(_ => app.GetAsync("/callout/Service/record")).ToArray();
        while (_service.Upstream.Requests.Count == 0)
        {
            await Task.Yield();
        }

        _service.LoginGate.SetResult();
        Assert.All(await Task.WhenAll(calls), response => Assert.Equal(HttpStatusCode.OK, response.StatusCode));
        Assert.Equal(1, _service.Logins);
    }

    [Fact]
    public async Task DeadToken_IsRenewed_AndTheRequestSentOnceMore()
    {
        using var app = _vault.CreateClient(_key);
        Assert.Equal(HttpStatusCode.OK, (await app.GetAsync("/callout/Service/record")).StatusCode);
        _service.Expire();
        using var response = await app.PostAsync("/callout/Service/record", new StringContent("the body"));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(2, _service.Logins);
        var sent = _service.Upstream.Requests.Where(request => request is { Method: "POST", Target: "/record" }).ToArray();
        Assert.Equal(["the body", "the body"], sent.Select(request => request.Text));
    }

    [Fact]
    public async Task Restart_MakesNoLogin()
    {
        var directory = Directory.CreateTempSubdirectory("vault-test-").FullName;
        try
        {
            string key;
            await using (var first = new VaultFactory(dataDirectory: directory))
            {
                key = await DefineAsync(first, _service);
                using var app = first.CreateClient(key);
                Assert.Equal(HttpStatusCode.OK, (await app.GetAsync("/callout/Service/record")).StatusCode);
            }

            var logins = _service.Logins;
            await using var second = new VaultFactory(dataDirectory: directory);
            using var again = second.CreateClient(key);
            Assert.Equal(HttpStatusCode.OK, (await again.GetAsync("/callout/Service/record")).StatusCode);
            Assert.Equal(logins, _service.Logins);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public async Task WrongPassword_IsSaidWithoutSecrets_AndNotTriedAgainAtOnce()
    {
        await _vault.AdminAsync(HttpMethod.Put, "/api/v1/external-credentials/ServiceLogin/principals/default/credential",
            """{ "parameters": { "Username": "wrong-user-name", "Password": "wrong-password-1" } }""");
        using var app = _vault.CreateClient(_key);
        for (var i = 0; i < 3; i++)
        {
            using var response = await app.GetAsync("/callout/Service/record");
            Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
            Assert.Equal("token-request-failed", Assert.Single(response.Headers.GetValues("X-Vault-Error")));
            var text = await response.Content.ReadAsStringAsync();
            Assert.Contains("401", text, StringComparison.Ordinal);
            Assert.DoesNotContain("wrong-", text, StringComparison.Ordinal);
        }

        Assert.Single(_service.Upstream.Requests);
        Assert.Equal(0, _service.Logins);

        // New secrets end the pause at once.
        await _vault.AdminAsync(HttpMethod.Put, "/api/v1/external-credentials/ServiceLogin/principals/default/credential", Parameters().ToJsonString());
        Assert.Equal(HttpStatusCode.OK, (await app.GetAsync("/callout/Service/record")).StatusCode);
    }

    internal static async Task<string> DefineAsync(VaultFactory vault, TokenServiceUpstream service)
    {
        await vault.AdminAsync(HttpMethod.Post, "/api/v1/external-credentials", """
            { "name": "ServiceLogin", "label": "SERVICE login",
              "authentication": { "protocol": "login",
                "steps": [ { "request": { "method": "POST", "url": "/token", "contentType": "application/json", "headers": { "Accept": "application/json" },
                                          "body": "{\"Username\":\"{!$Credential.Username}\",\"Password\":\"{!$Credential.Password}\"}" },
                             "extract": { "securityToken": "$.securityToken" } } ],
                "apply": { "headers": { "Authorization": "Bearer {!$Token.securityToken}" }, "query": {}, "cookies": {} },
                "lifetimeSeconds": 3600, "refreshOn": [401, { "status": 500, "bodyContains": "INVALID_SESSION_ID" }] } }
            """);
        await vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""{ "name": "Service", "url": "{{service.Upstream.Url}}", "externalCredential": "ServiceLogin" }""");
        await vault.AdminAsync(HttpMethod.Put, "/api/v1/external-credentials/ServiceLogin/principals/default/credential", Parameters().ToJsonString());
        return await vault.CreateAppAsync("Billing", "Service");
    }

    private static JsonObject Parameters() => new()
    {
        ["parameters"] = new JsonObject { ["Username"] = TokenServiceUpstream.Username, ["Password"] = TokenServiceUpstream.Password },
    };
}
