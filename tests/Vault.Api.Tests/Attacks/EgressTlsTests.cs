using System.Net.Security;
using System.Security.Authentication;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Attacks;

/// <summary>Servers that can't prove who they are: no byte of the request reaches them.</summary>
[Collection(nameof(OpenEgressBench))]
public sealed class EgressTlsTests(OpenEgressBench bench) : IDisposable
{
    // A ServerHello of TLS 1.0 and one of 1.1, with TLS_RSA_WITH_AES_128_CBC_SHA: what is offered isn't what is taken.
    private const string OldHello = "\u0016\u0003?\u0000\u002a\u0002\u0000\u0000\u0026\u0003?0123456789abcdef0123456789abcdef\u0000\u0000\u002f\u0000";
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Theory]
    [InlineData("self-signed")]
    [InlineData("unknown authority")]
    [InlineData("wrong name")]
    [InlineData("expired")]
    [InlineData("expired, its authority trusted")]
    [InlineData("good")]
    public async Task Certificate_IsJudged(string kind)
    {
        bench.Resolver.Set("tls.example", "127.0.0.1");
        using var certificate = kind switch
        {
            "self-signed" => TestCertificates.SelfSign("tls.example"),
            "wrong name" => _certificates.Issue("other.example"),
            "expired" or "expired, its authority trusted" => _certificates.Issue("tls.example", isExpired: true),
            _ => _certificates.Issue("tls.example"),
        };
        await using var upstream = await RecordingUpstream.StartAsync(HttpProtocols.Http1AndHttp2, https: new HttpsConnectionAdapterOptions { ServerCertificate = certificate });
        var trusts = kind is "wrong name" or "good" or "expired, its authority trusted";
        var called = await bench.SaveAndCallAsync(
            $"https://tls.example:{new Uri(upstream.Url).Port}/", settings: trusts ? new JsonObject { ["serverCertificates"] = _certificates.Pem } : null);
        if (kind == "good")
        {
            Assert.Equal((200, 1), (called.Status, upstream.Requests.Count));
            return;
        }

        Assert.Equal((502, "upstream-unreachable"), (called.Status, called.Code));
        Assert.Empty(upstream.Requests);
        Assert.NotEqual(0, upstream.Connections);
    }

    [Theory]
    [InlineData('\u0001')]
    [InlineData('\u0002')]
    public async Task Version_OlderThan12_IsRefused(char version)
    {
        await using var upstream = RawUpstream.Start();
        await using var old = TcpRelay.Start(async stream =>
        {
            var buffer = new byte[4096];
            Assert.NotEqual(0, await stream.ReadAsync(buffer));
            await stream.WriteAsync(System.Text.Encoding.Latin1.GetBytes(OldHello.Replace('?', version)));
            return new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, upstream.Port);
        });
        bench.Resolver.Set("old.example", "127.0.0.1");
        var called = await bench.SaveAndCallAsync($"https://old.example:{old.Port}/");
        Assert.Equal((502, "upstream-unreachable"), (called.Status, called.Code));

        // What follows the hello is an alert and nothing else.
        Assert.All(upstream.Received, text => Assert.True(text.Length <= 7, text));
        SecretForms.AssertAbsent(string.Concat(upstream.Received), "what came after the hello", EgressBench.Secret);
    }

    [Fact]
    public async Task Server_WithoutTls_GetsNothingButAHello()
    {
        var before = bench.Upstream.Received.Count;
        var called = await bench.SaveAndCallAsync($"https://127.0.0.1:{bench.Upstream.Port}/");
        Assert.Equal((502, "upstream-unreachable"), (called.Status, called.Code));
        Assert.All(bench.Upstream.Received.Skip(before), text => Assert.True(text.Length == 0 || text[0] == '\u0016', "A TLS handshake begins with 22."));
    }

    [Fact]
    public async Task Certificate_ThatNamesUrls_MakesNobodyFetchThem()
    {
        // The platform would get a missing issuer, or a revocation list, from wherever the certificate says.
        await using var bait = RawUpstream.Start();
        bench.Resolver.Set("bait.example", "127.0.0.1");
        using var certificate = _certificates.Issue("bait.example", issuerUrl: bait.Url);
        await using var server = TcpRelay.Start(async stream =>
        {
            // Offline: Kestrel would fetch the issuer itself.
            var options = new SslServerAuthenticationOptions { ServerCertificateContext = SslStreamCertificateContext.Create(certificate, null, offline: true) };
            await using var tls = new SslStream(stream);
            try
            {
                await tls.AuthenticateAsServerAsync(options);
                Assert.Equal(0, await tls.ReadAsync(new byte[1]));
            }
            catch (Exception exception) when (exception is AuthenticationException or IOException)
            {
                // The vault hung up.
            }

            return null;
        });
        var called = await bench.SaveAndCallAsync($"https://bait.example:{server.Port}/");
        Assert.Equal((502, "upstream-unreachable"), (called.Status, called.Code));
        Assert.Equal((0, 1), (bait.Connections, server.Connections));

        // The same with a client that isn't told not to.
        using var plain = new HttpMessageInvoker(new SocketsHttpHandler { UseProxy = false });
        using var request = new HttpRequestMessage(HttpMethod.Get, $"https://127.0.0.1:{server.Port}/");
        await Assert.ThrowsAsync<HttpRequestException>(() => plain.SendAsync(request, CancellationToken.None));
        Assert.NotEqual(0, bait.Connections);
    }

    [Theory]
    [InlineData("Good-Name.Example.", "good-name.example")]
    [InlineData("b\u00fccher.tls.example", "xn--bcher-kva.tls.example")]
    public async Task Sni_AndHost_AreTheNameThatWasJudged(string written, string sent)
    {
        bench.Resolver.Set(sent, "127.0.0.1");
        using var certificate = _certificates.Issue(sent);
        var names = new System.Collections.Concurrent.ConcurrentQueue<string?>();
        await using var upstream = await RecordingUpstream.StartAsync(https: new HttpsConnectionAdapterOptions
        {
            ServerCertificateSelector = (_, name) =>
            {
                names.Enqueue(name);
                return certificate;
            },
        });
        var port = new Uri(upstream.Url).Port;
        var called = await bench.SaveAndCallAsync($"https://{written}:{port}/", settings: new JsonObject { ["serverCertificates"] = _certificates.Pem });
        Assert.Equal(200, called.Status);
        Assert.Equal($"{sent}:{port}", Assert.Single(upstream.Requests).Header("Host"));
        // The server's side shows it decoded. HttpClient may have begun a second connection.
        Assert.Equal(sent, new System.Globalization.IdnMapping().GetAscii(Assert.Single(names.Distinct())!));
    }
}
