using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Callouts;

/// <summary>Upstreams that answer by the head of an upload and close: what the caller gets is that answer (RFC 9112 section 9.6).</summary>
public sealed class EarlyAnswerTests(CalloutFixture fixture) : IClassFixture<CalloutFixture>
{
    [Theory]
    [InlineData(100_000, false)]
    [InlineData(900_000, false)]
    [InlineData(3_000_000, false)]
    [InlineData(20_000_000, false)]
    [InlineData(900_000, true)]
    [InlineData(20_000_000, true)]
    public async Task AnswerBeforeTheBody_ComesBack(int size, bool isTls)
    {
        using var certificate = isTls ? TestCertificates.SelfSign("127.0.0.1") : null;
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var refusing = RefuseAsync(listener, certificate);
        var name = fixture.NewName();
        await fixture.Vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", JsonSerializer.Serialize(new
        {
            name,
            url = $"{(isTls ? "https" : "http")}://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}",
            authentication = new { protocol = "bearer", token = "the-bearer-token" },
            serverCertificates = certificate?.ExportCertificatePem(),
        }));
        var callout = new TestCallout(fixture, name, "", fixture.Vault.CreateClient(await fixture.Vault.CreateAppAsync("App" + name, name)));
        for (var turn = 0; turn < 5; turn++)
        {
            using var response = await callout.SendAsync(HttpMethod.Post, "/upload", new string('x', size), "text/plain");
            Assert.Equal((HttpStatusCode.RequestEntityTooLarge, "big"), (response.StatusCode, await response.Content.ReadAsStringAsync()));
        }

        listener.Stop();
        await refusing;
    }

    private static async Task RefuseAsync(TcpListener listener, X509Certificate2? certificate)
    {
        while (true)
        {
            try
            {
                using var client = await listener.AcceptTcpClientAsync();
                await using Stream stream = certificate is null ? client.GetStream() : new SslStream(client.GetStream());
                if (stream is SslStream tls)
                {
                    await tls.AuthenticateAsServerAsync(certificate!);
                }

                // The rest of the body is never read: the system resets the connection.
                var head = new StringBuilder();
                var buffer = new byte[1];
                while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await stream.ReadAsync(buffer) > 0)
                {
                    head.Append((char)buffer[0]);
                }

                await stream.WriteAsync("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig"u8.ToArray());
            }
            catch (SocketException)
            {
                return;
            }
        }
    }
}
