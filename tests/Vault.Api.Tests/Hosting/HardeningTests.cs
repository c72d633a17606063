using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Hosting;

/// <summary>What the vault tells browsers, strangers and the operating system.</summary>
public sealed class HardeningTests
{
    [Fact]
    public async Task OwnAnswers_CarrySecurityHeaders_AndAnUpstreamsDont()
    {
        await using var upstream = await RecordingUpstream.StartAsync();
        await using var vault = new VaultFactory();
        await vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""{ "name": "Plain", "url": "{{upstream.Url}}", "authentication": { "protocol": "none" } }""");
        using var app = vault.CreateClient(await vault.CreateAppAsync("Plain", "Plain"));
        using var nobody = vault.CreateClient((string?)null);
        foreach (var path in new[] { "/api/v1/apps", "/api/v1/apps/Nope", "/nope", "/healthz/live", "/oauth/callback?state=x", "/swagger/index.html", "/swagger/v1/swagger.json" })
        {
            foreach (var client in new[] { nobody, vault.AdminClient })
            {
                using var answer = await client.GetAsync(path);
                string Header(string name) => answer.Headers.TryGetValues(name, out var values) ? string.Join(", ", values) : "";
                Assert.Equal(("nosniff", "DENY", "no-referrer"), (Header("X-Content-Type-Options"), Header("X-Frame-Options"), Header("Referrer-Policy")));
                Assert.Contains("default-src 'none'", Header("Content-Security-Policy"), StringComparison.Ordinal);
                Assert.Contains("frame-ancestors 'none'", Header("Content-Security-Policy"), StringComparison.Ordinal);
                Assert.True(answer.Headers.CacheControl?.NoStore is true || path.StartsWith("/swagger", StringComparison.Ordinal), path);
                Assert.Equal("", Header("Server") + Header("X-Powered-By") + Header("Strict-Transport-Security"));
            }
        }

        using var callout = await app.GetAsync("/callout/Plain");
        Assert.False(callout.Headers.Contains("X-Frame-Options") || callout.Headers.Contains("Content-Security-Policy"));
        using var refused = await app.GetAsync("/callout/Other");
        Assert.Equal(["nosniff"], refused.Headers.GetValues("X-Content-Type-Options"));
    }

    [Fact]
    public async Task HealthAndSwagger_NameNothingThatTheVaultHolds()
    {
        await using var vault = new VaultFactory();
        await vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials",
            """{ "name": "VerySpecialName", "url": "https://very-special-host.example", "authentication": { "protocol": "password", "username": "special-user", "password": "special-password" } }""");
        await vault.CreateAppAsync("VerySpecialApp", "VerySpecialName");
        using var nobody = vault.CreateClient((string?)null);
        foreach (var path in new[] { "/healthz/live", "/healthz/ready", "/metrics", "/swagger/v1/swagger.json", "/swagger/index.html", "/" })
        {
            using var answer = await nobody.GetAsync(path);
            var text = await answer.Content.ReadAsStringAsync();
            Assert.DoesNotContain("pecial", text, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain(vault.DataDirectory, text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Program_HasNoEventSources()
    {
        var path = Path.Combine(Path.GetDirectoryName(typeof(Program).Assembly.Location)!, "Vault.Api.runtimeconfig.json");
        var settings = JsonNode.Parse(File.ReadAllText(path))!["runtimeOptions"]!["configProperties"]!;
        Assert.False((bool)settings["System.Diagnostics.Tracing.EventSource.IsSupported"]!);
    }

    [Fact]
    public async Task InProduction_NoCoreDump_NoSwaggerWhereItIsOff_NoHttpNoLoopback()
    {
        var directory = Directory.CreateTempSubdirectory("vault-production-").FullName;
        var start = new ProcessStartInfo("dotnet") { RedirectStandardError = true, RedirectStandardOutput = true };
        start.ArgumentList.Add(typeof(Program).Assembly.Location);
        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Production";
        start.Environment["ASPNETCORE_URLS"] = "http://127.0.0.1:0";
        start.Environment["Vault__DataDirectory"] = directory;
        start.Environment["Vault__BootstrapAdminKey"] = VaultFactory.AdminKey;
        start.Environment["Vault__Swagger"] = "false";
        using var process = Process.Start(start)!;
        try
        {
            using var time = new CancellationTokenSource(TimeSpan.FromMinutes(5));
            var address = "";
            var output = process.StandardOutput;
            while (address.Length == 0 && await output.ReadLineAsync(time.Token) is { } line)
            {
                address = line.Contains("The vault listens on ", StringComparison.Ordinal) ? line.Split(' ')[^1] : "";
                Assert.DoesNotContain("wagger", line, StringComparison.Ordinal);
            }

            Assert.NotEqual("", address);
            using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri(address) };
            Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/healthz/ready", time.Token)).StatusCode);
            Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync("/swagger/index.html", time.Token)).StatusCode);
            Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync("/swagger/v1/swagger.json", time.Token)).StatusCode);
            var limits = await File.ReadAllLinesAsync($"/proc/{process.Id}/limits", time.Token);
            Assert.Contains(limits, line => line.StartsWith("Max core file size", StringComparison.Ordinal) && line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[4..6] is ["0", "0"]);

            client.DefaultRequestHeaders.Add("X-Vault-Key", VaultFactory.AdminKey);
            using var body = new StringContent(
                """{ "name": "Http", "url": "http://service.example", "authentication": { "protocol": "none" } }""", new System.Net.Http.Headers.MediaTypeHeaderValue("application/json"));
            using var http = await client.PostAsync("/api/v1/named-credentials", body, time.Token);
            Assert.Equal(HttpStatusCode.BadRequest, http.StatusCode);
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync();
            Directory.Delete(directory, recursive: true);
        }
    }
}
