using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Vault.Api.Hosting;
using Vault.Core.ForwardProxy;
using Xunit;

namespace Vault.Api.Tests.Hosting;

/// <summary>The server listens on every address of the machine for a host that it doesn't know: none gets that far.</summary>
public sealed class ListenerSettingsTests
{
    [Theory]
    [InlineData("http://127.0.0.1:1881l")]
    [InlineData("http://127.0.0.1:")]
    [InlineData("http://127.0.0.1,18811")]
    [InlineData("http://127.0.0.1:18811:1")]
    [InlineData("http://127.0.0.l:18811")]
    [InlineData("http://127.0.0.1 :18811")]
    [InlineData("http://127.0.0.1.:18811")]
    [InlineData("http://127.0.0.1.1:18811")]
    [InlineData("http://256.0.0.1:18811")]
    [InlineData("http://[::1:18811")]
    [InlineData("http://::1:18811")]
    [InlineData("http://[::1]:18811:1")]
    [InlineData("http://[::1]x:18811")]
    [InlineData("http://[127.0.0.1]:18811")]
    [InlineData("http://localhost.:18811")]
    [InlineData("http://.localhost:18811")]
    [InlineData("http://vaultlocalhost:18811")]
    [InlineData("http://18811")]
    [InlineData("http://127.1:18811")]
    [InlineData("http://localhos:18811")]
    [InlineData("http://vault.example")]
    [InlineData("http://user@127.0.0.1:18811")]
    [InlineData("http://127.0.0.1:18811?x")]
    [InlineData("http://127.0.0.1:18811#x")]
    [InlineData("http://127.0.0.1:18811\\")]
    [InlineData("http://**:18811")]
    [InlineData("http://*.:18811")]
    [InlineData("http://:18811")]
    [InlineData("http://unix:socket")]
    [InlineData("http://127.0.0.1:18811/base")]
    public void Judge_WhatIsNoAddress_IsRefused_AndNamed(string address)
    {
        foreach (var (setting, value) in new[] { ("urls", address), ("urls", "http://127.0.0.1:0; " + address), ("Kestrel:Endpoints:Api:Url", address) })
        {
            Assert.StartsWith(setting, Assert.Throws<VaultSettingException>(() => Judge(setting, value)).Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("http://127.0.0.1:18811")]
    [InlineData("http://127.0.0.1")]
    [InlineData("https://127.0.0.1:0")]
    [InlineData("http://10.1.2.3:7")]
    [InlineData("http://[::1]:18811")]
    [InlineData("http://[::1]")]
    [InlineData("http://[::]:8080/")]
    [InlineData("http://[fe80::1%1]:8080")]
    [InlineData("http://0.0.0.0:8080")]
    [InlineData("HTTP://LOCALHOST:8080/")]
    [InlineData("http://vault.localhost:8080")]
    [InlineData("http://*:8080")]
    [InlineData("http://+:8080")]
    [InlineData("https://+")]
    [InlineData("http://unix:/run/vault.sock")]
    public void Judge_AnAddress_Passes(string address)
    {
        Judge("urls", address);
        Judge("urls", $" {address} ; http://127.0.0.1:0;");
        Judge("Kestrel:Endpoints:Api:Url", address);
    }

    [Fact]
    public async Task Endpoint_ThatIsMistypedWhileTheServerRuns_IsRefused_AndThereIsStillTheOneBefore()
    {
        const string Setting = "Kestrel:Endpoints:Api:Url";
        var refusal = new RefusedReload();
        var builder = WebApplication.CreateBuilder();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { [Setting] = "http://127.0.0.1:0", ["Vault:Http2Url"] = "", ["Vault:InlineSockets"] = "false" });
        builder.Logging.ClearProviders().AddProvider(refusal);
        builder.AddVaultKestrel(new ForwardProxyOptions(null, false));
        await using var app = builder.Build();
        await app.StartAsync();
        var address = Assert.Single(app.Urls);
        builder.Configuration[Setting] = "http://127.0.0.l:0";
        ((IConfigurationRoot)builder.Configuration).Reload();
        Assert.StartsWith(Setting, (await refusal.Exception.WaitAsync(TimeSpan.FromSeconds(30))).Message, StringComparison.Ordinal);
        Assert.Equal([address], app.Urls);
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync(address)).StatusCode);
    }

    /// <summary>Waits for the server to say that it can't take new settings.</summary>
    private sealed class RefusedReload : ILoggerProvider, ILogger
    {
        private readonly TaskCompletionSource<Exception> _exception = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<Exception> Exception => _exception.Task;

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel is LogLevel.Critical;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel is LogLevel.Critical && exception is not null)
            {
                _exception.TrySetResult(exception);
            }
        }

        public void Dispose()
        {
        }
    }

    private static void Judge(string setting, string value) =>
        ListenerSettings.Judge(new ConfigurationBuilder().AddInMemoryCollection([KeyValuePair.Create(setting, (string?)value)]).Build());
}
