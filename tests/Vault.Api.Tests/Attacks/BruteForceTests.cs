using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Vault.Core.Access;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Attacks;

/// <summary>Guessing keys: limited for whoever guesses, never for whoever knows, and on record without filling the disk.</summary>
public sealed class BruteForceTests : IAsyncLifetime
{
    private const string Door = "/api/v1/apps";
    private const string Callout = "/callout/Svc/x";
    private readonly FakeTimeProvider _time = new(DateTimeOffset.Parse("2030-01-01T00:00:00Z", null));
    private RecordingUpstream _service = null!;
    private VaultFactory _vault = null!;
    private string _key = "";

    public async Task InitializeAsync()
    {
        _service = await RecordingUpstream.StartAsync();
        _vault = new VaultFactory(services: services => services.AddSingleton<TimeProvider>(_time));
        await _vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""{ "name": "Svc", "url": "{{_service.Url}}", "authentication": { "protocol": "none" } }""");
        _key = await _vault.CreateAppAsync("App", "Svc");
    }

    public async Task DisposeAsync()
    {
        await _vault.DisposeAsync();
        await _service.DisposeAsync();
    }

    [Theory]
    [InlineData(Door)]
    [InlineData(Callout)]
    public async Task WrongKeys_AreLimited_RightOnesNever_AndTheAuditStaysSmall(string path)
    {
        // All of them try the id of a key that exists, so that both limits, of address and of id, are used up.
        var wrong = _key[..^20] + "AAAAAAAAAAAAAAAAAAAA";
        var right = path == Door ? VaultFactory.AdminKey : _key;
        for (var guess = 0; guess < SignInLimits.Permits; guess++)
        {
            Assert.Equal(401, (int)(await TryAsync(path, wrong)).Status);
        }

        const int More = 250;
        for (var guess = 0; guess < More; guess++)
        {
            var (status, retryAfter) = await TryAsync(path, guess % 2 == 0 ? wrong : $"vk_other{guess:d4}_0123456789abcdef0123456789abcdef0123456789a", ("X-Forwarded-For", $"10.0.0.{guess}"), ("Forwarded", $"for=10.0.1.{guess}"), ("X-Real-IP", $"10.0.2.{guess}"));
            Assert.Equal((429, "1"), ((int)status, retryAfter));
        }

        // The owner of the very key that was guessed at, from the very address.
        Assert.Equal(200, (int)(await TryAsync(path, right)).Status);
        Assert.Equal(200, (int)(await TryAsync(Callout, _key)).Status);

        // What isn't even a key is no guess.
        Assert.Equal(401, (int)(await TryAsync(path, null)).Status);
        Assert.Equal(401, (int)(await TryAsync(path, "not a key")).Status);

        // Evenly forgiven; a right key forgave nothing.
        _time.Advance(TimeSpan.FromSeconds(0.6));
        Assert.Equal(401, (int)(await TryAsync(path, wrong)).Status);
        Assert.Equal(429, (int)(await TryAsync(path, wrong)).Status);
        var denied = await DeniedAsync();
        Assert.InRange(denied.Count, 1, SignInLimits.Permits + 5);

        _time.Advance(SignInLimits.Period);
        for (var asked = 0; asked < 1000; asked++)
        {
            if ((await DeniedAsync()).SingleOrDefault(item => ((string)item!["target"]!).EndsWith(" more", StringComparison.Ordinal)) is { } told)
            {
                Assert.Equal("127.0.0.1", (string?)told["remoteAddress"]);
                Assert.InRange(int.Parse(((string)told["target"]!).Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture), More, More + 5);
                return;
            }
        }

        Assert.Fail("The audit never said how many more there were.");
    }

    [Fact]
    public async Task MissingKeys_AreNeverLimited_ButDontFillTheAudit()
    {
        for (var call = 0; call < SignInLimits.Permits * 2; call++)
        {
            Assert.Equal(401, (int)(await TryAsync(call % 2 == 0 ? Door : Callout, null)).Status);
        }

        Assert.Equal(SignInLimits.Permits, (await DeniedAsync()).Count);
    }

    [Fact]
    public async Task KeyThatEnds_IsRevokedOrReplaced_IsOutAtOnce()
    {
        var made = await _vault.AdminAsync(HttpMethod.Post, "/api/v1/apps/App/keys", """{ "expiresAt": "2030-01-01T01:00:00Z" }""");
        var ending = (string)made!["key"]!;
        _time.Advance(TimeSpan.FromMinutes(59));
        Assert.Equal(200, (int)(await TryAsync(Callout, ending)).Status);
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(401, (int)(await TryAsync(Callout, ending)).Status);

        // Two at once, so that a key is replaced with no gap; then the old one is out with the answer of the DELETE.
        var next = (string)(await _vault.AdminAsync(HttpMethod.Post, "/api/v1/apps/App/keys"))!["key"]!;
        Assert.Equal(200, (int)(await TryAsync(Callout, next)).Status);
        Assert.Equal(200, (int)(await TryAsync(Callout, _key)).Status);
        await _vault.AdminAsync(HttpMethod.Delete, $"/api/v1/apps/App/keys/{_key.Split('_')[1]}");
        Assert.Equal(401, (int)(await TryAsync(Callout, _key)).Status);
        Assert.Equal(200, (int)(await TryAsync(Callout, next)).Status);
        await _vault.AdminAsync(HttpMethod.Delete, "/api/v1/apps/App");
        Assert.Equal(401, (int)(await TryAsync(Callout, next)).Status);

        // A person's.
        var person = await _vault.CreateKeyAsync("operator", "Ops");
        Assert.Equal(200, (int)(await TryAsync(Door, person)).Status);
        await _vault.AdminAsync(HttpMethod.Delete, "/api/v1/admin-keys/Ops");
        Assert.Equal(401, (int)(await TryAsync(Door, person)).Status);
    }

    [Fact]
    public async Task UnknownId_CostsTheSameWork()
    {
        // The work is told by what it allocates, which a busy machine doesn't change: the message and the HMAC over it, or nothing.
        var resolver = _vault.Services.GetRequiredService<CallerResolver>();
        var known = _key[..^20] + "AAAAAAAAAAAAAAAAAAAA";
        var unknown = "vk_" + new string('Z', known.Split('_')[1].Length) + known[known.IndexOf('_', 4)..];
        var work = new Dictionary<string, long> { [known] = long.MaxValue, [unknown] = long.MaxValue };
        for (var round = 0; round < 20; round++)
        {
            foreach (var key in new[] { known, unknown })
            {
                var before = GC.GetAllocatedBytesForCurrentThread();
                Assert.False((await resolver.ResolveAsync(key, IPAddress.Loopback, CancellationToken.None)).IsOk);
                work[key] = Math.Min(work[key], GC.GetAllocatedBytesForCurrentThread() - before);
            }
        }

        Assert.True(work[known] > 300, $"{work[known]}");
        Assert.Equal(work[known], work[unknown]);
    }

    [Fact]
    public async Task KeyInAQuery_LetsNobodyIn_IsRefused_AndIsNeverLogged()
    {
        foreach (var name in new[] { "key", "api_key", "X-Vault-Key", "access_token", "Authorization", "token" })
        {
            foreach (var path in new[] { Door, Callout })
            {
                var right = path == Door ? VaultFactory.AdminKey : _key;
                Assert.Equal(401, (int)(await TryAsync($"{path}?{name}={right}", null)).Status);
                Assert.Equal(400, (int)(await TryAsync($"{path}?a=b&{name}={right}", right)).Status);
            }
        }

        Assert.Empty(_service.Requests);
        await _vault.DisposeAsync();
        var log = string.Join('\n', _vault.Logs.Lines);
        SecretForms.AssertAbsent(log, "the log", VaultFactory.AdminKey, _key);
    }

    private async Task<(HttpStatusCode Status, string? RetryAfter)> TryAsync(string path, string? key, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (key is not null)
        {
            request.Headers.TryAddWithoutValidation("X-Vault-Key", key);
        }

        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var client = _vault.CreateClient(null);
        using var response = await client.SendAsync(request);
        return (response.StatusCode, response.Headers.TryGetValues("Retry-After", out var values) ? values.Single() : null);
    }

    private async Task<IReadOnlyList<JsonNode?>> DeniedAsync() =>
        [.. (await _vault.AdminAsync(HttpMethod.Get, "/api/v1/audit?outcome=denied&pageSize=500"))!["items"]!.AsArray()];
}
