using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Callouts;

/// <summary>However much goes through the vault, its process holds a few buffers of it. A process of its own, since what others hold says nothing of it.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
[Trait("Database", "sqlite")]
public sealed class BoundedMemoryTests : IAsyncLifetime
{
    private const long Most = 96L << 20;
    private readonly string _directory = Directory.CreateTempSubdirectory("vault-memory-").FullName;
    private RecordingUpstream _upstream = null!;
    private VaultProcess _vault = null!;
    private HttpClient _app = null!;

    public async Task InitializeAsync()
    {
        _upstream = await RecordingUpstream.StartAsync();
        _upstream.ReadBody = false;
        _vault = await VaultProcess.StartAsync(_directory);
        await AdminAsync("POST", "named-credentials", new JsonObject
        {
            ["name"] = "Svc",
            ["url"] = _upstream.Url,
            ["allowMergeFieldsInBody"] = true,
            ["authentication"] = new JsonObject { ["protocol"] = "custom", ["parameters"] = new JsonObject { ["A"] = new string('k', 1024) } },
        });
        await AdminAsync("POST", "apps", new JsonObject { ["name"] = "App" });
        await AdminAsync("PUT", "apps/App/grants/Svc", []);
        _app = _vault.CreateClient((string)JsonNode.Parse(await AdminAsync("POST", "apps/App/keys", []))!["key"]!);
        (await _app.GetAsync("/callout/Svc/first")).Dispose();
    }

    public async Task DisposeAsync()
    {
        _app.Dispose();
        await _vault.DisposeAsync();
        await _upstream.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task OneGibibyte_BothWays_Streams()
    {
        const long Size = 1L << 30;
        _upstream.Answer = async (context, _) =>
        {
            var received = await CountAsync(context.Request.Body);
            context.Response.ContentLength = received;
            await WriteZerosAsync(context.Response.Body, received);
        };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/callout/Svc/big") { Content = new Zeros(Size) };
        Assert.Equal(Size, await HeldAsync(request));
    }

    [Fact]
    public async Task Expansion_WithoutALimit_Streams()
    {
        const int Fields = 300_000;
        var received = 0L;
        _upstream.Answer = async (context, _) => received = await CountAsync(context.Request.Body);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/callout/Svc/expanded")
        {
            Content = new ByteArrayContent(Encoding.UTF8.GetBytes(new StringBuilder().Insert(0, "{!$Credential.A}", Fields).ToString())) { Headers = { ContentType = new("text/plain") } },
        };
        Assert.Equal(0, await HeldAsync(request));
        Assert.Equal(Fields * 1024L, received);
    }

    [Fact]
    public async Task Bomb_WithoutALimit_Streams()
    {
        const long Size = 500_000_000;
        using var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            await WriteZerosAsync(gzip, Size);
        }

        _upstream.Answer = async (context, _) =>
        {
            context.Response.Headers.ContentEncoding = "gzip";
            await context.Response.Body.WriteAsync(packed.GetBuffer().AsMemory(0, (int)packed.Length));
        };
        using var request = new HttpRequestMessage(HttpMethod.Get, "/callout/Svc/bomb");
        Assert.Equal(Size, await HeldAsync(request));
    }

    // Gives how long the answer was; the process never held much more than before.
    private async Task<long> HeldAsync(HttpRequestMessage request)
    {
        var before = _vault.ForgetPeakMemory();
        using var answer = await _app.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        await using var body = await answer.Content.ReadAsStreamAsync();
        var length = await CountAsync(body);
        Assert.InRange(_vault.PeakMemory - before, 0, Most);
        return length;
    }

    private static async Task<long> CountAsync(Stream stream)
    {
        var buffer = new byte[128 * 1024];
        var count = 0L;
        while (await stream.ReadAsync(buffer) is > 0 and var read)
        {
            count += read;
        }

        return count;
    }

    private static async Task WriteZerosAsync(Stream stream, long size)
    {
        var buffer = new byte[128 * 1024];
        for (var sent = 0L; sent < size; sent += buffer.Length)
        {
            await stream.WriteAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, size - sent)));
        }
    }

    private async Task<string> AdminAsync(string method, string path, JsonObject body)
    {
        using var admin = _vault.CreateClient(VaultFactory.AdminKey);
        using var request = new HttpRequestMessage(new HttpMethod(method), "/api/v1/" + path) { Content = new StringContent(body.ToJsonString(), new MediaTypeHeaderValue("application/json")) };
        using var answer = await admin.SendAsync(request);
        Assert.True(answer.IsSuccessStatusCode, $"{method} {path} {(int)answer.StatusCode}");
        return await answer.Content.ReadAsStringAsync();
    }

    private sealed class Zeros(long size) : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => WriteZerosAsync(stream, size);

        protected override bool TryComputeLength(out long length)
        {
            length = size;
            return true;
        }
    }
}
