using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Vault.Api.Tests.Callouts;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Attacks;

/// <summary>Section D of the attack list: what a caller may try with merge fields.</summary>
public sealed class MergeAbuseTests(CalloutFixture fixture) : IClassFixture<CalloutFixture>
{
    private const string Secret = "D-canary-\"1'\\<&%+ 7/=";
    private const string Plain = "text/plain";
    private const string Json = "application/json";
    private const string Xml = "application/xml";
    private const string Form = "application/x-www-form-urlencoded";
    private const string Everywhere = "\"allowMergeFieldsInBody\": true, \"allowMergeFieldsInHeader\": true";
    private const string InBody = "\"allowMergeFieldsInBody\": true";
    private const string InHeader = "\"allowMergeFieldsInHeader\": true";
    private static readonly string Parameters = AttackBench.Custom(("A", Secret), ("Tricky", "{!$Credential.A}<!$Credential.A>"), ("B", "second-canary-5678"));

    [Fact]
    public async Task Field_ThatRepeatsItself_AsTheAnswerDoes_CantKeepAProcessorBusy()
    {
        // Both are 400 bytes on the wire, and were 20 s of work.
        using var gzipped = new MemoryStream();
        await using (var gzip = new System.IO.Compression.GZipStream(gzipped, System.IO.Compression.CompressionLevel.SmallestSize, leaveOpen: true))
        {
            await gzip.WriteAsync(Encoding.ASCII.GetBytes(new string('a', 400_000)));
        }

        await using var upstream = RawUpstream.Start();
        upstream.AnswerWith($"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {gzipped.Length}\r\n\r\n{Encoding.Latin1.GetString(gzipped.ToArray())}");
        var callout = await fixture.CreateForAsync(upstream.Url, Parameters, Everywhere);
        using var response = await callout.SendAsync(HttpMethod.Get, "/x", headers: ("X-A", "{!TRIM('" + new string('a', 3_800) + "' & $Credential.A)}"));
        await response.AssertRefusedAsync(HttpStatusCode.BadGateway, "response-not-inspectable", "a repeated letter", Secret);
    }

    [Fact]
    public async Task Field_ThatIsWrong_IsRefused_AndNothingIsSent()
    {
        await using var upstream = RawUpstream.Start();
        var callout = await fixture.CreateForAsync(upstream.Url, Parameters, Everywhere);
        foreach (var (contentType, body, detail) in new (string ContentType, string Body, string Detail)[]
        {
            (Plain, "{!$Cred", "isn't closed"),
            (Plain, "{!$Credential.A", "isn't closed"),
            (Plain, "{!$Credential.{!$Credential.Name}}", ""),
            (Plain, "{!$Credential.A{!$Credential.B}}", ""),
            (Plain, "{!{!$Credential.A}{!$Credential.Nope}", "Nope"),
            (Plain, "{!$Credential}", ""),
            (Plain, "{!$Credential.}", ""),
            (Plain, "{!$}", ""),
            (Plain, "{!$Credential.Nope}", "Nope"),
            (Plain, "{!$Credential.Other.A}", "Other"),
            (Plain, "{!$Credential.Аccount}", ""),
            (Plain, "{!$Credential.A\u200b}", ""),
            (Plain, "{!$Credential.Ａ}", ""),
            (Plain, "{!$Credential.A;}", ""),
            (Plain, "{!$Credential.A}{!$Token.x}", "x"),
            (Plain, "{!$Setup.A}", ""),
            (Plain, "{!$Credential.A.B.C}", ""),
            (Plain, "{!HASH($Credential.A)}", ""),
            (Plain, "{!UPPER()}", ""),
            (Plain, "{!UPPER($Credential.A, 'x')}", ""),
            (Plain, "{!HASH('MD4', $Credential.A)}", ""),
            (Plain, "{!BLOB($Credential.A)}", "blob"),
            (Plain, "{!BASE64DECODE($Credential.A)}", ""),
            (Plain, "{!HEX(" + string.Concat(Enumerable.Repeat("HEX(", 33)) + "$Credential.A" + new string(')', 34) + "}", ""),
            (Plain, "{!RAW('" + new string('x', 3900) + "')}", ""),
            (Plain, "{!$Credential.A" + new string(' ', 5000) + "}", ""),
            (Plain, "{!RAW('a\\')}", ""),
            (Plain, "{!$Credential.A & }", ""),
            (Plain, "{!$Credential.Body}", "Body"),
            (Json, "{\"a\":\"{!$Credential.\\u0041\\ud800}\"}", ""),
            (Json, "{\"a\":\"{!$Credential.A\"}", ""),
            (Xml, "<a>{!$Credential.A &lt; 1}</a>", ""),
            (Form, "a=%7B!%24Credential.Nope%7D", "Nope"),
            (Form, "a={!$Credential&x.A}", "isn't closed"),
            (Plain, "x" + new string('y', 100_000) + "\n\n {!$Credential.Nope}", "line 3, column 2"),
        })
        {
            using var response = await callout.PostBytesAsync(Encoding.UTF8.GetBytes(body), contentType);
            await response.AssertRefusedAsync(HttpStatusCode.BadRequest, "merge-field-invalid", body[..Math.Min(body.Length, 60)], Secret, "second-canary-5678");
            Assert.Contains(detail, (string?)JsonNode.Parse(await response.Content.ReadAsStringAsync())!["detail"], StringComparison.Ordinal);
        }

        foreach (var value in new[] { "{!$Credential.Nope}", "x{!$Credential.A", "{!HASH('MD4', 'x')}" })
        {
            using var response = await callout.SendAsync(HttpMethod.Get, "/x", headers: ("X-Try", value));
            await response.AssertRefusedAsync(HttpStatusCode.BadRequest, "merge-field-invalid", value, Secret);
        }

        Assert.Equal(0, upstream.Connections);
    }

    [Theory]
    [InlineData("text/plain; charset=utf-16", null)]
    [InlineData("text/plain; charset=utf-16le", null)]
    [InlineData("application/json; charset=\"utf-32\"", null)]
    [InlineData("text/plain; charset=utf-7", null)]
    [InlineData("text/plain; charset=iso-2022-jp", null)]
    [InlineData("text/plain; charset=ibm037", null)]
    [InlineData("text/plain; charset=unknown", null)]
    [InlineData("text/plain", "gzip")]
    [InlineData("text/plain", "identity, br")]
    [InlineData("text/plain", "x-unknown")]
    public async Task Body_ThatCantBeRead_IsRefused_AndNothingIsSent(string contentType, string? coding)
    {
        await using var upstream = RawUpstream.Start();
        var callout = await fixture.CreateForAsync(upstream.Url, Parameters, InBody);
        using var response = await callout.PostBytesAsync("{!$Credential.A}"u8.ToArray(), contentType, coding);
        await response.AssertRefusedAsync(HttpStatusCode.UnsupportedMediaType, "merge-unsupported-content", contentType, Secret);
        Assert.Equal(0, upstream.Connections);
    }

    [Theory]
    [InlineData("Content-Type: text/plain\r\nContent-Encoding: identity\r\nContent-Encoding: gzip")]
    [InlineData("Content-Type: text/plain\r\nContent-Type: application/json")]
    [InlineData("Content-Type: application/json\r\nContent-Type: text/plain; charset=utf-16")]
    public async Task Body_WhoseSecondHeaderSaysAnotherThing_IsRefused_AndNothingIsSent(string headers)
    {
        await using var upstream = RawUpstream.Start();
        var callout = await fixture.CreateForAsync(upstream.Url, Parameters, InBody);
        var answer = await RawClient.SendAsync(
            callout.Client.BaseAddress!, null,
            $"POST /callout/{callout.Name}/x HTTP/1.1\r\nHost: {callout.Client.BaseAddress!.Authority}\r\nX-Vault-Key: {callout.Key}\r\nConnection: close\r\n{headers}\r\nContent-Length: 16\r\n\r\n{{!$Credential.A}}");
        Assert.StartsWith("HTTP/1.1 415 ", answer.Text, StringComparison.Ordinal);
        Assert.Contains("merge-unsupported-content", answer.Text, StringComparison.Ordinal);
        Assert.Equal(0, upstream.Connections);
    }

    [Fact]
    public async Task Text_WhereMergingIsOff_GoesThroughLiterally()
    {
        const string Field = "{!$Credential.A}";
        const string Multipart = "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"{!$Credential.A}\"\r\n\r\n<!$Credential.A>\r\n--b--\r\n";
        foreach (var (settings, body, header) in new[] { ("\"enabled\": true", false, false), (InBody, true, false), (InHeader, false, true) })
        {
            var callout = await fixture.CreateAsync(Parameters, settings);
            var seen = await callout.SendAndRecordAsync(HttpMethod.Post, "/p/%7B!$Credential.A%7D?q={!$Credential.A}&{!$Credential.A}=1", Field, Plain, ("X-Try", Field), ("User-Agent", "agent/{!$Credential.A}"));
            Assert.Equal("/p/%7B!$Credential.A%7D?q={!$Credential.A}&{!$Credential.A}=1", seen.Target);
            Assert.Equal(body ? Secret : Field, seen.Text);
            Assert.Equal(header ? Secret : Field, seen.Header("X-Try"));
            Assert.Equal("agent/" + (header ? Secret : Field), seen.Header("User-Agent"));
            var parts = await callout.SendAndRecordAsync(HttpMethod.Post, "/x", Multipart, "multipart/form-data; boundary=b");
            Assert.Equal(body ? Multipart.Replace(Field, Secret, StringComparison.Ordinal).Replace("<!$Credential.A>", Secret, StringComparison.Ordinal) : Multipart, parts.Text);
        }
    }

    [Fact]
    public async Task FieldInAHeaderName_OrInGzip_IsNeverResolved()
    {
        var callout = await fixture.CreateAsync(Parameters, "\"allowMergeFieldsInHeader\": true");
        var answer = await RawClient.SendAsync(
            callout.Client.BaseAddress!, null,
            $"GET /callout/{callout.Name}/x HTTP/1.1\r\nHost: {callout.Client.BaseAddress!.Authority}\r\nX-Vault-Key: {callout.Key}\r\nConnection: close\r\n{{!$Credential.A}}: 1\r\nX-Try{{!$Credential.B}}: 1\r\n\r\n");
        Assert.Single(answer.Statuses);
        Assert.DoesNotContain(fixture.Upstream.Requests, request => request.Headers.Any(header => header.Key.Contains("canary", StringComparison.OrdinalIgnoreCase)));

        // Merging is off in bodies: any coding goes through as it is.
        using var response = await callout.PostBytesAsync([0x1F, 0x8B, .. "{!$Credential.A}"u8], Plain, "gzip");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.EndsWith("{!$Credential.A}", Encoding.Latin1.GetString(fixture.Upstream.Requests[^1].Body), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Json, "{\"a\":\"\\u007b!$Credential.A}\",\"b\":\"{\\u0021$Credential.A}\",\"c\":\"\\u003c!$Credential.A>\"}")]
    [InlineData(Xml, "<a>&#123;!$Credential.A}&lt;!$Credential.A&gt;<![CDATA[{ !$Credential.A}]]></a>")]
    [InlineData("text/html", "<!DOCTYPE html><!-- {!important} --><!--[if IE]>{! }")]
    [InlineData(Plain, "%7B!$Credential.A%7D &lcub;!$Credential.A} ｛!$Credential.A｝ {！$Credential.A} ＜!$Credential.A＞")]
    [InlineData(Plain, "+AHsAIQ-$Credential.A} {!} {!NOPE($Credential.A)} {!Credential.A} {!'x'} {!0} {!{!{!")]
    [InlineData(Plain, "{\0!$Credential.A} { !$Credential.A} {\n!$Credential.A} $Credential.A ${$Credential.A} {{$Credential.A}}")]
    [InlineData(Form, "a=%257B!$Credential.A%257D&%26%23123;!$Credential.A%7D=%u007B!$Credential.A}")]
    public async Task Obfuscated_IsNoField_AndKeepsItsBytes(string contentType, string body)
    {
        var callout = await fixture.CreateAsync(Parameters, Everywhere);
        Assert.Equal(body, (await callout.SendAndRecordAsync(HttpMethod.Post, "/x", body, contentType)).Text);
    }

    [Fact]
    public async Task Utf16_IsNoFieldWithoutAMark_AndRefusedWithOne_AndAUtf8MarkPasses()
    {
        var callout = await fixture.CreateAsync(Parameters, InBody);
        foreach (var encoding in new[] { Encoding.Unicode, Encoding.BigEndianUnicode, Encoding.UTF32 })
        {
            var body = encoding.GetBytes("{!$Credential.A} <!$Credential.A>");
            using var wide = await callout.PostBytesAsync(body, Plain);
            Assert.Equal(HttpStatusCode.OK, wide.StatusCode);
            Assert.Equal(body, fixture.Upstream.Requests[^1].Body);
            using var marked = await callout.PostBytesAsync([.. encoding.GetPreamble(), .. body], Plain);
            Assert.Equal(HttpStatusCode.UnsupportedMediaType, marked.StatusCode);
        }

        byte[] utf8 = [0xEF, 0xBB, 0xBF, .. "{!$Credential.A}"u8];
        using var response = await callout.PostBytesAsync(utf8, Plain);
        Assert.Equal([0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes(Secret)], fixture.Upstream.Requests[^1].Body);
    }

    [Fact]
    public async Task Secret_ThatHoldsFields_IsResolvedOnce()
    {
        var callout = await fixture.CreateAsync(Parameters, Everywhere);
        const string Tricky = "{!$Credential.A}<!$Credential.A>";
        Assert.Equal(Tricky + "|" + Tricky, (await callout.SendAndRecordAsync(HttpMethod.Post, "/x", "{!$Credential.Tricky}|{!RAW('' & $Credential.Tricky)}", Plain)).Text);
        Assert.Equal(Tricky, (await callout.SendAndRecordAsync(HttpMethod.Get, "/x", headers: ("X-Try", "{!$Credential.Tricky}"))).Header("X-Try"));
        Assert.Equal("{!" + Secret + "}", (await callout.SendAndRecordAsync(HttpMethod.Post, "/x", "{!{!$Credential.A}}", Plain)).Text);
        Assert.Equal(Secret + Secret, (await callout.SendAndRecordAsync(HttpMethod.Post, "/x", "{!  $CREDENTIAL.a\t}<!RAW( $credential.A )>", Plain)).Text);
    }

    [Fact]
    public async Task Field_SplitAtEveryOffset_IsResolvedTheSame()
    {
        var callout = await fixture.CreateAsync(Parameters, InBody);
        const string Body = "{\"a\":\"{!JSENCODE($Credential.A) \\u0026 'x'}\"}<!$Credential.B>";
        var whole = (await callout.SendAndRecordAsync(HttpMethod.Post, "/x", Body)).Text;
        for (var split = 1; split < Body.Length; split++)
        {
            var head = $"POST /callout/{callout.Name}/x HTTP/1.1\r\nHost: {callout.Client.BaseAddress!.Authority}\r\nX-Vault-Key: {callout.Key}\r\nContent-Type: application/json\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
            var answer = await RawClient.SendAsync(
                callout.Client.BaseAddress!, null, head, $"{split:x}\r\n{Body[..split]}\r\n", $"{Body.Length - split:x}\r\n{Body[split..]}\r\n0\r\n\r\n");
            Assert.Equal(200, Assert.Single(answer.Statuses));
            Assert.Equal(whole, fixture.Upstream.Requests[^1].Text);
        }
    }

    [Fact]
    public async Task Fields_AcrossEveryBufferEdge_AreResolvedTheSame()
    {
        // Over 1 MiB, so that the body streams; a field lies across each 4 KiB edge, at another offset each time.
        const string Field = "{!$Credential.B}";
        var callout = await fixture.CreateAsync(Parameters, InBody);
        var body = new StringBuilder();
        var expected = new StringBuilder();
        for (var edge = 4096; edge < 1_400_000; edge += 4096)
        {
            var at = edge - (edge / 4096 % (Field.Length + 1));
            var filler = new string('{', at - body.Length);
            body.Append(filler).Append(Field);
            expected.Append(filler).Append("second-canary-5678");
        }

        var seen = await callout.SendAndRecordAsync(HttpMethod.Post, "/x", body.ToString(), Plain);
        Assert.Equal("chunked", seen.Header("Transfer-Encoding"));
        Assert.True(expected.ToString() == seen.Text);
    }

    [Theory]
    [InlineData("{!")]
    [InlineData("<!")]
    [InlineData("{! ")]
    [InlineData("{!HASH ")]
    [InlineData("{")]
    [InlineData("{!A")]
    public async Task MillionOpeners_PassInLinearTime(string opener)
    {
        // Quadratic work would take hours here, and the client gives up after a minute.
        var callout = await fixture.CreateAsync(Parameters, InBody);
        var body = new StringBuilder().Insert(0, opener, 1_000_000).ToString();
        var seen = await callout.SendAndRecordAsync(HttpMethod.Post, "/x", body, Plain);
        Assert.True(body == seen.Text);
    }

    [Theory]
    [InlineData("{!HEX(", "")]
    [InlineData("{!$", "")]
    [InlineData("(", "{!HEX")]
    [InlineData("&", "{!$Credential.A")]
    public async Task HostileField_OfAMegabyte_IsRefusedInTime(string part, string before)
    {
        await using var upstream = RawUpstream.Start();
        var callout = await fixture.CreateForAsync(upstream.Url, Parameters, InBody);
        var body = before + new StringBuilder().Insert(0, part, 900_000 / part.Length);
        using var response = await callout.PostBytesAsync(Encoding.UTF8.GetBytes(body), Plain);
        await response.AssertRefusedAsync(HttpStatusCode.BadRequest, "merge-field-invalid", part, Secret);
        Assert.Equal(0, upstream.Connections);
    }

    [Fact]
    public async Task Expansion_OverMaxRequestBytes_IsRefused_AndNothingIsSent()
    {
        await using var upstream = RawUpstream.Start();
        var parameters = AttackBench.Custom(("A", new string('k', 1024)));
        foreach (var limit in new[] { 2_000, 900_000, 1024 * 1024 })
        {
            var callout = await fixture.CreateForAsync(upstream.Url, parameters, InBody + $", \"maxRequestBytes\": {limit}");
            var fields = new StringBuilder().Insert(0, "{!$Credential.A}", limit / 16 - 1).ToString();
            using var response = await callout.PostBytesAsync(Encoding.UTF8.GetBytes(fields), Plain);
            await response.AssertRefusedAsync(HttpStatusCode.RequestEntityTooLarge, "body-too-large", "expansion", new string('k', 1024));
        }

        Assert.Equal(0, upstream.Connections);
    }

    [Fact]
    public async Task MoreValuesThanCanBeSearchedFor_AreRefused_AndNothingIsSent()
    {
        await using var upstream = RawUpstream.Start();
        var callout = await fixture.CreateForAsync(upstream.Url, Parameters, InBody);
        var many = string.Concat(Enumerable.Range(0, 2001).Select(i => $"{{!HEX($Credential.B & '{i}')}}"));
        using var response = await callout.PostBytesAsync(Encoding.UTF8.GetBytes(many), Plain);
        await response.AssertRefusedAsync(HttpStatusCode.BadRequest, "merge-field-invalid", "2001 values", Secret, "second-canary-5678");
        Assert.Equal(0, upstream.Connections);

        // Where answers aren't searched there is nothing to run out of.
        var free = await fixture.CreateAsync(Parameters, InBody + ", \"redactResponses\": false");
        Assert.Equal(HttpStatusCode.OK, (await free.PostBytesAsync(Encoding.UTF8.GetBytes(many), Plain)).StatusCode);
    }

    [Fact]
    public async Task MoreSignaturesThanOneCalloutMayAskFor_AreRefused_AndNothingIsSent()
    {
        await using var upstream = RawUpstream.Start();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var parameters = AttackBench.Custom(("Pem", key.ExportPkcs8PrivateKeyPem()));
        var callout = await fixture.CreateForAsync(upstream.Url, parameters, Everywhere);
        var field = "{!HEX(SIGN('SHA-256', 'x', $Credential.Pem))}";
        var several = "{!" + string.Join(" & ", Enumerable.Repeat("HEX(SIGN('SHA-256', 'x', $Credential.Pem))", 20)) + "}";
        foreach (var body in new[] { string.Concat(Enumerable.Repeat(field, 33)), several + several, new string('-', 1_100_000) + string.Concat(Enumerable.Repeat(field, 33)) })
        {
            using var response = await callout.PostBytesAsync(Encoding.UTF8.GetBytes(body), Plain);
            await response.AssertRefusedAsync(HttpStatusCode.BadRequest, "merge-field-invalid", "33 signatures", key.ExportPkcs8PrivateKeyPem());
            Assert.Contains("SIGN", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        using var inHeaders = await callout.SendAsync(HttpMethod.Get, "/x", headers: [.. Enumerable.Range(0, 33).Select(i => ($"X-Sign-{i}", field))]);
        await inHeaders.AssertRefusedAsync(HttpStatusCode.BadRequest, "merge-field-invalid", "33 headers", key.ExportPkcs8PrivateKeyPem());
        Assert.DoesNotContain(upstream.Received, received => received.EndsWith("0\r\n\r\n", StringComparison.Ordinal));

        // As many as there may be, and HMAC as often as one likes.
        var free = await fixture.CreateAsync(parameters, Everywhere);
        var seen = await free.SendAndRecordAsync(HttpMethod.Post, "/x", string.Concat(Enumerable.Repeat(field, 32)), Plain, ("X-Sign", field));
        Assert.True(key.VerifyData("x"u8, Convert.FromHexString(seen.Header("X-Sign")!), HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));
        await free.SendAndRecordAsync(HttpMethod.Post, "/x", string.Concat(Enumerable.Repeat("{!HEX(HMAC('SHA-256', 'x', $Credential.Pem))}", 100)), Plain);
    }

    [Fact]
    public async Task MoreWorkThanOneCalloutMayAskFor_IsRefused_AndNothingIsSent()
    {
        await using var upstream = RawUpstream.Start();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var parameters = AttackBench.Custom(("Pem", key.ExportPkcs8PrivateKeyPem()));
        var callout = await fixture.CreateForAsync(upstream.Url, parameters, Everywhere);
        var doubling = $"{{!HEX(HASH('MD5',{string.Concat(Enumerable.Repeat("HEX(", 21))}'x'{new string(')', 21)}))}}";
        var signing = string.Concat(Enumerable.Repeat("{!HEX(SIGN('SHA-256', 'x', $Credential.Pem))}", 32));
        using var alone = await callout.PostBytesAsync(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(doubling, 50))), Plain);
        await alone.AssertRefusedAsync(HttpStatusCode.BadRequest, "merge-field-invalid", "much work", key.ExportPkcs8PrivateKeyPem());

        // Headers and body share it.
        using var both = await callout.SendAsync(
            HttpMethod.Post, "/x", signing, Plain, [.. Enumerable.Range(0, 32).Select(i => ($"X-Sign-{i}", "{!HEX(SIGN('SHA-256', 'x', $Credential.Pem))}")), ("X-Long", doubling)]);
        await both.AssertRefusedAsync(HttpStatusCode.BadRequest, "merge-field-invalid", "both", key.ExportPkcs8PrivateKeyPem());
        Assert.Empty(upstream.Received);
        var free = await fixture.CreateAsync(parameters, Everywhere);
        await free.SendAndRecordAsync(HttpMethod.Post, "/x", string.Concat(Enumerable.Repeat(doubling, 5)), Plain);
    }

    [Fact]
    public async Task Signature_CoversTheBytesThatAreSent()
    {
        const string Headers = """, "customHeaders": [ { "name": "X-Signature", "value": "{!HEX(HMAC('SHA-256', $Credential.Body, $Credential.B))}" } ]""";
        var callout = await fixture.CreateAsync(Parameters, InBody + Headers);
        foreach (var (contentType, body) in new[] { (Json, "{\"a\":\"{!$Credential.A}\"}"), (Form, "a={!$Credential.A}&b=%7B!%24Credential.B%7D"), (Xml, "<a>{!$Credential.A}</a>"), (Plain, "") })
        {
            var seen = await callout.SendAndRecordAsync(HttpMethod.Post, "/x", body, contentType);
            Assert.Equal(Convert.ToHexStringLower(HMACSHA256.HashData("second-canary-5678"u8, seen.Body)), seen.Header("X-Signature"));
        }
    }

    [Fact]
    public async Task Header_WithAControlCharacter_IsRefused_AndNothingIsSent()
    {
        await using var upstream = RawUpstream.Start();
        string[] values = ["line\r\nX-Evil: header-1", "only\nlf-canary-2", "nul\0canary-3-x", "\u007fdel-canary-4", " blank-canary-5", "嘍嘊\r-canary-6"];
        for (var i = 0; i < values.Length; i++)
        {
            var callout = await fixture.CreateForAsync(upstream.Url, AttackBench.Custom(("A", values[i])), InHeader);
            using var response = await callout.SendAsync(HttpMethod.Get, "/x", headers: ("X-Try", "{!$Credential.A}"));
            await response.AssertRefusedAsync(HttpStatusCode.UnprocessableEntity, "secret-not-a-header-value", $"value {i}", values[i]);
        }

        Assert.Equal(0, upstream.Connections);
    }

    [Fact]
    public async Task KeyOfABuiltInProtocol_IsNoCallersToRead()
    {
        await using var upstream = RawUpstream.Start();
        const string Jwt = """{ "protocol": "jwt", "algorithm": "HS256", "issuer": "i", "subject": "s", "audience": "a", "lifetimeSeconds": 60, "key": "D-signing-key-canary-0123456789abcdef" }""";
        var callout = await fixture.CreateForAsync(upstream.Url, Jwt, Everywhere);
        foreach (var field in new[] { "{!$Credential.Key}", "{!HEX($Credential.Key)}", "{!HASH('SHA-256', $Credential.Key)}", "{!HMAC('SHA-256', $Credential.Key, 'x')}", "{!$Credential." + callout.Name + ".key}" })
        {
            using var response = await callout.PostBytesAsync(Encoding.UTF8.GetBytes(field), Plain);
            await response.AssertRefusedAsync(HttpStatusCode.BadRequest, "merge-field-invalid", field, "D-signing-key-canary-0123456789abcdef");
        }

        Assert.Equal(0, upstream.Connections);
    }
}
