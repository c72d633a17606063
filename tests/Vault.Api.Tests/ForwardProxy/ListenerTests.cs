using System.Diagnostics;
using System.Net;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.ForwardProxy;

/// <summary>Where the forward proxy listens, as the settings of a real process say.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class ListenerTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("vault-proxy-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData("127.0.0.1", false)]
    [InlineData("localhost", false)]
    [InlineData("0.0.0.0", true)]
    public async Task Process_ListensBesideItsOtherAddresses_HoweverThoseAreSet(string host, bool byEndpoints)
    {
        var port = FreePort.Find();
        List<(string, string)> settings = [("Vault:ForwardProxy:Url", $"http://{host}:{port}")];
        if (byEndpoints)
        {
            settings.Add(("Kestrel:Endpoints:Api:Url", $"http://127.0.0.1:{FreePort.Find()}"));
        }

        await using var vault = await VaultProcess.StartAsync(_directory, [.. settings]);
        Assert.NotEqual(port, vault.Address.Port);
        using var admin = vault.CreateClient(VaultFactory.AdminKey);
        Assert.Equal(HttpStatusCode.OK, (await admin.GetAsync("/api/v1/apps")).StatusCode);
        Assert.Contains("BEGIN CERTIFICATE", await admin.GetStringAsync("/api/v1/forward-proxy/ca.pem"), StringComparison.Ordinal);
        var proxy = new Uri($"http://127.0.0.1:{port}");
        var refused = await RawClient.SendAsync(proxy, null, $"GET /api/v1/apps HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nX-Vault-Key: {VaultFactory.AdminKey}\r\nConnection: close\r\n\r\n");
        Assert.Equal([407], refused.Statuses);
        var connect = await RawClient.SendAsync(proxy, null, "CONNECT service.example:443 HTTP/1.1\r\n\r\n");
        Assert.Equal([407], connect.Statuses);
        Assert.True(connect.IsClosed);
    }

    [Theory]
    [InlineData("127.0.0.1", false)]
    [InlineData("127.0.0.1", true)]
    [InlineData("vault.localhost", true)]
    public async Task Http2_HasAListenerOfItsOwn_HoweverTheOthersAreSet(string host, bool byEndpoints)
    {
        var port = FreePort.Find();
        List<(string, string)> settings = [("Vault:Http2Url", $"http://{host}:{port}")];
        if (byEndpoints)
        {
            settings.Add(("Kestrel:Endpoints:Api:Url", $"http://127.0.0.1:{FreePort.Find()}"));
        }

        await using var vault = await VaultProcess.StartAsync(_directory, [.. settings]);

        // The one that is told to people, and named in links, speaks what they speak.
        Assert.NotEqual(port, vault.Address.Port);
        using var admin = vault.CreateClient(VaultFactory.AdminKey);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{port}/api/v1/apps")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        using var answer = await admin.SendAsync(request);
        Assert.Equal((HttpStatusCode.OK, HttpVersion.Version20), (answer.StatusCode, answer.Version));
        Assert.Equal(HttpStatusCode.OK, (await admin.GetAsync("/api/v1/apps")).StatusCode);
    }

    [Theory]
    [InlineData("Vault:ForwardProxy:Url", "http://localhost:5080", "Vault:ForwardProxy:Url has the port of another listener (5080)")]
    [InlineData("Vault:Http2Url", "http://127.0.0.2:5080", "Vault:Http2Url has the port of another listener (5080)")]
    [InlineData("Vault:Http2Url", "http://[::1]:5080", "Vault:Http2Url has the port of another listener (5080)")]
    [InlineData("ASPNETCORE_URLS", "http://localhost:5080; http://*:5082", "Vault:Http2Url has the port of another listener (5082)")]
    [InlineData("Kestrel:Endpoints:Api:Url", "http://+:5082", "Vault:Http2Url has the port of another listener (5082)")]
    [InlineData("Vault:ForwardProxy:Url", "https://localhost:5081", "Vault:ForwardProxy:Url must be http")]
    [InlineData("Vault:ForwardProxy:UnmatchedHosts", "yes", "Vault:ForwardProxy:UnmatchedHosts must be refuse or tunnel")]
    public async Task Process_WithAWrongSetting_DoesntStart_AndSaysWhy(string setting, string value, string expected)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(Program).Assembly.Location]) { RedirectStandardError = true, RedirectStandardOutput = true };
        start.Environment["Vault__DataDirectory"] = _directory;
        start.Environment["ASPNETCORE_URLS"] = "http://localhost:5080";
        start.Environment["Vault__Http2Url"] = "http://localhost:5082";
        start.Environment[setting.Replace(":", "__", StringComparison.Ordinal)] = value;
        using var process = Process.Start(start)!;
        var (errors, output) = (process.StandardError.ReadToEndAsync(), process.StandardOutput.ReadToEndAsync());
        await process.WaitForExitAsync();
        Assert.Equal(78, process.ExitCode);
        Assert.Contains("vault: " + expected, await errors, StringComparison.Ordinal);
        await output;
    }
}
