using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Vault.Core.Egress;
using Vault.Testing;
using Xunit;

namespace Vault.Interop.Tests;

/// <summary>
/// The apps of samples/, one per language, each unchanged but for its environment: through the forward proxy, to a service over https and
/// over http, and through <c>/callout</c>.
/// </summary>
public sealed class AppTests(AppTests.Bench bench) : IClassFixture<AppTests.Bench>
{
    private const string Host = "service.example";
    private const string Answer = """{"id":7,"name":"The record"}""";
    private const string Secret = "canary-of-the-service-8213";

    public static TheoryData<string> Languages => ["curl", "python", "node", "go", "dotnet"];

    [Theory]
    [MemberData(nameof(Languages))]
    public async Task App_ThroughTheForwardProxy_NeedsNothingButItsEnvironment(string language)
    {
        var proxy = $"http://{language}:{bench.Key}@127.0.0.1:{bench.Port}";
        foreach (var url in new[] { bench.SecureUrl, bench.PlainUrl })
        {
            await RunAsync(language, new()
            {
                ["SERVICE_URL"] = url,
                ["HTTPS_PROXY"] = proxy,
                ["HTTP_PROXY"] = proxy,
                ["http_proxy"] = proxy,
                ["CURL_CA_BUNDLE"] = bench.Authority,
                ["SSL_CERT_FILE"] = bench.Authority,
                ["NODE_EXTRA_CA_CERTS"] = bench.Authority,
            });
        }
    }

    [Theory]
    [MemberData(nameof(Languages))]
    public Task App_ThroughACalloutByName_NeedsNothingButItsEnvironment(string language) => RunAsync(language, new()
    {
        ["SERVICE_URL"] = bench.Vault.ClientOptions.BaseAddress.ToString().TrimEnd('/') + "/callout/Secure",
        ["SERVICE_TOKEN"] = bench.Key,
    });

    [Theory]
    [MemberData(nameof(Languages))]
    public async Task App_WithAWrongKey_IsToldSo_AndReachesNothing(string language)
    {
        var before = bench.Requests;
        var run = await bench.StartAsync(language, new Dictionary<string, string>
        {
            ["SERVICE_URL"] = bench.SecureUrl,
            ["HTTPS_PROXY"] = $"http://x:vk_unknown0_0123456789abcdef0123456789abcdef01234567890@127.0.0.1:{bench.Port}",
            ["CURL_CA_BUNDLE"] = bench.Authority,
            ["SSL_CERT_FILE"] = bench.Authority,
            ["NODE_EXTRA_CA_CERTS"] = bench.Authority,
        });
        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains(language == "go" ? "Proxy Authentication Required" : "407", run.Errors, StringComparison.Ordinal);
        Assert.Equal(before, bench.Requests);
    }

    private async Task RunAsync(string language, Dictionary<string, string> environment)
    {
        var before = bench.Requests;
        var run = await bench.StartAsync(language, environment);
        Assert.True(run.ExitCode == 0, $"{language}: {run.Errors}{run.Output}");
        Assert.Equal(Answer, run.Output.Trim());
        Assert.Equal(before + 1, bench.Requests);
        Assert.Equal("Bearer " + Secret, bench.Last.Header("Authorization"));
        Assert.Equal("/record", bench.Last.Target);
    }

    /// <summary>A vault with a forward proxy, the service over both schemes, and the app in Go, which has to be built once.</summary>
    public sealed class Bench : IAsyncLifetime
    {
        private readonly TestCertificates _certificates = new();
        private readonly string _folder = Directory.CreateTempSubdirectory("vault-apps-").FullName;
        private readonly Lazy<Task<string>> _go;
        private RecordingUpstream _plain = null!;
        private RecordingUpstream _secure = null!;

        public Bench() => _go = new(BuildGoAsync);

        public VaultFactory Vault { get; private set; } = null!;

        public int Port { get; } = FreePort.Find();

        public string Key { get; private set; } = "";

        /// <summary>A file with what clients have to trust.</summary>
        public string Authority => Path.Combine(_folder, "ca.pem");

        public string SecureUrl => $"https://{Host}:{new Uri(_secure.Url).Port}";

        // By a name: clients go to addresses of this machine past every proxy.
        public string PlainUrl => $"http://{Host}:{new Uri(_plain.Url).Port}";

        public int Requests => _plain.Requests.Count + _secure.Requests.Count;

        public RecordedRequest Last { get; private set; } = null!;

        public async Task InitializeAsync()
        {
            _plain = await RecordingUpstream.StartAsync();
            _secure = await RecordingUpstream.StartAsync(HttpProtocols.Http1AndHttp2, https: new HttpsConnectionAdapterOptions { ServerCertificate = _certificates.Issue(Host) });
            _plain.Answer = _secure.Answer = (context, request) =>
            {
                Last = request;
                return context.Response.WriteAsync(Answer);
            };
            Vault = new VaultFactory(
                services: services =>
                {
                    var resolver = new ScriptedResolver();
                    resolver.Set(Host, "127.0.0.1");
                    services.Replace(ServiceDescriptor.Singleton<IHostResolver>(resolver));
                },
                forwardPort: Port);
            foreach (var (name, url) in new[] { ("Secure", SecureUrl), ("Plain", PlainUrl) })
            {
                await Vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", new JsonObject
                {
                    ["name"] = name,
                    ["url"] = url,
                    ["serverCertificates"] = _certificates.Pem,
                    ["authentication"] = new JsonObject { ["protocol"] = "bearer", ["token"] = Secret },
                }.ToJsonString());
            }

            Key = await Vault.CreateAppAsync("Apps", "Secure", "Plain");
            using var client = Vault.CreateClient(null);
            await File.WriteAllTextAsync(Authority, await client.GetStringAsync("/api/v1/forward-proxy/ca.pem"));
        }

        public async Task DisposeAsync()
        {
            await Vault.DisposeAsync();
            await _plain.DisposeAsync();
            await _secure.DisposeAsync();
            _certificates.Dispose();
            Directory.Delete(_folder, recursive: true);
        }

        /// <summary>Runs the sample of a language.</summary>
        internal async Task<AppRun> StartAsync(string language, IReadOnlyDictionary<string, string> environment) => language switch
        {
            "curl" => await AppRun.StartAsync(environment, "bash", Path.Combine("curl", "record.sh")),
            "python" => await AppRun.StartAsync(environment, "python3", Path.Combine("python", "record.py")),
            "node" => await AppRun.StartAsync(environment, "node", Path.Combine("node", "record.mjs")),
            "go" => await AppRun.StartAsync(environment, await _go.Value),
            "dotnet" => await AppRun.StartAsync(environment, "dotnet", Path.Combine(AppContext.BaseDirectory, "Record.dll")),
            _ => throw new ArgumentOutOfRangeException(nameof(language)),
        };

        private async Task<string> BuildGoAsync()
        {
            var program = Path.Combine(_folder, "record");
            var run = await AppRun.StartAsync(new Dictionary<string, string> { ["GOFLAGS"] = "-buildvcs=false", ["CGO_ENABLED"] = "0" }, "go", "build", "-o", program, Path.Combine("go", "main.go"));
            return run.ExitCode == 0 ? program : throw new InvalidOperationException(run.Errors);
        }
    }
}
