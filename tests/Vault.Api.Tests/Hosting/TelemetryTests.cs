using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Vault.Api.Telemetry;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Hosting;

/// <summary><c>/metrics</c>, and what goes to a collector: what happened is told, secrets and made-up names are not.</summary>
public class TelemetryTests
{
    private const string Secret = "S3cret-of-the-telemetry-tests";
    private const string TraceId = "0af7651916cd43dd8448eb211c80319c";

    [Fact]
    public async Task Metrics_TellHowCalloutsEnded_AndNothingThatACallerMadeUp()
    {
        await using var upstream = await RecordingUpstream.StartAsync();
        using var vault = new VaultFactory();
        var key = await CreateAsync(vault, upstream);
        using var app = vault.CreateClient(key);
        using var stranger = vault.CreateClient(null);

        // What counts is made behind the start, or when it is asked for.
        (await stranger.GetAsync("/metrics")).Dispose();
        for (var i = 0; i < 20; i++)
        {
            (await app.GetAsync($"/callout/Service/path{i}?q={i}")).Dispose();
            (await app.GetAsync($"/callout/Unknown{i}/x")).Dispose();
            (await stranger.SendAsync(new HttpRequestMessage(new HttpMethod("MADE" + i), $"/callout/Service/{i}"))).Dispose();
        }

        using var answer = await stranger.GetAsync("/metrics");
        // A callout is counted when it ends, which its caller may hear of a moment sooner.
        string[] series = [];
        var text = await ScrapeAsync(stranger, scraped =>
        {
            series = [.. scraped.Split('\n').Where(line => line.StartsWith("vault_callout_duration_seconds_count", StringComparison.Ordinal))];
            return series.Count(line => line.EndsWith(" 20", StringComparison.Ordinal)) == 3;
        });

        Assert.Equal((HttpStatusCode.OK, "text/plain"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        Assert.Contains(series, line => Has(line, "GET", "200", null) && line.EndsWith(" 20", StringComparison.Ordinal));
        Assert.Contains(series, line => Has(line, "GET", "403", "callout-not-granted") && line.EndsWith(" 20", StringComparison.Ordinal));
        Assert.Contains(series, line => Has(line, "_OTHER", "401", "unauthenticated") && line.EndsWith(" 20", StringComparison.Ordinal));
        Assert.InRange(series.Length, 3, 5);
        Assert.Matches("""vault_audit_events_total\{[^}]*vault_audit_action="app\.created",vault_audit_outcome="success"\} 1""", text);
        Assert.Contains("vault_audit_keeping", text, StringComparison.Ordinal);
        Assert.Matches("""vault_definitions\{[^}]*vault_definition_kind="named_credential"[^}]*\} 1""", text);
        Assert.All(
            new[] { Secret, "Unknown1", "path1", "MADE", "Telemetrist", "vk_" },
            word => Assert.DoesNotContain(word, text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Metrics_ThatAreMadeReadyInAVaultThatStopped_EndInNoFault()
    {
        await using var app = WebApplication.CreateSlimBuilder().Build();
        app.Urls.Add("http://127.0.0.1:0");
        await app.StartAsync();
        await app.StopAsync();
        Assert.NotNull(MetricsEndpoint.Build(app));
    }

    [Fact]
    public async Task Metrics_AreOfThisVaultOnly_WhenAnotherOneIsInTheProcess()
    {
        await using var upstream = await RecordingUpstream.StartAsync();
        using var vault = new VaultFactory();
        using var app = vault.CreateClient(await CreateAsync(vault, upstream));
        (await app.GetAsync("/metrics")).Dispose();
        (await app.GetAsync("/callout/Service/before")).Dispose();
        using (var other = new VaultFactory())
        {
            using var itsApp = other.CreateClient(await CreateAsync(other, upstream));
            for (var i = 0; i < 5; i++)
            {
                (await itsApp.GetAsync($"/callout/Service/{i}")).Dispose();
            }
        }

        (await app.GetAsync("/callout/Service/after")).Dispose();

        var text = await ScrapeAsync(app, scraped => Regex.IsMatch(scraped, "(?m)^vault_callout_duration_seconds_count.* [2-9]$"));
        Assert.Equal(["2"], Regex.Matches(text, @"(?m)^vault_callout_duration_seconds_count.* (\d+)$").Select(match => match.Groups[1].Value));
    }

    [Theory]
    [InlineData("grafana-dashboard.json")]
    [InlineData("alerts.yml")]
    public async Task What_DocsLookAt_IsThere(string file)
    {
        await using var upstream = await RecordingUpstream.StartAsync();
        using var vault = new VaultFactory();
        using var app = vault.CreateClient(await CreateAsync(vault, upstream));
        (await app.GetAsync("/metrics")).Dispose();
        (await app.GetAsync("/callout/Service")).Dispose();
        var metrics = await ScrapeAsync(app, scraped => scraped.Contains("vault_callout_duration_seconds_count", StringComparison.Ordinal));
        var names = Regex.Matches(await File.ReadAllTextAsync(RepositoryFiles.PathOf("docs/monitoring/" + file)), @"\b(vault|dotnet)_(?!audit_(action|outcome)|definition_kind)[a-z_]+").Select(match => match.Value).Distinct().ToArray();

        Assert.True(names.Length >= 5);

        Assert.All(names, name => Assert.Matches($@"(?m)^{name}\b", metrics));
    }

    [Fact]
    public async Task UpstreamThatCantBeReached_IsOnRecord_AndNotInTheLog()
    {
        using var vault = new VaultFactory();
        await vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""{ "name": "Nobody", "url": "http://127.0.0.1:{{FreePort.Find()}}", "authentication": { "protocol": "bearer", "token": "the-token" } }""");
        using var app = vault.CreateClient(await vault.CreateAppAsync("App", "Nobody"));
        using var answer = await app.GetAsync("/callout/Nobody");
        Assert.Equal(HttpStatusCode.BadGateway, answer.StatusCode);
        Assert.DoesNotContain(vault.Logs.Lines, line => line.StartsWith("Warning", StringComparison.Ordinal) && line.Contains("Yarp", StringComparison.Ordinal));
        Assert.Contains("upstream-unreachable", (await vault.AdminAsync(HttpMethod.Get, "/api/v1/audit?action=callout&outcome=failed"))!.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metrics_CanBeTurnedOff()
    {
        using var vault = new VaultFactory(new Dictionary<string, string?> { ["Vault:Metrics"] = "false" });
        using var answer = await vault.CreateClient(null).GetAsync("/metrics");
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    [Fact]
    public async Task Traces_GoToTheCollector_AndOnToTheService_WithoutSecretsOrQueries()
    {
        await using var collector = await RecordingUpstream.StartAsync();
        await using var upstream = await RecordingUpstream.StartAsync();
        var (traces, metrics) = (new TaskCompletionSource(), new TaskCompletionSource());
        collector.Answer = (_, request) =>
        {
            (Holds(request.Body, "vault.named_credential") ? traces : Holds(request.Body, "vault.callout.duration") ? metrics : null)?.TrySetResult();
            return Task.CompletedTask;
        };
        await using (var vault = new VaultFactory(new Dictionary<string, string?>
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Url,
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
        }))
        {
            using var app = vault.CreateClient(await CreateAsync(vault, upstream));
            using var request = new HttpRequestMessage(HttpMethod.Get, "/callout/Service/record?q=CanaryOfTheQuery");
            request.Headers.Add("traceparent", $"00-{TraceId}-b7ad6b7169203331-01");
            using var answer = await app.SendAsync(request);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        // What is left is sent when the vault ends.
        await Task.WhenAll(traces.Task, metrics.Task).WaitAsync(TimeSpan.FromSeconds(30));
        var parent = upstream.Requests[^1].Header("traceparent")!.Split('-');
        Assert.Equal(TraceId, parent[1]);
        Assert.NotEqual("b7ad6b7169203331", parent[2]);

        var sent = collector.Requests.GroupBy(request => request.Target).ToDictionary(group => group.Key, group => group.SelectMany(request => request.Body).ToArray());
        Assert.True(sent["/v1/traces"].AsSpan().IndexOf(Convert.FromHexString(TraceId)) >= 0);
        Assert.All(new[] { "vault.named_credential", "/callout/{namedCredential}/{**path}", "server.address" }, word => Assert.True(Holds(sent["/v1/traces"], word), word));
        Assert.True(Holds(sent["/v1/metrics"], "vault.callout.duration"));
        var basic = Convert.ToBase64String(Encoding.UTF8.GetBytes("user:" + Secret));
        foreach (var (target, body) in sent)
        {
            Assert.All(new[] { Secret, basic, "CanaryOfTheQuery", "vk_" }, word => Assert.False(Holds(body, word), $"{word} in {target}"));
        }
    }

    [Fact]
    public async Task Traces_HideAKeyThatStoodInAPath()
    {
        await using var collector = await RecordingUpstream.StartAsync();
        await using var upstream = await RecordingUpstream.StartAsync();
        var hidden = new TaskCompletionSource();
        collector.Answer = (_, request) =>
        {
            (Holds(request.Body, "/last/vk_testadmin1_••••••") ? hidden : null)?.TrySetResult();
            return Task.CompletedTask;
        };
        await using (var vault = new VaultFactory(new Dictionary<string, string?>
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Url,
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
        }))
        {
            using var app = vault.CreateClient(await CreateAsync(vault, upstream));
            app.DefaultRequestHeaders.Add("User-Agent", "CanaryOfTheAgent");
            foreach (var path in new[] { "/api/v1/apps/", "/callout/", "/callout/Service/", "/", "/last/" })
            {
                (await app.GetAsync(path + VaultFactory.AdminKey)).Dispose();
            }
        }

        await hidden.Task.WaitAsync(TimeSpan.FromSeconds(30));
        foreach (var request in collector.Requests)
        {
            Assert.All(new[] { VaultFactory.AdminKey, "CanaryOfTheAgent" }, word => Assert.False(Holds(request.Body, word), $"{word} in {request.Target}"));
        }
    }

    private static bool Has(string line, string method, string status, string? error) =>
        line.Contains($"http_request_method=\"{method}\"", StringComparison.Ordinal) && line.Contains($"status_code=\"{status}\"", StringComparison.Ordinal)
        && (error is null ? !line.Contains("error_type", StringComparison.Ordinal) : line.Contains($"error_type=\"{error}\"", StringComparison.Ordinal));

    // An answer is given again for 300 ms, so that those who scrape without a key can't keep the vault busy.
    private static async Task<string> ScrapeAsync(HttpClient client, Predicate<string> isComplete)
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            // The look that counts began in time.
            var isLast = Stopwatch.GetElapsedTime(began) > TimeSpan.FromSeconds(30);
            var text = await client.GetStringAsync("/metrics");
            if (isComplete(text))
            {
                return text;
            }

            Assert.False(isLast, text);
        }
    }

    private static bool Holds(byte[] body, string word) => body.AsSpan().IndexOf(Encoding.UTF8.GetBytes(word)) >= 0;

    private static async Task<string> CreateAsync(VaultFactory vault, RecordingUpstream upstream)
    {
        await vault.AdminAsync(
            HttpMethod.Post,
            "/api/v1/named-credentials",
            $$"""{"name":"Service","url":"{{upstream.Url}}/service","authentication":{"protocol":"password","username":"user","password":"{{Secret}}"} }""");
        return await vault.CreateAppAsync("Telemetrist", "Service");
    }
}
