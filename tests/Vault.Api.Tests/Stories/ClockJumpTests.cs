using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Vault.Core.Authentication.Tokens;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Stories;

/// <summary>Somebody sets the clock of a running vault, by hours, and sets it right again.</summary>
public sealed class ClockJumpTests : IAsyncLifetime
{
    private readonly JumpingTimeProvider _time = new(DateTimeOffset.Parse("2030-01-01T00:00:00Z", null));
    private RecordingUpstream _service = null!;
    private VaultFactory _vault = null!;

    public async Task InitializeAsync()
    {
        _service = await RecordingUpstream.StartAsync();
        _service.Answer = (context, request) => context.Response.WriteAsync(request.Target == "/login" ? """{ "token": "the-issued-token" }""" : "ok");
        _vault = new VaultFactory(services: services => services.AddSingleton<TimeProvider>(_time));
    }

    public async Task DisposeAsync()
    {
        await _vault.DisposeAsync();
        await _service.DisposeAsync();
    }

    [Fact]
    public async Task Clock_SetForwardAndBack_KeysEndByIt_TokensAreRenewed_LimitsEnd_AndNothingIsLost()
    {
        await _vault.AdminAsync(HttpMethod.Post, "/api/v1/external-credentials", $$"""
            { "name": "ServiceLogin", "allowedHosts": ["{{_service.Url}}"], "authentication": { "protocol": "login",
              "steps": [ { "request": { "method": "POST", "url": "{{_service.Url}}/login", "json": { "p": "{!$Credential.Password}" } }, "extract": { "t": "$.token" } } ],
              "apply": { "headers": { "Authorization": "Bearer {!$Token.t}" } }, "lifetimeSeconds": 3600 } }
            """);
        await _vault.AdminAsync(HttpMethod.Put, "/api/v1/external-credentials/ServiceLogin/principals/default/credential", """{ "parameters": { "Password": "the-password" } }""");
        await _vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""
            { "name": "Service", "url": "{{_service.Url}}", "externalCredential": "ServiceLogin", "rateLimit": { "permits": 3, "perSeconds": 60 } }
            """);
        using var app = _vault.CreateClient(await _vault.CreateAppAsync("Billing", "Service"));
        using var made = await _vault.AdminClient.PostAsJsonAsync("/api/v1/apps/Billing/keys", new { expiresAt = _time.GetUtcNow().AddHours(1) });
        using var brief = _vault.CreateClient((string)(await made.Content.ReadFromJsonAsync<JsonNode>())!["key"]!);
        await AssertAsync(HttpStatusCode.OK, brief, logins: 1);

        // Ahead: the key and the token have ended.
        _time.Jump = TimeSpan.FromHours(5);
        await AssertAsync(HttpStatusCode.Unauthorized, brief, logins: 1);
        await AssertAsync(HttpStatusCode.OK, app, logins: 2);
        await AssertAsync(HttpStatusCode.OK, app, logins: 2);
        await AssertAsync(HttpStatusCode.TooManyRequests, app, logins: 2);

        // Right again, and then behind: the limit ends when it would have, and nobody trusts a token of a time that hasn't come.
        foreach (var (jump, logins) in new[] { (0, 3), (-5, 4) })
        {
            _time.Jump = TimeSpan.FromHours(jump);
            _time.Advance(TimeSpan.FromSeconds(60));
            await AssertAsync(HttpStatusCode.OK, brief, logins: null);
            await LoginsAsync(logins);
            await AssertAsync(HttpStatusCode.OK, app, logins);
            await AssertAsync(HttpStatusCode.OK, app, logins);
            await AssertAsync(HttpStatusCode.TooManyRequests, app, logins);
        }

        _time.Jump = TimeSpan.Zero;
        var records = (await _vault.AdminAsync(HttpMethod.Get, "/api/v1/audit?action=callout&pageSize=100"))!["items"]!.AsArray();
        Assert.Equal(13, records.Count);
        Assert.True((bool)(await _vault.AdminAsync(HttpMethod.Post, "/api/v1/audit/verify"))!["valid"]!);
        Assert.True((bool)(await _vault.AdminAsync(HttpMethod.Post, "/api/v1/keys/verify"))!["valid"]!);
    }

    // Nobody waits for a renewal.
    private async Task LoginsAsync(int expected)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (Logins() < expected && !limit.IsCancellationRequested)
        {
            await _vault.AdminAsync(HttpMethod.Get, "/api/v1/apps");
        }

        // The token bears the time at which its answer was read.
        await _vault.Services.GetRequiredService<TokenSource>().SettledAsync();
        Assert.Equal(expected, Logins());
    }

    private async Task AssertAsync(HttpStatusCode status, HttpClient client, int? logins)
    {
        using var answer = await client.GetAsync("/callout/Service/record");
        Assert.Equal(status, answer.StatusCode);
        Assert.Equal(logins ?? Logins(), Logins());
    }

    private int Logins() => _service.Requests.Count(request => request.Target == "/login");
}
