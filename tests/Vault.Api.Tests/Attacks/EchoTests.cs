using System.IO.Compression;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Vault.Api.Tests.Callouts;
using Vault.Core.Callouts;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Attacks;

/// <summary>Section E of the attack list: a service that gives back what it was sent.</summary>
public sealed class EchoTests(CalloutFixture fixture) : IClassFixture<CalloutFixture>
{
    private const string Secret = "E-canary \"1'/<&>+\\=é-secret";
    private const string HexSecret = "0f8e4c1d5b7a49d2a6c3e9f014b8d7c5";
    private const string Plain = "\"enabled\": true";
    private static readonly string Parameters = AttackBench.Custom(("A", Secret), ("Hex", HexSecret), ("Short", "1234567"), ("Prefix", "overlap-secret"), ("Longer", "overlap-secret-longer"));

    private static readonly string[] Secrets = [Secret, HexSecret, "overlap-secret"];

    [Fact]
    public async Task Body_EveryForm_IsMaskedInItsLength()
    {
        var utf8 = Encoding.UTF8.GetBytes(Secret);
        string[] texts =
        [
            Secret,
            JsonSerializer.Serialize(Secret)[1..^1],
            string.Concat(Secret.Select(c => $"\\u{(int)c:x4}")),
            string.Concat(Secret.Select(c => $"\\u{(int)c:X4}")),
            Secret.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("/", "\\/", StringComparison.Ordinal),
            Uri.EscapeDataString(Secret),
            WebUtility.UrlEncode(Secret),
            string.Concat(utf8.Select(b => $"%{b:x2}")),
            string.Concat(utf8.Select(b => $"%{b:X2}")),
            Uri.EscapeDataString(Uri.EscapeDataString(Secret)),
            WebUtility.HtmlEncode(Secret),
            HtmlEncoder.Default.Encode(Secret),
            string.Concat(Secret.Select(c => $"&#{(int)c};")),
            string.Concat(Secret.Select(c => $"&#x{(int)c:X};")),
            Convert.ToHexString(utf8),
            Convert.ToHexStringLower(utf8),
            HexSecret,
            HexSecret.ToUpperInvariant(),
            Convert.ToBase64String(utf8),
            Convert.ToBase64String(utf8).Replace("+", "%2B", StringComparison.Ordinal).Replace("/", "\\/", StringComparison.Ordinal).Replace("=", "\\u003d", StringComparison.Ordinal),
        ];
        List<(byte[] Echo, int Kept)> echoes = [.. texts.Select(text => (Encoding.UTF8.GetBytes(text), 0)), (Encoding.Unicode.GetBytes(Secret), 1), (Encoding.BigEndianUnicode.GetBytes(Secret), 1)];
        for (var before = 0; before < 3; before++)
        {
            // Characters of base64 that hold no bit of the secret stay.
            var base64 = Convert.ToBase64String([.. new byte[before], .. utf8, 0, 0, 0]);
            echoes.Add((Encoding.UTF8.GetBytes(base64), 6));
            echoes.Add((Encoding.UTF8.GetBytes(base64.Replace('+', '-').Replace('/', '_').TrimEnd('=')), 6));
        }

        var callout = await fixture.CreateAsync(Parameters);
        foreach (var (echo, kept) in echoes)
        {
            byte[] sent = [.. "{\"a\":\""u8, .. echo, .. "\",\"b\":7}"u8];
            Answer(context => context.Response.Body.WriteAsync(sent).AsTask());
            using var response = await callout.SendAsync(HttpMethod.Get, "/x");
            var body = Encoding.Latin1.GetString(await response.Content.ReadAsByteArrayAsync());
            var name = Encoding.Latin1.GetString(echo);
            Assert.Equal(sent.Length, body.Length);
            Assert.StartsWith("{\"a\":\"", body, StringComparison.Ordinal);
            Assert.EndsWith("\",\"b\":7}", body, StringComparison.Ordinal);
            Assert.True(body.Count(c => c == '*') >= echo.Length - kept, name + " came back as " + body);
            SecretForms.AssertAbsent(body, name, Secrets);
        }
    }

    [Fact]
    public async Task Body_SplitAtEveryOffset_IsMasked()
    {
        var callout = await fixture.CreateAsync(Parameters);
        foreach (var echo in new[] { "overlap-secret-longer", "%6fverlap%2Dsecret\\u002dl&#111;nger", Convert.ToBase64String("?overlap-secret-longer"u8) })
        {
            var bytes = Encoding.UTF8.GetBytes("data " + echo + " end");
            for (var split = 5; split <= 5 + echo.Length; split += 1)
            {
                Answer(async context =>
                {
                    await context.Response.Body.WriteAsync(bytes.AsMemory(0, split));
                    await context.Response.Body.FlushAsync();
                    await context.Response.Body.WriteAsync(bytes.AsMemory(split));
                });
                using var response = await callout.SendAsync(HttpMethod.Get, "/x");
                var body = await response.Content.ReadAsStringAsync();
                Assert.Equal(bytes.Length, body.Length);
                Assert.True(body.Count(c => c == '*') >= echo.Length - 2, body);
            }
        }
    }

    [Fact]
    public async Task WhatIsMadeOfABodyOrUrl_ThatASecretWasFilledInto_IsMasked()
    {
        var callout = await fixture.CreateAsync(
            Parameters, "\"allowMergeFieldsInHeader\": true, \"allowMergeFieldsInBody\": true", "/k/{!$Credential.Hex}");
        foreach (var (field, made) in new (string, Func<string, string>)[]
        {
            ("{!BASE64ENCODE(HEX($Credential.Body))}", body => Convert.ToBase64String(Encoding.ASCII.GetBytes(Convert.ToHexStringLower(Encoding.UTF8.GetBytes(body))))),
            ("{!HEX(HASH('SHA-256', $Credential.Body))}", body => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(body)))),
            ("{!HEX(HASH('SHA-256', UPPER($Credential.Hex)))}", _ => Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(HexSecret.ToUpperInvariant())))),
            ("{!BASE64ENCODE(HEX($Request.Path))}", _ => Convert.ToBase64String(Encoding.ASCII.GetBytes(Convert.ToHexStringLower(Encoding.ASCII.GetBytes($"/k/{HexSecret}/x"))))),
            ("{!BASE64ENCODE(HEX($Credential.Endpoint.Url))}", _ => Convert.ToBase64String(Encoding.ASCII.GetBytes(Convert.ToHexStringLower(Encoding.ASCII.GetBytes($"{fixture.Upstream.Url}/k/{HexSecret}"))))),
        })
        {
            Answer(context => context.Response.WriteAsync("made: " + context.Request.Headers["X-Made"]));
            using var response = await callout.SendAsync(HttpMethod.Post, "/x", "{!$Credential.Longer}", "text/plain", ("X-Made", field));
            Assert.Equal(made("overlap-secret-longer"), fixture.Upstream.Requests[^1].Header("X-Made"));
            Assert.Equal("made: " + new string('*', made("overlap-secret-longer").Length), await response.Content.ReadAsStringAsync());

            // Where nothing secret was filled in, nothing that is made of it is secret.
            if (field.Contains("Body", StringComparison.Ordinal))
            {
                using var open = await callout.SendAsync(HttpMethod.Post, "/x", "a plain body", "text/plain", ("X-Made", field));
                Assert.Equal("made: " + made("a plain body"), await open.Content.ReadAsStringAsync());
            }
        }
    }

    [Fact]
    public async Task WhatGoesIntoADigest_IsMaskedToo()
    {
        var callout = await fixture.CreateAsync(Parameters, "\"allowMergeFieldsInHeader\": true");
        Answer(context => context.Response.WriteAsync("to sign: " + Convert.ToHexStringLower(SHA256.HashData("u:overlap-secret"u8)) + " OVERLAP-SECRET-LONGER"));
        using var response = await callout.SendAsync(
            HttpMethod.Get, "/x", headers: [("X-A", "{!HEX(HASH('SHA-256', HEX(HASH('SHA-256', 'u:' & $Credential.Prefix)) & ':n'))}"), ("X-B", "{!HEX(HASH('SHA-256', UPPER($Credential.Longer)))}")]);
        Assert.Equal($"to sign: {new string('*', 64)} {new string('*', 21)}", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task DigestOfALargeBody_ThatASecretWasFilledInto_NeedsNoSearchForWhatOnlyGoesIntoIt()
    {
        var callout = await fixture.CreateAsync(Parameters, "\"allowMergeFieldsInHeader\": true, \"allowMergeFieldsInBody\": true");
        var rest = new string('x', 900_000);
        var made = Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(Convert.ToBase64String(Encoding.ASCII.GetBytes("overlap-secret-longer" + rest)))));
        Answer(context => context.Response.WriteAsync("made: " + context.Request.Headers["X-Made"]));
        using var response = await callout.SendAsync(HttpMethod.Post, "/x", "{!$Credential.Longer}" + rest, "text/plain", ("X-Made", "{!HEX(HASH('SHA-256', BASE64ENCODE($Credential.Body)))}"));
        Assert.Equal("made: " + new string('*', made.Length), await response.Content.ReadAsStringAsync());
        Assert.Equal(made, fixture.Upstream.Requests[^1].Header("X-Made"));
    }

    [Fact]
    public async Task Head_Trailers_AndReason_AreMasked()
    {
        await using var upstream = RawUpstream.Start();
        var latin = Encoding.Latin1.GetString(Encoding.UTF8.GetBytes("overlap-secret-longer é"));
        var form = Uri.EscapeDataString("overlap-secret/longer").Replace("overlap-secret%2Flonger", "overlap-secret", StringComparison.Ordinal);
        upstream.AnswerWith(
            $"HTTP/1.1 403 No overlap-secret here\r\nX-Echo: a {latin}\r\nX-Json: \\u006fverlap-secret\r\nX-Hex: {Convert.ToHexString("overlap-secret"u8)}\r\n"
            + $"Set-Cookie: s=overlap-secret; Path=/overlap-secret; Domain=overlap-secret.example\r\nLocation: https://elsewhere.example/?t={form}&u=overlap%2Dsecret\r\n"
            + $"WWW-Authenticate: Bearer realm=\"overlap-secret\", error_description=\"{Convert.ToBase64String("overlap-secret"u8)}\"\r\nX-overlap-secret-Name: 1\r\n"
            + "Content-Type: text/overlap-secret\r\nContent-Disposition: attachment; filename=\"overlap-secret\"\r\nTrailer: X-Trail\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "e\r\noverlap-secret\r\n0\r\nX-Trail: overlap-secret\r\nX-overlap-secret-Trail: 1\r\n\r\n");
        var callout = await fixture.CreateForAsync(upstream.Url, Parameters, Plain);
        var answer = await RawClient.SendAsync(
            callout.Client.BaseAddress!, null,
            $"GET /callout/{callout.Name}/x HTTP/1.1\r\nHost: {callout.Client.BaseAddress!.Authority}\r\nX-Vault-Key: {callout.Key}\r\nTE: trailers\r\nConnection: close\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 403 No ************** here", answer.Text, StringComparison.Ordinal);
        SecretForms.AssertAbsent(answer.Text, "head or trailer", "overlap-secret");
        Assert.DoesNotContain("overlap", answer.Text, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("longer", answer.Text, StringComparison.Ordinal);
        foreach (var name in new[] { "X-Echo: a *********************", "X-Json: *", "X-Hex: *", "Set-Cookie: s=**************;", "Location: https://elsewhere.example/?t=*", "realm=\"**************\"", "X-**************-Name: 1", "filename=\"**************\"" })
        {
            Assert.Contains(name, answer.Text, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("x-gzip")]
    [InlineData("gzip-members")]
    [InlineData("deflate")]
    [InlineData("raw-deflate")]
    [InlineData("br")]
    [InlineData("gzip, br")]
    [InlineData("deflate, gzip")]
    public async Task CompressedAnswer_IsDecoded_Masked_AndHandedOnPlain(string codings)
    {
        var callout = await fixture.CreateAsync(Parameters);
        var plain = Encoding.UTF8.GetBytes(new string('a', 70_000) + "overlap-secret-longer" + new string('b', 70_000));
        byte[] body = codings == "gzip-members"
            ? [.. Compress(plain[..70_010], "gzip"), .. Compress(plain[70_010..], "gzip")]
            : codings.Split(", ").Aggregate(plain, Compress);
        Answer(async context =>
        {
            context.Response.Headers.ContentEncoding = codings.Replace("gzip-members", "gzip", StringComparison.Ordinal).Replace("raw-", "", StringComparison.Ordinal);
            context.Response.ContentLength = body.Length;
            context.Response.Headers.ETag = "\"strong\"";
            context.Response.Headers["Content-MD5"] = Convert.ToBase64String(new byte[16]);
            context.Response.Headers["Digest"] = context.Response.Headers["Content-Digest"] = context.Response.Headers["Repr-Digest"] = "sha-256=:AAAA:";
            await context.Response.Body.WriteAsync(body);
        });
        using var response = await callout.SendAsync(HttpMethod.Get, "/x", headers: ("Accept-Encoding", "gzip, br, zstd"));
        Assert.Equal("identity", fixture.Upstream.Requests[^1].Header("Accept-Encoding"));
        Assert.Equal(new string('a', 70_000) + new string('*', 21) + new string('b', 70_000), await response.Content.ReadAsStringAsync());
        Assert.Equal("W/\"strong\"", response.Headers.GetValues("ETag").Single());
        Assert.Empty(response.Content.Headers.ContentEncoding);
        foreach (var name in new[] { "Content-MD5", "Digest", "Content-Digest", "Repr-Digest" })
        {
            Assert.False(response.Headers.NonValidated.Contains(name) || response.Content.Headers.NonValidated.Contains(name), name);
        }
    }

    [Theory]
    [InlineData("zstd")]
    [InlineData("compress")]
    [InlineData("aws-chunked")]
    [InlineData("gzip, zstd")]
    [InlineData("gzip,gzip,gzip,gzip,gzip")]
    public async Task UnknownCoding_IsRefused(string codings)
    {
        var callout = await fixture.CreateAsync(Parameters);
        Answer(context =>
        {
            context.Response.Headers.ContentEncoding = codings;
            return context.Response.WriteAsync(Secret);
        });
        using var response = await callout.SendAsync(HttpMethod.Get, "/x");
        await response.AssertRefusedAsync(HttpStatusCode.BadGateway, "response-not-inspectable", codings, Secrets);
    }

    [Theory]
    [InlineData("gzip", "truncated")]
    [InlineData("gzip", "corrupt")]
    [InlineData("gzip", "garbage")]
    [InlineData("br", "truncated")]
    [InlineData("br", "garbage")]
    [InlineData("deflate", "truncated")]
    [InlineData("deflate", "garbage")]
    public async Task BrokenAnswer_EndsInAnError_NeverInTheRest(string coding, string how)
    {
        var callout = await fixture.CreateAsync(Parameters);
        var random = RandomNumberGenerator.GetBytes(100_000);
        var body = Compress([.. "overlap-secret "u8, .. random], coding);
        body = how switch
        {
            "truncated" => body[..(body.Length / 2)],
            "corrupt" => [.. body[..(body.Length / 2)], .. new byte[64], .. body[((body.Length / 2) + 64)..]],
            _ => Encoding.UTF8.GetBytes("overlap-secret is not compressed at all"),
        };
        Answer(async context =>
        {
            context.Response.Headers.ContentEncoding = coding;
            await context.Response.Body.WriteAsync(body);
        });
        var received = new MemoryStream();
        var failed = false;
        try
        {
            using var response = await callout.PostBytesAsync([], null);
            failed = !response.IsSuccessStatusCode;
            await (await response.Content.ReadAsStreamAsync()).CopyToAsync(received);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            failed = true;
        }

        SecretForms.AssertAbsent(Encoding.Latin1.GetString(received.ToArray()), coding + how, "overlap-secret");
        Assert.True(failed || !random.AsSpan(^1000..).SequenceEqual(received.ToArray().AsSpan(Math.Max(0, (int)received.Length - 1000)..)), "whole answer");
        Assert.True(failed, $"{coding} {how} ended well after {received.Length} bytes");
    }

    [Fact]
    public async Task Bomb_EndsAtMaxResponseBytes_AndComesWholeWithoutIt()
    {
        const int Size = 20_000_000;
        using var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            var zeros = new byte[1_000_000];
            for (var i = 0; i < Size; i += zeros.Length)
            {
                await gzip.WriteAsync(zeros);
            }
        }

        Answer(async context =>
        {
            context.Response.Headers.ContentEncoding = "gzip";
            context.Response.ContentLength = packed.Length;
            await context.Response.Body.WriteAsync(packed.GetBuffer().AsMemory(0, (int)packed.Length));
        });
        var limited = await fixture.CreateAsync(Parameters, "\"maxResponseBytes\": 2000000");
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            using var response = await limited.PostBytesAsync([], null);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.True(await CountAsync(response) <= 2_000_000);
        });
        var free = await fixture.CreateAsync(Parameters);
        using var whole = await free.PostBytesAsync([], null);
        Assert.Equal(Size, await CountAsync(whole));
    }

    [Fact]
    public async Task Events_ComeThroughAtOnce()
    {
        var callout = await fixture.CreateAsync(Parameters);
        var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var seenToo = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Answer(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync("data: first\n\n");
            await context.Response.Body.FlushAsync();
            await seen.Task.WaitAsync(TimeSpan.FromSeconds(30));
            await context.Response.WriteAsync("data: overlap-secret\n\n");
            await context.Response.Body.FlushAsync();
            await seenToo.Task.WaitAsync(TimeSpan.FromSeconds(30));
            await context.Response.WriteAsync("data: last overlap-se");
        });
        using var response = await callout.PostBytesAsync([], null);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());

        // Upstream goes on only when the event has come: one held back would end in its time-out.
        Assert.Equal("data: first", await reader.ReadLineAsync());
        Assert.Equal("", await reader.ReadLineAsync());
        seen.SetResult();
        Assert.Equal("data: **************", await reader.ReadLineAsync());
        Assert.Equal("", await reader.ReadLineAsync());
        seenToo.SetResult();
        Assert.Equal("data: last overlap-se", await reader.ReadLineAsync());
    }

    [Fact]
    public async Task WhatWasMadeOfASecret_IsMaskedToo()
    {
        const string Header = """, "customHeaders": [ { "name": "X-Signature", "value": "{!HEX(HMAC('SHA-256', $Credential.Body, $Credential.A))}" }, { "name": "X-Twisted", "value": "{!UPPER($Credential.Prefix)}" } ]""";
        var callout = await fixture.CreateAsync(Parameters, "\"allowMergeFieldsInBody\": true" + Header);
        EchoEverything();
        using var response = await callout.SendAsync(HttpMethod.Post, "/x", "{!BASE64ENCODE($Credential.Longer)}|{!HEX(HASH('SHA-256', $Credential.Longer))}|{!LOWER($Credential.A)}", "text/plain");
        var sent = fixture.Upstream.Requests[^1];
        var all = await response.ReadAllAsync();
        string[] made = [.. sent.Text.Split('|'), sent.Header("X-Signature")!, sent.Header("X-Twisted")!];
        Assert.Equal(5, made.Length);
        SecretForms.AssertAbsent(all, "answer", [.. made, .. Secrets]);

        var basic = await fixture.CreateAsync("""{ "protocol": "password", "username": "basic-user", "password": "basic-canary-pw" }""");
        using var echoed = await basic.SendAsync(HttpMethod.Get, "/x");
        var authorization = fixture.Upstream.Requests[^1].Header("Authorization")!;
        var text = await echoed.ReadAllAsync();
        SecretForms.AssertAbsent(text, "Basic", authorization, authorization["Basic ".Length..], "basic-canary-pw");
    }

    [Fact]
    public async Task ReplacedSecret_IsMaskedBesideTheNewOne_AndNobodyElsesIs()
    {
        var callout = await fixture.CreateAsync(AttackBench.Custom(("A", "value-before-change")));
        var other = await fixture.CreateAsync(AttackBench.Custom(("A", "value-of-another-one")));
        Answer(context => context.Response.WriteAsync("value-before-change value-after-change value-of-another-one"));
        Assert.Equal("******************* value-after-change value-of-another-one", await TextAsync(callout));
        await fixture.Vault.AdminAsync(HttpMethod.Patch, $"/api/v1/external-credentials/{callout.Name}/principals/default/credential", """{ "parameters": { "A": "value-after-change" } }""");
        Assert.Equal("******************* ****************** value-of-another-one", await TextAsync(callout));
        Assert.Equal("value-before-change value-after-change ********************", await TextAsync(other));
    }

    [Fact]
    public async Task PerUser_OnlyOnesOwnAreMasked()
    {
        var name = fixture.NewName();
        await fixture.Vault.AdminAsync(HttpMethod.Post, "/api/v1/external-credentials", $$"""
            { "name": "{{name}}X", "authentication": { "protocol": "custom" }, "principals": [ { "name": "default", "type": "perUser" } ], "allowedHosts": [ "{{fixture.Upstream.Url}}" ] }
            """);
        await fixture.Vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""{ "name": "{{name}}", "url": "{{fixture.Upstream.Url}}", "externalCredential": "{{name}}X" }""");
        foreach (var user in new[] { "ann", "bob" })
        {
            await fixture.Vault.AdminAsync(HttpMethod.Put, $"/api/v1/external-credentials/{name}X/principals/default/users/{user}/credential", $$"""{ "parameters": { "A": "secret-of-{{user}}-0" } }""");
        }

        var key = await fixture.Vault.CreateAppAsync("App" + name, name);
        await fixture.Vault.AdminAsync(HttpMethod.Put, "/api/v1/apps/App" + name, $$"""{ "name": "App{{name}}", "mayAssertUser": true }""");
        var callout = new TestCallout(fixture, name, key, fixture.Vault.CreateClient(key));
        Answer(context => context.Response.WriteAsync("secret-of-ann-0 secret-of-bob-0"));
        foreach (var (user, expected) in new[] { ("ann", "*************** secret-of-bob-0"), ("bob", "secret-of-ann-0 ***************"), ("ann", "*************** secret-of-bob-0") })
        {
            using var response = await callout.SendAsync(HttpMethod.Get, "/x", headers: ("X-Vault-User", user));
            Assert.Equal(expected, await response.Content.ReadAsStringAsync());
        }
    }

    [Fact]
    public async Task OverlapsAndShortOnes()
    {
        var callout = await fixture.CreateAsync(Parameters);
        foreach (var (echo, expected) in new[]
        {
            ("overlap-secret!", "**************!"),
            ("overlap-secret-longer!", "*********************!"),
            ("overlap-secret-long!", "**************-long!"),
            ("overlap-secretoverlap-secret-longer", new string('*', 35)),
            ("overlap-soverlap-secret", "overlap-s**************"),

            // Seven characters: too much that is no secret would be masked.
            ("pin 1234567", "pin 1234567"),
            (HexSecret.ToUpperInvariant(), new string('*', 32)),
        })
        {
            Answer(context => context.Response.WriteAsync(echo));
            Assert.Equal(expected, await TextAsync(callout));
        }
    }

    [Fact]
    public async Task AnswersWithoutABody_AndPartialOnes_KeepTheirHead()
    {
        var callout = await fixture.CreateAsync(Parameters);
        Answer(context =>
        {
            context.Response.ContentLength = 4711;
            context.Response.Headers["X-Echo"] = "overlap-secret";
            return Task.CompletedTask;
        });
        using var head = await callout.SendAsync(HttpMethod.Head, "/x");
        Assert.Equal((HttpStatusCode.OK, 4711L), (head.StatusCode, head.Content.Headers.ContentLength!.Value));
        Assert.Equal("**************", head.Headers.GetValues("X-Echo").Single());
        foreach (var status in new[] { 204, 304 })
        {
            Answer(context =>
            {
                context.Response.StatusCode = status;
                context.Response.Headers.ETag = "\"overlap-secret\"";
                context.Response.Headers.ContentEncoding = "zstd";
                return Task.CompletedTask;
            });
            using var empty = await callout.SendAsync(HttpMethod.Get, "/x", headers: ("If-None-Match", "\"a\""));
            Assert.Equal(status, (int)empty.StatusCode);
            Assert.Equal("\"**************\"", empty.Headers.GetValues("ETag").Single());
            Assert.Equal("\"a\"", fixture.Upstream.Requests[^1].Header("If-None-Match"));
        }

        Answer(context =>
        {
            context.Response.StatusCode = 206;
            context.Response.Headers.ContentRange = "bytes 0-13/100";
            context.Response.ContentLength = 14;
            return context.Response.WriteAsync("overlap-secret");
        });
        using var part = await callout.SendAsync(HttpMethod.Get, "/x", headers: [("Range", "bytes=0-13"), ("If-Range", "\"a\"")]);
        Assert.Equal((HttpStatusCode.PartialContent, "**************"), (part.StatusCode, await part.Content.ReadAsStringAsync()));
        Assert.Null(fixture.Upstream.Requests[^1].Header("Range"));
        Assert.Null(fixture.Upstream.Requests[^1].Header("If-Range"));
        Assert.Equal(14, part.Content.Headers.ContentLength);
    }

    [Fact]
    public async Task Length_ThatIsASecretByChance_StaysAsItIs()
    {
        var callout = await fixture.CreateAsync(AttackBench.Custom(("A", "20261128")));
        Answer(context =>
        {
            context.Response.ContentLength = 20261128;
            context.Response.Headers["X-Echo"] = "20261128";
            return Task.CompletedTask;
        });
        using var head = await callout.SendAsync(HttpMethod.Head, "/x");
        Assert.Equal((HttpStatusCode.OK, 20261128L), (head.StatusCode, head.Content.Headers.ContentLength!.Value));
        Assert.Equal("********", head.Headers.GetValues("X-Echo").Single());
    }

    [Theory]
    [InlineData("Connection", "Upgrade", "Upgrade", "websocket")]
    [InlineData("Content-Type", "application/grpc", "X-A", "b")]
    public async Task Ranges_AreNotAskedFor_WhateverTheRequestSaysThatItIs(string name, string value, string other, string otherValue)
    {
        // By every way that a callout is made ready: the second one with a fixed token goes by what the first has left.
        foreach (var authentication in new[] { Parameters, """{ "protocol": "bearer", "token": "overlap-secret" }""" })
        {
            var callout = await fixture.CreateAsync(authentication, "\"httpVersion\": \"1.1\"");
            Answer(context => context.Response.WriteAsync("overlap-secret"));
            using (await callout.SendAsync(HttpMethod.Get, "/x"))
            {
            }

            using var request = new HttpRequestMessage(HttpMethod.Get, $"/callout/{callout.Name}/x");
            if (name == "Content-Type")
            {
                request.Content = new ByteArrayContent([]);
                request.Content.Headers.TryAddWithoutValidation(name, value);
            }

            foreach (var header in new[] { (name, value), (other, otherValue), ("Range", "bytes=0-6"), ("If-Range", "\"a\"") })
            {
                request.Headers.TryAddWithoutValidation(header.Item1, header.Item2);
            }

            using var response = await callout.Client.SendAsync(request);
            Assert.Equal("**************", await response.Content.ReadAsStringAsync());
            Assert.Null(fixture.Upstream.Requests[^1].Header("Range"));
            Assert.Null(fixture.Upstream.Requests[^1].Header("If-Range"));
        }
    }

    [Fact]
    public async Task BytesMadeOfASecret_AreMaskedToo()
    {
        var callout = await fixture.CreateAsync(
            AttackBench.Custom(("Coded", Convert.ToBase64String("bytes-of-the-secret"u8))),
            "\"customHeaders\": [ { \"name\": \"Authorization\", \"value\": \"Basic {!BASE64ENCODE(BASE64DECODE($Credential.Coded))}\" } ]");
        Answer(context => context.Response.WriteAsync("unknown user " + Encoding.UTF8.GetString(Convert.FromBase64String(context.Request.Headers.Authorization.ToString()[6..]))));
        using var response = await callout.SendAsync(HttpMethod.Get, "/x");
        Assert.Equal("unknown user *******************", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Off_LeavesEverythingAlone()
    {
        var callout = await fixture.CreateAsync(Parameters, "\"redactResponses\": false");
        var body = Compress("overlap-secret"u8.ToArray(), "gzip");
        Answer(async context =>
        {
            context.Response.Headers.ContentEncoding = "gzip";
            context.Response.Headers.ETag = "\"overlap-secret\"";
            await context.Response.Body.WriteAsync(body);
        });
        using var response = await callout.SendAsync(HttpMethod.Get, "/x", headers: [("Accept-Encoding", "gzip"), ("Range", "bytes=0-9")]);
        Assert.Equal(body, await response.Content.ReadAsByteArrayAsync());
        Assert.Equal("\"overlap-secret\"", response.Headers.GetValues("ETag").Single());
        Assert.Equal(("gzip", "bytes=0-9"), (fixture.Upstream.Requests[^1].Header("Accept-Encoding"), fixture.Upstream.Requests[^1].Header("Range")));
    }

    [Fact]
    public async Task Deleted_IsForgottenAtOnce()
    {
        var callout = await fixture.CreateAsync(Parameters);
        var sets = fixture.Vault.Services.GetRequiredService<EchoSets>();
        var before = sets.Count;
        Answer(context => context.Response.WriteAsync("overlap-secret"));
        Assert.Equal("**************", await TextAsync(callout));
        Assert.Equal(before + 1, sets.Count);
        await fixture.Vault.AdminAsync(HttpMethod.Delete, "/api/v1/named-credentials/" + callout.Name);
        Assert.Equal(before, sets.Count);
    }

    private static byte[] Compress(byte[] plain, string coding)
    {
        using var target = new MemoryStream();
        using (Stream encoder = coding switch
        {
            "br" => new BrotliStream(target, CompressionLevel.Fastest, leaveOpen: true),
            "deflate" => new ZLibStream(target, CompressionLevel.Fastest, leaveOpen: true),
            "raw-deflate" => new DeflateStream(target, CompressionLevel.Fastest, leaveOpen: true),
            _ => new GZipStream(target, CompressionLevel.Fastest, leaveOpen: true),
        })
        {
            encoder.Write(plain);
        }

        return target.ToArray();
    }

    private static async Task<long> CountAsync(HttpResponseMessage response)
    {
        await using var stream = await response.Content.ReadAsStreamAsync();
        var buffer = new byte[64 * 1024];
        var count = 0L;
        while (await stream.ReadAsync(buffer) is > 0 and var read)
        {
            count += read;
        }

        return count;
    }

    private static async Task<string> TextAsync(TestCallout callout)
    {
        using var response = await callout.SendAsync(HttpMethod.Get, "/x");
        return await response.Content.ReadAsStringAsync();
    }

    private void Answer(Func<HttpContext, Task> answer) => fixture.Upstream.Answer = (context, _) => answer(context);

    private void EchoEverything() => fixture.Upstream.Answer = (context, request) => context.Response.WriteAsync(
        request.Target + "\n" + request.Text + "\n" + string.Join('\n', request.Headers.Select(header => header.Key + ": " + header.Value))
        + "\n" + Convert.ToBase64String(request.Body) + "\n" + Uri.EscapeDataString(request.Text) + "\n" + Convert.ToHexString(request.Body));
}
