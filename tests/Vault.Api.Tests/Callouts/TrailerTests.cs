using System.IO.Compression;
using System.Net;
using System.Text;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Callouts;

/// <summary>Trailers to a caller over HTTP/1.1: the server below writes none there.</summary>
public sealed class TrailerTests(CalloutFixture fixture) : IClassFixture<CalloutFixture>
{
    private const string Token = "the-bearer-token";

    [Theory]
    [InlineData("Trailer: X-T\r\n", null, "hello")]
    [InlineData("Trailer: X-T\r\n", null, "")]
    [InlineData("", "gzip, Trailers", "hello")]
    [InlineData("", null, "hello")]
    public async Task Trailers_ComeBack_Masked_AndTheConnectionGoesOn(string announced, string? te, string body)
    {
        await using var upstream = RawUpstream.Start();
        upstream.AnswerWith(Answer(announced, body, $"X-T: 1\r\nX-T: 2\r\nX-Echo: {Token}\r\nX-Vault-Error: none\r\n"), close: false);
        var callout = await CreateAsync(upstream.Url);
        for (var turn = 0; turn < 3; turn++)
        {
            using var response = await callout.SendAsync(HttpMethod.Get, "/x", headers: te is null ? [] : [("TE", te)]);
            Assert.Equal((HttpStatusCode.OK, body), (response.StatusCode, await response.Content.ReadAsStringAsync()));
            Assert.True(response.Headers.TransferEncodingChunked);
            Assert.Equal(
                [("X-T", "1, 2"), ("X-Echo", new string('*', Token.Length))],
                response.TrailingHeaders.NonValidated.Select(trailer => (trailer.Key, string.Join(", ", trailer.Value))));
        }
    }

    [Fact]
    public async Task AnswerWithoutTrailers_EndsAsEver()
    {
        await using var upstream = RawUpstream.Start();
        upstream.AnswerWith(Answer("", "hello", ""), close: false);
        var callout = await CreateAsync(upstream.Url);
        for (var turn = 0; turn < 2; turn++)
        {
            using var response = await callout.SendAsync(HttpMethod.Get, "/x");
            Assert.Equal("hello", await response.Content.ReadAsStringAsync());
            Assert.Empty(response.TrailingHeaders);
        }
    }

    [Fact]
    public async Task Body_OfManyPieces_ComesWhole()
    {
        var body = string.Concat(Enumerable.Range(0, 40_000).Select(number => $"{number}\n"));
        await using var upstream = RawUpstream.Start();
        upstream.AnswerWith(Answer("Trailer: X-T\r\n", body, "X-T: 1\r\n"), close: false);
        using var response = await (await CreateAsync(upstream.Url)).SendAsync(HttpMethod.Get, "/x");
        Assert.Equal(body, await response.Content.ReadAsStringAsync());
        Assert.Equal("1", response.TrailingHeaders.GetValues("X-T").Single());
    }

    [Fact]
    public async Task Body_ThatBreaksOff_HasNoEnd()
    {
        await using var upstream = RawUpstream.Start();
        upstream.AnswerWith("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n5\r\nhello\r\n5\r\nhe");
        var callout = await CreateAsync(upstream.Url);
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => callout.SendAsync(HttpMethod.Get, "/x"));
    }

    [Fact]
    public async Task Body_ThatIsntWhatItSays_IsAProblem_NotAChunkOfOne()
    {
        await using var upstream = RawUpstream.Start();
        upstream.AnswerWith("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\nTrailer: X-T\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
        var callout = await CreateAsync(upstream.Url);
        await callout.SendRefusedAsync("response-not-inspectable", HttpStatusCode.BadGateway, HttpMethod.Get, "/x");
    }

    [Fact]
    public async Task Trailers_ThatSayHowToReadAMessage_AreLeftOut()
    {
        await using var upstream = await RecordingUpstream.StartAsync(Microsoft.AspNetCore.Server.Kestrel.Core.HttpProtocols.Http2);
        upstream.Answer = async (context, _) =>
        {
            context.Response.Headers.Trailer = "x-t";
            await Microsoft.AspNetCore.Http.HttpResponseWritingExtensions.WriteAsync(context.Response, "hello");
            var trailers = context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpResponseTrailersFeature>()!.Trailers;
            (trailers["x-t"], trailers["content-type"], trailers["content-encoding"], trailers["content-range"]) = ("1", "text/html", "gzip", "bytes 0-4/5");
        };
        var callout = await CreateAsync(upstream.Url, ", \"httpVersion\": \"2\"");

        // Byte by byte: HttpClient itself drops such trailers.
        var address = callout.Client.BaseAddress!;
        var answer = await RawClient.SendAsync(
            address, null, $"GET /callout/{callout.Name}/x HTTP/1.1\r\nHost: {address.Authority}\r\nX-Vault-Key: {callout.Key}\r\nConnection: close\r\n\r\n");
        Assert.Equal([200], answer.Statuses);
        Assert.EndsWith("\r\n\r\n5\r\nhello\r\n0\r\nx-t: 1\r\n\r\n", answer.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gzip", "X-T")]
    [InlineData("identity", "X-T, Content-MD5, Digest, Content-Digest, Repr-Digest")]
    public async Task Digests_OfWhatWasDecoded_AreLeftOut(string coding, string expected)
    {
        using var coded = new MemoryStream();
        await using (var gzip = new GZipStream(coded, CompressionLevel.Optimal, leaveOpen: true))
        {
            await gzip.WriteAsync("hello"u8.ToArray());
        }

        await using var upstream = RawUpstream.Start();
        upstream.AnswerWith(
            Answer(
                $"Content-Encoding: {coding}\r\nTrailer: X-T\r\n", coding == "gzip" ? Encoding.Latin1.GetString(coded.ToArray()) : "hello",
                "X-T: 1\r\nContent-MD5: AAAA\r\nDigest: sha-256=AAAA\r\nContent-Digest: sha-256=:AAAA:\r\nRepr-Digest: sha-256=:AAAA:\r\n"),
            close: false);
        using var response = await (await CreateAsync(upstream.Url)).SendAsync(HttpMethod.Get, "/x");
        Assert.Equal("hello", await response.Content.ReadAsStringAsync());
        Assert.Equal(expected.Split(", "), response.TrailingHeaders.NonValidated.Select(trailer => trailer.Key));
    }

    [Theory]
    [InlineData("HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n")]
    [InlineData("GET", "HTTP/1.1 304 Not Modified\r\nTrailer: X-T\r\n\r\n")]
    [InlineData("GET", "HTTP/1.1 204 No Content\r\nTrailer: X-T\r\n\r\n")]
    [InlineData("GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTrailer: X-T\r\n\r\nok")]
    public async Task Answers_WithoutChunks_StayAsTheyAre(string method, string bytes)
    {
        await using var upstream = RawUpstream.Start();
        upstream.AnswerWith(bytes, close: false);
        var callout = await CreateAsync(upstream.Url);
        for (var turn = 0; turn < 2; turn++)
        {
            using var response = await callout.SendAsync(new HttpMethod(method), "/x");
            Assert.Equal(bytes.EndsWith("ok", StringComparison.Ordinal) ? "ok" : "", await response.Content.ReadAsStringAsync());
            Assert.NotEqual(true, response.Headers.TransferEncodingChunked);
        }
    }

    private static string Answer(string announced, string body, string trailers) =>
        $"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n{announced}\r\n{(body.Length == 0 ? "" : $"{body.Length:x}\r\n{body}\r\n")}0\r\n{trailers}\r\n";

    private async Task<TestCallout> CreateAsync(string url, string settings = "")
    {
        var name = fixture.NewName();
        await fixture.Vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""
            { "name": "{{name}}", "url": "{{url}}", "authentication": { "protocol": "bearer", "token": "{{Token}}" }{{settings}} }
            """);
        var key = await fixture.Vault.CreateAppAsync("App" + name, name);
        return new TestCallout(fixture, name, key, fixture.Vault.CreateClient(key));
    }
}
