using System.Net;
using System.Net.Http.Json;
using Microsoft.Extensions.DependencyInjection;
using Vault.Testing;
using Xunit;

namespace Vault.Client.Tests.Callouts;

/// <summary>A vault that can't keep its records: what it says of a POST that was sent, and of one that wasn't, and what the client makes of that.</summary>
public sealed class UnrecordedTests : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("vault-client-").FullName;
    private RecordingUpstream _service = null!;
    private VaultFactory _vault = null!;
    private string _key = "";

    public async Task InitializeAsync()
    {
        _service = await RecordingUpstream.StartAsync();
        _vault = new VaultFactory(dataDirectory: _directory);
        await _vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""
            { "name": "Service", "url": "{{_service.Url}}", "authentication": { "protocol": "password", "username": "u", "password": "the-password" } }
            """);
        _key = await _vault.CreateAppAsync("Billing", "Service");
        using var client = _vault.CreateClient(_key);
        using var answer = await client.GetAsync("/callout/Service/first");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    public async Task DisposeAsync()
    {
        await _vault.DisposeAsync();
        await _service.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task Post_ThatCouldNotBeRecordedBeforehand_WasNotSentAndSaysWhenToTryAgain()
    {
        await using var other = await TestDatabase.OpenAsync(_directory);
        await TestDatabase.ExecuteAsync(other, TestDatabase.LockAudit);
        using var client = _vault.CreateClient(_key);

        using var refused = await client.PostAsJsonAsync("/callout/Service/orders", new { order = 7 });

        await TestDatabase.ExecuteAsync(other, "ROLLBACK");
        Assert.Equal("audit-unavailable", refused.Headers.GetValues("X-Vault-Error").Single());
        Assert.Equal(TimeSpan.FromSeconds(1), refused.Headers.RetryAfter?.Delta);
        Assert.DoesNotContain(_service.Requests, request => request.Target == "/orders");
    }

    [Fact]
    public async Task Post_WhoseAnswerCantBeRecorded_IsSentOnce()
    {
        await using var other = await TestDatabase.OpenAsync(_directory);
        _service.Answer = async (context, _) => await TestDatabase.ExecuteAsync(other, _service.Requests.Count(request => request.Target == "/orders") == 1 ? TestDatabase.LockAudit : "SELECT 1");
        var services = new ServiceCollection();
        services.AddVaultClient(options => (options.Url, options.Key) = (_vault.AdminClient.BaseAddress!, _key));
        services.AddHttpClient("x").UseVault("Service", options => options.RetryDelay = TimeSpan.Zero)
            .AddHttpMessageHandler(() => new AfterAnAnswer(() => TestDatabase.ExecuteAsync(other, "ROLLBACK")));
        await using var app = services.BuildServiceProvider();

        var refusal = await Assert.ThrowsAsync<VaultUnavailableException>(() => VaultAndService.ClientOf(app).PostAsJsonAsync("orders", new { order = 7 }));

        Assert.Equal((VaultErrorCodes.AuditUnavailable, null), (refusal.Code, refusal.RetryAfter));
        Assert.Single(_service.Requests, request => request.Target == "/orders");
    }

    /// <summary>The database is fine again before anything could be tried a second time.</summary>
    private sealed class AfterAnAnswer(Func<Task> act) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var answer = await base.SendAsync(request, cancellationToken);
            await act();
            return answer;
        }
    }
}
