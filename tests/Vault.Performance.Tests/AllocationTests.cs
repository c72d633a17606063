using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Vault.Core.Audit;
using Vault.Testing;
using Xunit;
using Xunit.Abstractions;

namespace Vault.Performance.Tests;

/// <summary>
/// The guard against getting slower that doesn't depend on the machine: what a callout allocates, from the app's socket to the
/// service's and back, Kestrel and YARP included, compared with baseline.json. When the vault allocates less on purpose, lower the
/// baseline; when it has to allocate more, raise it in a commit that says why.
/// </summary>
public sealed class AllocationTests(ITestOutputHelper output)
{
    /// <summary>Runtimes and machines differ by less; a new closure or string on every callout is more.</summary>
    private const double Margin = 1.05;

    private const string Authentication = """{ "protocol": "password", "username": "bench-user", "password": "bench-password-0123456789" }""";
    private static readonly string Body = """{"Username":"{!$Credential.Username}","Password":"{!$Credential.Password}","Padding":"@"}""".Replace("@", new string('p', 940), StringComparison.Ordinal);

    [Fact]
    public async Task Callout_OnceWarm_AllocatesNoMoreThanTheBaseline()
    {
        var measured = new Dictionary<string, Allocation>();
        using var upstream = new LeanUpstream();
        await using (var vault = Start("background", keepsAudit: false))
        {
            var key = await DefineAsync(vault, upstream.Url);
            measured["plain"] = Measure(vault, Get("Plain", key));
            measured["redaction off"] = Measure(vault, Get("Unredacted", key));
            measured["POST 1 KB, two merge fields"] = Measure(vault, Post("Merged", key));
        }

        await using (var vault = Start("beforeResponse", keepsAudit: true))
        {
            // One app that waits for each answer: a record is alone in its transaction, whatever else the machine does.
            measured["plain, audit beforeResponse"] = Measure(vault, Get("Plain", await DefineAsync(vault, upstream.Url)));
        }

        var baseline = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "baseline.json")))!.AsObject();
        foreach (var (name, allocation) in measured)
        {
            output.WriteLine($"{name}: {allocation}; baseline {baseline[name]}");
        }

        await ReportAsync(measured, upstream);
        Assert.Equal(baseline.Select(pair => pair.Key).Order(StringComparer.Ordinal), measured.Keys.Order(StringComparer.Ordinal));
        Assert.All(measured, pair => Assert.True(
            pair.Value.Least <= (double)baseline[pair.Key]! * Margin,
            $"{pair.Key}: {pair.Value.Least} B per callout, the baseline says {baseline[pair.Key]}."));
    }

    [Fact]
    public void ClientAndUpstream_OfTheMeasurement_AllocateNothing()
    {
        using var upstream = new LeanUpstream();
        using var client = new LeanClient(new Uri(upstream.Url).Port, "GET / HTTP/1.1\r\nHost: service.example\r\n\r\n");
        Assert.InRange(Allocation.Measure(client.Send).Least, 0, 8);
    }

    private static VaultFactory Start(string durability, bool keepsAudit) => new(
        new Dictionary<string, string?> { ["Vault:Audit:Durability"] = durability },
        services: services =>
        {
            if (!keepsAudit)
            {
                services.AddSingleton<IAuditStore, ForgetfulAuditStore>();
            }

            services.Configure<LoggerFilterOptions>(filter =>
            {
                // As in production: the tests' own capture of every line would be most of what is measured.
                filter.Rules.Clear();
                filter.MinLevel = LogLevel.Warning;
                filter.Rules.Add(new LoggerFilterRule(null, "Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None, null));
            });
        });

    private static Allocation Measure(VaultFactory vault, string request)
    {
        using var client = new LeanClient(vault.ClientOptions.BaseAddress.Port, request);
        return Allocation.Measure(client.Send);
    }

    private static async Task<string> DefineAsync(VaultFactory vault, string url)
    {
        foreach (var (name, settings) in new[] { ("Plain", ""), ("Unredacted", """, "redactResponses": false"""), ("Merged", ""","allowMergeFieldsInBody": true""") })
        {
            await vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""
                { "name": "{{name}}", "url": "{{url}}/service", "authentication": {{Authentication}}{{settings}} }
                """);
        }

        return await vault.CreateAppAsync("Bench", "Plain", "Unredacted", "Merged");
    }

    private static string Get(string name, string key) => $"GET /callout/{name}/record HTTP/1.1\r\nHost: vault\r\nX-Vault-Key: {key}\r\n\r\n";

    private static string Post(string name, string key) =>
        $"POST /callout/{name}/record HTTP/1.1\r\nHost: vault\r\nX-Vault-Key: {key}\r\nContent-Type: application/json\r\nContent-Length: {Body.Length}\r\n\r\n{Body}";

    // For bench/run.sh, with one figure more: the audit in the database, many records to a transaction where it comes to that.
    private static async Task ReportAsync(Dictionary<string, Allocation> measured, LeanUpstream upstream)
    {
        if (Environment.GetEnvironmentVariable("VAULT_PERFORMANCE_REPORT") is { Length: > 0 } file)
        {
            await using var vault = Start("background", keepsAudit: true);
            var background = Measure(vault, Get("Plain", await DefineAsync(vault, upstream.Url)));
            var all = new Dictionary<string, Allocation>(measured) { ["plain, audit background"] = background };
            await File.WriteAllTextAsync(file, JsonSerializer.Serialize(all, JsonSerializerOptions.Web));
        }
    }
}
