using System.IO.Compression;
using System.Net;
using Xunit;

namespace Vault.Api.Tests.Callouts;

/// <summary>Answers without a body speak of the one that a GET gets, which the vault decodes: their headers are the same.</summary>
public sealed class CodedAnswerTests(CalloutFixture fixture) : IClassFixture<CalloutFixture>
{
    private const string Bearer = """{ "protocol": "bearer", "token": "coded-answer-token" }""";

    [Fact]
    public async Task MaxResponseBytes_CountsDecodedBytes_WhateverTheLengthOfTheCoded()
    {
        var callout = await fixture.CreateAsync(Bearer, "\"maxResponseBytes\": 10");
        fixture.Upstream.Answer = async (context, _) =>
        {
            using var coded = new MemoryStream();
            await using (var gzip = new GZipStream(coded, CompressionLevel.Optimal, leaveOpen: true))
            {
                await gzip.WriteAsync("0123456789"u8.ToArray());
            }

            context.Response.Headers.ContentEncoding = "gzip";
            context.Response.ContentLength = coded.Length;
            await context.Response.Body.WriteAsync(coded.ToArray());
        };
        using var response = await callout.SendAsync(HttpMethod.Get, "/x");
        Assert.Equal("0123456789", await response.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("HEAD", HttpStatusCode.OK, Bearer, "gzip", false)]
    [InlineData("HEAD", HttpStatusCode.OK, Bearer, "br, gzip", false)]
    [InlineData("GET", HttpStatusCode.NotModified, Bearer, "gzip", false)]
    [InlineData("HEAD", HttpStatusCode.OK, Bearer, "identity", true)]
    [InlineData("HEAD", HttpStatusCode.OK, Bearer, null, true)]
    [InlineData("HEAD", HttpStatusCode.OK, """{ "protocol": "none" }""", "gzip", true)]
    public async Task HeadersOfAnAnswerWithoutABody_AreThoseOfGet(string method, HttpStatusCode status, string authentication, string? coding, bool isAsItCame)
    {
        var callout = await fixture.CreateAsync(authentication);
        fixture.Upstream.Answer = (context, _) =>
        {
            context.Response.StatusCode = (int)status;
            context.Response.Headers.ETag = "\"strong\"";
            context.Response.Headers.ContentEncoding = coding;
            context.Response.Headers["Digest"] = "sha-256=AAAA";
            context.Response.ContentLength = 31;
            return Task.CompletedTask;
        };
        using var response = await callout.SendAsync(new HttpMethod(method), "/x");
        Assert.Equal(status, response.StatusCode);
        var headers = response.Headers.Concat(response.Content.Headers).ToDictionary(header => header.Key, header => string.Join(", ", header.Value), StringComparer.OrdinalIgnoreCase);
        Assert.Equal(isAsItCame ? coding : null, headers.GetValueOrDefault("Content-Encoding"));
        Assert.Equal(isAsItCame ? "sha-256=AAAA" : null, headers.GetValueOrDefault("Digest"));
        Assert.Equal(isAsItCame ? "\"strong\"" : "W/\"strong\"", headers["ETag"]);
        Assert.Equal(isAsItCame, headers.GetValueOrDefault("Content-Length") == "31");
    }
}
