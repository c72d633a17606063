using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Vault.Core.Egress;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.ForwardProxy;

/// <summary>
/// A vault with a forward proxy, and services that it may reach: <see cref="Plain"/> over http by its address, <see cref="Secure"/>
/// over https as <c>service.example</c>. Each test makes definitions under names of its own.
/// </summary>
public sealed class ForwardProxyFixture : IAsyncLifetime
{
    public const string Host = "service.example";

    public const string Secret = "canary-forward-secret-5519";

    private readonly TestCertificates _certificates = new();
    private int _names;

    public VaultFactory Vault { get; private set; } = null!;

    public RecordingUpstream Plain { get; private set; } = null!;

    public RecordingUpstream Secure { get; private set; } = null!;

    public int Port { get; } = FreePort.Find();

    public Uri Proxy => new($"http://127.0.0.1:{Port}");

    public X509Certificate2 Authority { get; private set; } = null!;

    /// <summary>As apps ask for it.</summary>
    public string SecureUrl => $"https://{Host}:{new Uri(Secure.Url).Port}";

    public async Task InitializeAsync()
    {
        Plain = await RecordingUpstream.StartAsync();
        Secure = await RecordingUpstream.StartAsync(HttpProtocols.Http1AndHttp2, https: new HttpsConnectionAdapterOptions { ServerCertificate = _certificates.Issue(Host) });
        Vault = Start();
        using var client = Vault.CreateClient(null);
        Authority = X509Certificate2.CreateFromPem(await client.GetStringAsync("/api/v1/forward-proxy/ca.pem"));
    }

    public async Task DisposeAsync()
    {
        await Vault.DisposeAsync();
        await Plain.DisposeAsync();
        await Secure.DisposeAsync();
        Authority.Dispose();
        _certificates.Dispose();
    }

    /// <summary>A vault of this kind on another port, or with other settings.</summary>
    public VaultFactory Start(int? port = null, string? dataDirectory = null, params (string Name, string Value)[] settings) => new(
        settings.ToDictionary(setting => setting.Name, setting => (string?)setting.Value),
        dataDirectory,
        services =>
        {
            var resolver = new ScriptedResolver();
            resolver.Set(Host, "127.0.0.1");
            services.Replace(ServiceDescriptor.Singleton<IHostResolver>(resolver));
        },
        forwardPort: port ?? Port);

    /// <summary>A certificate for <see cref="Host"/>, which named credentials of <see cref="DefineAsync"/> trust.</summary>
    public X509Certificate2 Issue() => _certificates.Issue(Host);

    /// <summary>A name that no other test of the class uses.</summary>
    public string NewName() => "N" + Interlocked.Increment(ref _names);

    /// <summary>Makes a named credential with a secret bearer token.</summary>
    /// <param name="url">Where it leads.</param>
    /// <param name="more">Further settings.</param>
    /// <param name="vault">Another vault than the one of the class.</param>
    public async Task<string> DefineAsync(string url, JsonObject? more = null, VaultFactory? vault = null)
    {
        var name = NewName();
        var definition = more ?? [];
        definition["name"] = name;
        definition["url"] = url;
        definition["authentication"] = new JsonObject { ["protocol"] = "bearer", ["token"] = Secret + name };
        if (url.StartsWith("https", StringComparison.Ordinal))
        {
            definition["serverCertificates"] = _certificates.Pem;
        }

        await (vault ?? Vault).AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", definition.ToJsonString());
        return name;
    }

    /// <summary>An app with a key, granted these.</summary>
    public Task<string> AppAsync(params string[] named) => Vault.CreateAppAsync("App" + NewName(), named);

    /// <summary>A client that knows nothing of the vault but a proxy, its key, and whom to trust.</summary>
    public HttpClient Client(string? key, int? port = null, bool isHttp2 = false) => new(new SocketsHttpHandler
    {
        Proxy = new WebProxy($"http://127.0.0.1:{port ?? Port}") { Credentials = key is null ? null : new NetworkCredential("any", key) },
        UseCookies = false,
        AllowAutoRedirect = false,
        SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = Trusting(Authority) },
    })
    {
        Timeout = TimeSpan.FromSeconds(30),
        DefaultRequestVersion = isHttp2 ? HttpVersion.Version20 : HttpVersion.Version11,
        DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };

    /// <summary>Trusts this authority and no other.</summary>
    public static X509ChainPolicy Trusting(X509Certificate2 authority)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(authority);
        return policy;
    }

    /// <summary>What a client sends to say who it is.</summary>
    public static string Basic(string key) => "Proxy-Authorization: Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("x:" + key)) + "\r\n";

    /// <summary>Opens a tunnel by hand; the stream is what is in it.</summary>
    public async Task<(NetworkStream Stream, string Answer)> ConnectAsync(string authority, string headers, int? port = null)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, port ?? Port);
        var stream = new NetworkStream(socket, ownsSocket: true) { ReadTimeout = 20_000 };
        await stream.WriteAsync(Encoding.Latin1.GetBytes($"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{headers}\r\n"));
        return (stream, await ReadHeadAsync(stream));
    }

    /// <summary>TLS in a tunnel, trusting the vault's authority alone.</summary>
    public async Task<SslStream> SecureAsync(Stream tunnel, string host, params SslApplicationProtocol[] protocols)
    {
        var tls = new SslStream(tunnel);
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = host,
            ApplicationProtocols = [.. protocols],
            CertificateChainPolicy = Trusting(Authority),
        });
        return tls;
    }

    /// <summary>Sends a request as it is written and reads until the answer's head and body, by its length, are there.</summary>
    public static async Task<string> ExchangeAsync(Stream stream, string request)
    {
        await stream.WriteAsync(Encoding.Latin1.GetBytes(request));
        return await ReadHeadAsync(stream);
    }

    /// <summary>Reads what comes until a head is whole, or the connection ends.</summary>
    public static async Task<string> ReadHeadAsync(Stream stream)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var text = new StringBuilder();
        var buffer = new byte[16 * 1024];
        while (!text.ToString().Contains("\r\n\r\n", StringComparison.Ordinal))
        {
            var count = await stream.ReadAsync(buffer, limit.Token);
            if (count == 0)
            {
                break;
            }

            text.Append(Encoding.Latin1.GetString(buffer, 0, count));
        }

        return text.ToString();
    }

    /// <summary>The newest records of the audit of this target.</summary>
    public async Task<JsonArray> AuditAsync(string query, VaultFactory? vault = null) =>
        (await (vault ?? Vault).AdminAsync(HttpMethod.Get, "/api/v1/audit?" + query))!["items"]!.AsArray();

    /// <summary>The same, once each says how long its answer was: of one that streams, that comes a moment after the end.</summary>
    public async Task<JsonArray> EndedAsync(string query, int count, VaultFactory? vault = null)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (true)
        {
            var records = await AuditAsync(query, vault);
            if (records.Count == count && records.All(record => record!["bytesOut"] is not null))
            {
                return records;
            }

            limit.Token.ThrowIfCancellationRequested();
        }
    }
}
