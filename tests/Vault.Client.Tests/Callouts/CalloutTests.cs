using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Refit;
using Vault.Testing;
using Xunit;

namespace Vault.Client.Tests.Callouts;

/// <summary>A service, as Refit has it.</summary>
public interface IService
{
    [Get("/record")]
    Task<string> RecordAsync();

    [Post("/orders")]
    Task<ApiResponse<string>> OrderAsync([Body] Order order);
}

public sealed record Order(int Item);

public sealed class CalloutTests(VaultAndService setup) : IClassFixture<VaultAndService>
{
    private const string Basic = "Basic dTp0aGUtcGFzc3dvcmQ=";

    [Theory]
    [InlineData("record", "/api/record")]
    [InlineData("/record", "/api/record")]
    [InlineData("", "/api")]
    [InlineData("?page=2", "/api?page=2")]
    [InlineData("a%2Fb/c%20d?x=%2F&y=1", "/api/a%2Fb/c%20d?x=%2F&y=1")]
    [InlineData("callout:Service/record", "/api/record")]
    [InlineData("callout:Service", "/api")]
    [InlineData("callout:Service/", "/api/")]
    [InlineData("callout:service?page=2", "/api?page=2")]
    [InlineData("callout:Service/a%2Fb//c/~d?x=%2F#part", "/api/a%2Fb//c/~d?x=%2F")]
    [InlineData("callout:Service/Größe", "/api/Gr%C3%B6%C3%9Fe")]
    [InlineData("callout://Service/record", "/api/record")]
    public async Task Get_AnAddress_ReachesTheServiceByteForByteAndSignedIn(string address, string target)
    {
        await using var app = setup.App(services => services.AddHttpClient("x").UseVault("Service"));
        var before = setup.Service.Requests.Count;

        using var answer = await VaultAndService.ClientOf(app).GetAsync(address);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var request = setup.Service.Requests[before];
        Assert.Equal((target, Basic), (request.Target, request.Header("Authorization")));
        Assert.DoesNotContain(request.Headers, header => header.Key.StartsWith("X-Vault-", StringComparison.OrdinalIgnoreCase));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("ada ")]
    [InlineData(" ada")]
    [InlineData("ada\t")]
    [InlineData("adä")]
    public void ForVaultUser_OfWhatWouldArriveAsAnother_IsRefused(string user)
    {
        using var request = new HttpRequestMessage();

        Assert.Throws<ArgumentException>(nameof(user), () => request.ForVaultUser(user));
        Assert.Same(request, request.ForVaultUser("ada lovelace"));
    }

    [Fact]
    public async Task Send_ARequest_LeavesItAsItWas()
    {
        await using var app = setup.App(services => services.AddHttpClient("x").UseVault());
        using var request = new HttpRequestMessage(HttpMethod.Put, "callout:Service/record") { Content = new StringContent("{\"id\":1}") };

        using var answer = await VaultAndService.ClientOf(app).SendAsync(request);

        Assert.Equal("callout:Service/record", answer.RequestMessage!.RequestUri!.OriginalString);
        Assert.Empty(request.Headers);
        Assert.Equal("{\"id\":1}", setup.Service.Requests[^1].Text);
    }

    [Theory]
    [InlineData("https://elsewhere.example/record")]
    [InlineData("http://service.vault.invalid/record")]
    [InlineData("callout:")]
    [InlineData("callout:../Service")]
    [InlineData("callout:Ser%76ice/record")]
    public async Task Get_AnotherAddress_IsRefusedBeforeAnythingIsSent(string address)
    {
        await using var app = setup.App(services => services.AddHttpClient("x").UseVault("Service"));

        await Assert.ThrowsAsync<InvalidOperationException>(() => VaultAndService.ClientOf(app).GetAsync(address));
    }

    [Fact]
    public async Task Get_AnOrdinaryAddressOfAClientForAll_GoesThereWithoutTheKey()
    {
        await using var other = await RecordingUpstream.StartAsync();
        await using var app = setup.App(services => services.AddHttpClient("x").UseVault());

        using var answer = await VaultAndService.ClientOf(app).GetAsync(other.Url + "/own");

        Assert.DoesNotContain(Assert.Single(other.Requests).Headers, header => header.Key.StartsWith("X-Vault-", StringComparison.OrdinalIgnoreCase));
    }

    [Theory]
    [InlineData(401)]
    [InlineData(404)]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(503)]
    public async Task Get_AnErrorOfTheService_IsHandedOnOnce(int status)
    {
        await using var app = setup.App(services => services.AddHttpClient("x").UseVault("Service"));
        var before = setup.Service.Requests.Count;
        setup.Service.Answer = (context, _) =>
        {
            (context.Response.StatusCode, context.Response.Headers["X-Vault-Error"]) = (status, "audit-unavailable");
            return context.Response.WriteAsync("the service's own");
        };

        try
        {
            using var answer = await VaultAndService.ClientOf(app).GetAsync("record");

            Assert.Equal((status, "the service's own"), ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync()));
            Assert.Equal(before + 1, setup.Service.Requests.Count);
        }
        finally
        {
            setup.Service.Answer = (context, _) => context.Response.WriteAsync("ok");
        }
    }

    [Fact]
    public async Task Get_ARedirectWithACookie_IsHandedBackAndNothingIsKept()
    {
        await using var elsewhere = await RecordingUpstream.StartAsync();
        await using var app = setup.App(services => services.AddHttpClient("x").UseVault("Service").ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler()));
        setup.Service.Answer = (context, _) =>
        {
            context.Response.Cookies.Append("session", "of-somebody");
            context.Response.Redirect(elsewhere.Url + "/taken");
            return Task.CompletedTask;
        };

        try
        {
            using var answer = await VaultAndService.ClientOf(app).GetAsync("record");
            using var again = await VaultAndService.ClientOf(app).GetAsync("record");

            Assert.Equal(HttpStatusCode.Redirect, again.StatusCode);
            Assert.Empty(elsewhere.Requests);
            Assert.Null(setup.Service.Requests[^1].Header("Cookie"));
        }
        finally
        {
            setup.Service.Answer = (context, _) => context.Response.WriteAsync("ok");
        }
    }

    [Fact]
    public async Task Refit_AClient_WorksUnchanged()
    {
        await using var app = setup.App(services => services.AddRefitGeneratedClient<IService>().UseVault("Service"));
        var service = app.GetRequiredService<IService>();

        Assert.Equal("ok", await service.RecordAsync());
        using var order = await service.OrderAsync(new Order(7));

        Assert.True(order.IsSuccessStatusCode);
        Assert.Equal(("/api/orders", "{\"item\":7}"), (setup.Service.Requests[^1].Target, setup.Service.Requests[^1].Text));
    }

    [Fact]
    public async Task Send_ForAUserAndAPrincipal_UsesTheirSecrets()
    {
        await setup.Vault.AdminAsync(HttpMethod.Post, "/api/v1/external-credentials", """
            { "name": "Personal", "authentication": { "protocol": "bearer" }, "principals": [ { "name": "robot" }, { "name": "people", "type": "perUser" } ] }
            """);
        await setup.Vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""{ "name": "Personal", "url": "{{setup.Service.Url}}", "externalCredential": "Personal" }""");
        await setup.Vault.AdminAsync(HttpMethod.Put, "/api/v1/external-credentials/Personal/principals/robot/credential", """{ "parameters": { "Token": "token-of-the-robot" } }""");
        await setup.Vault.AdminAsync(HttpMethod.Put, "/api/v1/external-credentials/Personal/principals/people/users/ada@example.com/credential", """{ "parameters": { "Token": "token-of-ada" } }""");
        await setup.Vault.AdminAsync(HttpMethod.Post, "/api/v1/apps", """{ "name": "Portal", "mayAssertUser": true }""");
        var key = (await setup.Vault.AdminAsync(HttpMethod.Post, "/api/v1/apps/Portal/keys", "{}"))!["key"]!.GetValue<string>();
        await setup.Vault.GrantAsync("Portal", "Personal", "*");
        await using var app = setup.App(services => services.AddHttpClient("x").UseVault("Personal", options => options.Principal = "robot"), key);
        using var ofAda = new HttpRequestMessage(HttpMethod.Get, "mine").ForVaultUser("ada@example.com").AsVaultPrincipal("people");

        using var robot = await VaultAndService.ClientOf(app).GetAsync("all");
        using var ada = await VaultAndService.ClientOf(app).SendAsync(ofAda);

        Assert.Equal(["Bearer token-of-the-robot", "Bearer token-of-ada"], setup.Service.Requests.TakeLast(2).Select(request => request.Header("Authorization")));
    }

    [Theory]
    [InlineData("Authorization", false)]
    [InlineData("X-Shown", true)]
    public async Task Get_WithAnyLogLevel_TheKeyStandsInNoLogLineAndOtherHeadersAsTheAppSays(string header, bool isShown)
    {
        using var logs = new LogCapture();
        await using var app = setup.App(
            services =>
            {
                var client = services.AddHttpClient("x").UseVault("Service");
                _ = isShown ? client.RedactLoggedHeaders(name => name != header) : client;
            },
            logs: logs);
        using var request = new HttpRequestMessage(HttpMethod.Get, "record");
        request.Headers.TryAddWithoutValidation(header, "the-callers-own");

        using var answer = await VaultAndService.ClientOf(app).SendAsync(request);

        Assert.Contains(logs.Lines, line => line.Contains(header, StringComparison.Ordinal));
        Assert.DoesNotContain(logs.Lines, line => line.Contains(setup.Key, StringComparison.Ordinal));
        Assert.Equal(isShown, logs.Lines.Any(line => line.Contains("the-callers-own", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Get_WhereTheAppShowsAllHeaders_TheKeyStandsInNoLogLine()
    {
        using var logs = new LogCapture();
        await using var app = setup.App(services => services.AddHttpClient("x").UseVault("Service").RedactLoggedHeaders(_ => false), logs: logs);

        using var answer = await VaultAndService.ClientOf(app).GetAsync("record");

        Assert.DoesNotContain(logs.Lines, line => line.Contains(setup.Key, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("callout:Service/record")]
    [InlineData("https://elsewhere.example/record")]
    public async Task Get_WithoutAVault_IsRefusedBeforeAnythingIsSent(string address)
    {
        var services = new ServiceCollection();
        services.AddHttpClient("x").UseVault();
        await using var app = services.BuildServiceProvider();

        var refusal = await Assert.ThrowsAsync<InvalidOperationException>(() => VaultAndService.ClientOf(app).GetAsync(address));

        Assert.Contains("AddVaultClient", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Send_Synchronously_IsRefusedBeforeAnythingIsSent()
    {
        await using var app = setup.App(services => services.AddHttpClient("x").UseVault());
        using var request = new HttpRequestMessage(HttpMethod.Get, setup.Service.Url + "/record");
        var before = setup.Service.Requests.Count;

        Assert.Throws<NotSupportedException>(() => VaultAndService.ClientOf(app).Send(request));

        Assert.Equal(before, setup.Service.Requests.Count);
    }

    [Theory]
    [InlineData("X-Vault-User", "ForVaultUser")]
    [InlineData("X-Vault-Principal", "AsVaultPrincipal")]
    public async Task Send_WithAHeaderOfTheVaultsSetByHand_SaysWhatToUse(string header, string method)
    {
        await using var app = setup.App(services => services.AddHttpClient("x").UseVault("Service"));
        using var request = new HttpRequestMessage(HttpMethod.Get, "record");
        request.Headers.Add(header, "ada");

        var refusal = await Assert.ThrowsAsync<InvalidOperationException>(() => VaultAndService.ClientOf(app).SendAsync(request));

        Assert.Contains(method, refusal.Message, StringComparison.Ordinal);
    }
}
