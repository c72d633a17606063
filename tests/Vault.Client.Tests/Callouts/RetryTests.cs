using System.Net;
using System.Net.Http.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Vault.Testing;
using Xunit;

namespace Vault.Client.Tests.Callouts;

/// <summary>What is tried again; the vault's part is played by a server that fails as it is told.</summary>
public sealed class RetryTests
{
    public static TheoryData<string, int, string, string?, int> Failures => new()
    {
        // code, status, method, Retry-After, how many requests there are in all
        { "audit-unavailable", 503, "POST", "0", 3 },
        { "audit-unavailable", 503, "POST", null, 1 },
        { "audit-unavailable", 503, "GET", null, 3 },
        { "audit-unavailable", 503, "GET", "3600", 1 },
        { "storage-unavailable", 503, "POST", "0", 3 },
        { "storage-unavailable", 503, "DELETE", null, 1 },
        { "storage-unavailable", 503, "GET", null, 3 },
        { "rate-limited", 429, "POST", "0", 3 },
        { "rate-limited", 429, "GET", "3600", 1 },
        { "rate-limited", 429, "GET", null, 1 },
        { "upstream-unreachable", 502, "GET", null, 3 },
        { "upstream-unreachable", 502, "HEAD", null, 3 },
        { "upstream-unreachable", 502, "POST", null, 1 },
        { "upstream-unreachable", 502, "PUT", null, 1 },
        { "upstream-timeout", 504, "GET", null, 1 },
        { "token-request-failed", 502, "GET", null, 1 },
        { "callout-not-granted", 403, "GET", null, 1 },
        { "something-new", 503, "GET", null, 1 },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task Send_AFailureOfTheVault_IsTriedAgainOnlyWhereThatIsSafe(string code, int status, string method, string? retryAfter, int requests)
    {
        await using var vault = await FailingAsync(code, status, retryAfter);
        await using var app = App(vault);
        using var request = new HttpRequestMessage(new HttpMethod(method), "record");
        request.Content = method is "POST" or "PUT" ? JsonContent.Create(new { order = 7 }) : null;

        var refusal = await Assert.ThrowsAnyAsync<VaultException>(() => VaultAndService.ClientOf(app).SendAsync(request));

        Assert.Equal(code, refusal.Code);
        Assert.Equal(requests, vault.Requests.Count);
        Assert.All(vault.Requests, seen => Assert.Equal((method is "POST" or "PUT" ? "{\"order\":7}" : "", "/callout/Service/record"), (seen.Text, seen.Target)));
    }

    [Fact]
    public async Task Post_AVaultThatIsBackSoon_Succeeds()
    {
        await using var vault = await FailingAsync("audit-unavailable", 503, "0", times: 1);
        await using var app = App(vault);

        using var answer = await VaultAndService.ClientOf(app).PostAsJsonAsync("record", new { order = 7 });

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(2, vault.Requests.Count);
    }

    public static TheoryData<string, HttpContent, int> Bodies => new()
    {
        { "a stream", new StreamContent(new MemoryStream([1, 2, 3])), 1 },
        { "items that come one by one", JsonContent.Create(Once()), 1 },
        { "items that come one by one, later", JsonContent.Create(OnceAsync()), 1 },
        { "a list", JsonContent.Create(new List<int> { 1, 2 }), 3 },
        { "a set", JsonContent.Create(new HashSet<int> { 1, 2 }), 3 },
        { "a text", JsonContent.Create("text"), 3 },
        { "a node", JsonContent.Create(new System.Text.Json.Nodes.JsonObject { ["a"] = 1 }), 3 },
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task Post_ABody_IsSentAgainOnlyWhereItIsStillThere(string what, HttpContent content, int requests)
    {
        await using var vault = await FailingAsync("audit-unavailable", 503, "0");
        await using var app = App(vault);

        await Assert.ThrowsAsync<VaultUnavailableException>(() => VaultAndService.ClientOf(app).PostAsync("record", content));

        Assert.True(requests == vault.Requests.Count, what);
        Assert.Single(vault.Requests.Select(request => request.Text).Distinct());
    }

    [Fact]
    public async Task Get_AVaultThatIsntThere_EndsInTheConnectionsError()
    {
        await using var app = App(new Uri("http://127.0.0.1:1"));

        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => VaultAndService.ClientOf(app).GetAsync("record"));

        Assert.Equal(HttpRequestError.ConnectionError, failure.HttpRequestError);
    }

    [Fact]
    public async Task Get_AnErrorWithoutAProblemDocument_HasItsCode()
    {
        await using var vault = await RecordingUpstream.StartAsync();
        vault.Answer = (context, _) =>
        {
            context.Response.Headers["X-Vault-Error"] = "egress-denied";
            context.Response.StatusCode = 403;
            return context.Response.WriteAsync("<html>");
        };
        await using var app = App(vault);

        var refusal = await Assert.ThrowsAsync<VaultAccessException>(() => VaultAndService.ClientOf(app).GetAsync("record"));

        Assert.Equal(VaultErrorCodes.EgressDenied, refusal.Code);
    }

    private static IEnumerable<int> Once()
    {
        yield return 1;
    }

    private static async IAsyncEnumerable<int> OnceAsync()
    {
        await Task.CompletedTask;
        yield return 1;
    }

    private static ServiceProvider App(RecordingUpstream vault) => App(new Uri(vault.Url));

    private static ServiceProvider App(Uri vault)
    {
        var services = new ServiceCollection();
        services.AddVaultClient(options => (options.Url, options.Key) = (vault, "vk_testkey12_0123456789abcdef0123456789abcdef"));
        services.AddHttpClient("x").UseVault("Service", options => (options.MaxRetries, options.RetryDelay) = (2, TimeSpan.Zero));
        return services.BuildServiceProvider();
    }

    private static async Task<RecordingUpstream> FailingAsync(string code, int status, string? retryAfter, int times = int.MaxValue)
    {
        var vault = await RecordingUpstream.StartAsync();
        vault.Answer = (context, _) =>
        {
            if (vault.Requests.Count > times)
            {
                return context.Response.WriteAsync("ok");
            }

            (context.Response.StatusCode, context.Response.Headers["X-Vault-Error"], context.Response.ContentType) = (status, code, "application/problem+json");
            if (retryAfter is not null)
            {
                context.Response.Headers.RetryAfter = retryAfter;
            }

            return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.WriteAsync($$"""{ "status": {{status}}, "code": "{{code}}", "detail": "No." }""");
        };
        return vault;
    }
}
