using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Vault.Api.Tests.Callouts;

public sealed class MergeTests(CalloutFixture fixture) : IClassFixture<CalloutFixture>
{
    private const string Password = """{ "protocol": "password", "username": "us\"er&", "password": "pa\\ss<word>\n" }""";
    private const string InBody = "\"allowMergeFieldsInBody\": true, \"generateAuthorizationHeader\": false";

    [Theory]
    [InlineData("application/json", """{"u":"{!$Credential.Username}"}""", """{"u":"us\"er&"}""")]
    [InlineData("application/json", """{"u":"{!HTMLENCODE($Credential.Username)}"}""", """{"u":"us&quot;er&amp;"}""")]
    [InlineData("application/json", """{"u":"<!$Credential.Password>"}""", """{"u":"pa\\ss<word>\n"}""")]
    [InlineData("application/xml", "<u>{!$Credential.Username}</u>", "<u>us&quot;er&amp;</u>")]
    [InlineData("application/x-www-form-urlencoded", "a=1&u={!$Credential.Username}&p=%7B!%24Credential.Username%7D", "a=1&u=us%22er%26&p=us%22er%26")]
    [InlineData("text/plain", "{!$Credential.Username} <!DOCTYPE html> {!important}", "us\"er& <!DOCTYPE html> {!important}")]
    public async Task Body_IsResolved_ByWhereItLands(string contentType, string body, string sent)
    {
        var callout = await fixture.CreateAsync(Password, InBody);
        var seen = await callout.SendAndRecordAsync(HttpMethod.Post, "/x", body, contentType);
        Assert.Equal(sent, seen.Text, ignoreCase: true);
        Assert.Equal(seen.Body.Length.ToString(null as IFormatProvider), seen.Header("Content-Length"));
    }

    [Fact]
    public async Task Body_WhereNotAllowed_GoesThroughUntouched()
    {
        var callout = await fixture.CreateAsync(Password);
        const string Body = """{"u":"{!$Credential.Username} {!broken"}""";
        Assert.Equal(Body, (await callout.SendAndRecordAsync(HttpMethod.Post, "/x", Body, headers: ("X-Test", "{!$Credential.Username}"))).Text);
        Assert.Equal("{!$Credential.Username}", fixture.Upstream.Requests[^1].Header("X-Test"));
    }

    [Fact]
    public async Task Header_WhereAllowed_IsResolved_AndUrlNever()
    {
        var callout = await fixture.CreateAsync("""{ "protocol": "custom", "parameters": { "Tenant": "acme-tenant" } }""", "\"allowMergeFieldsInHeader\": true");
        var seen = await callout.SendAndRecordAsync(HttpMethod.Get, "/%7B!$Credential.Tenant%7D?q={!$Credential.Tenant}", headers: ("X-Tenant", "t={!UPPER($Credential.Tenant)}"));
        Assert.Equal("t=ACME-TENANT", seen.Header("X-Tenant"));
        Assert.DoesNotContain("acme", seen.Target, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("{!$Credential.Nope}", "Nope")]
    [InlineData("{!$Credential.Other.Username}", "Other")]
    [InlineData("line one\n  {!NOPE2($Credential.Username", null)]
    [InlineData("line one\n  {!HASH($Credential.Username)}", "line 2, column 3")]
    [InlineData("{!$Credential.Username", "line 1, column 1")]
    [InlineData("{!BLOB($Credential.Username)}", "BLOB")]
    [InlineData("{!TRIM(\"x\") \"y\"}", "TRIM")]
    [InlineData("{!$Credential.Username ?}", "$Credential.Username")]
    [InlineData("{!$Credential.Body}", "Body")]
    public async Task Field_ThatCantBeResolved_IsRefused(string body, string? detail)
    {
        var callout = await fixture.CreateAsync(Password, InBody);
        if (detail is null)
        {
            // Not the name of a function: no field opens, the text goes through.
            Assert.Equal(body, (await callout.SendAndRecordAsync(HttpMethod.Post, "/x", body, "text/plain")).Text);
            return;
        }

        Assert.Contains(detail, await callout.SendRefusedAsync("merge-field-invalid", HttpStatusCode.BadRequest, HttpMethod.Post, "/x", body, "text/plain"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task FieldThatCantBeResolved_IsToldBeforeAValueThatNoHeaderCanHave()
    {
        var callout = await fixture.CreateAsync(Password, "\"allowMergeFieldsInHeader\": true");
        await callout.SendRefusedAsync("merge-field-invalid", HttpStatusCode.BadRequest, HttpMethod.Get, "/x",
            headers: [("X-A", "{!$Credential.Password}"), ("X-B", "{!HEX(BASE64DECODE($Credential.Username))}")]);
        await callout.SendRefusedAsync("secret-not-a-header-value", HttpStatusCode.UnprocessableEntity, HttpMethod.Get, "/x",
            headers: [("X-A", "{!$Credential.Password}"), ("X-B", "{!HEX($Credential.Username)}")]);
    }

    [Fact]
    public async Task Body_InAnUnsupportedForm_IsRefused()
    {
        var callout = await fixture.CreateAsync(Password, InBody);
        await callout.SendRefusedAsync("merge-unsupported-content", HttpStatusCode.UnsupportedMediaType, HttpMethod.Post, "/x", "x", "text/plain; charset=utf-16");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/callout/" + callout.Name) { Content = new ByteArrayContent([1, 2, 3]) };
        request.Content.Headers.ContentEncoding.Add("gzip");
        using var response = await callout.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
    }

    [Fact]
    public async Task Secret_ThatLooksLikeAField_IsSentAsItIs()
    {
        var callout = await fixture.CreateAsync("""{ "protocol": "custom", "parameters": { "A": "{!$Credential.B}", "B": "never-sent" } }""", InBody);
        Assert.Equal("{!$Credential.B}", (await callout.SendAndRecordAsync(HttpMethod.Post, "/x", "{!$Credential.A}", "text/plain")).Text);
    }

    [Fact]
    public async Task LargeBody_IsChunked_AndFieldsResolve()
    {
        var callout = await fixture.CreateAsync("""{ "protocol": "custom", "parameters": { "A": "value-of-a" } }""", InBody);
        var padding = new string('x', 3 * 1024 * 1024);
        var seen = await callout.SendAndRecordAsync(HttpMethod.Post, "/x", padding + "{!$Credential.A}" + padding, "text/plain");
        Assert.Equal("chunked", seen.Header("Transfer-Encoding"));
        Assert.Null(seen.Header("Content-Length"));
        Assert.Equal(padding.Length * 2 + "value-of-a".Length, seen.Body.Length);
        Assert.Equal("value-of-a", seen.Text.Substring(padding.Length, 10));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2 * 1024 * 1024)]
    public async Task Xml_ThatNamesItsEncoding_IsFilledInInIt_HeldOrStreamed(int padding)
    {
        const string Prolog = "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>";
        var callout = await fixture.CreateAsync("""{ "protocol": "custom", "parameters": { "A": "gr\u00F6\u00DFer" } }""", InBody);
        var seen = await callout.SendAndRecordAsync(HttpMethod.Post, "/x", $"{Prolog}<a>{new string(' ', padding)}{{!$Credential.A}}</a>", "application/xml");
        Assert.EndsWith("gr\u00F6\u00DFer</a>", Encoding.Latin1.GetString(seen.Body), StringComparison.Ordinal);
        await callout.SendRefusedAsync(
            "merge-unsupported-content", HttpStatusCode.UnsupportedMediaType, HttpMethod.Post, "/x", Prolog.Replace("8859-1", "8859-15", StringComparison.Ordinal) + "<a>{!$Credential.A}</a>", "application/xml");
    }

    [Fact]
    public async Task SmallBody_ThatGrowsBeyondAMebibyte_IsStreamed_AndLimitCountsIt()
    {
        var value = new string('v', 60_000);
        var callout = await fixture.CreateAsync($$"""{ "protocol": "custom", "parameters": { "A": "{{value}}" } }""", InBody);
        var body = string.Concat(Enumerable.Repeat("{!$Credential.A}", 100));
        var seen = await callout.SendAndRecordAsync(HttpMethod.Post, "/x", body, "text/plain");
        Assert.Equal(6_000_000, seen.Body.Length);
        var limited = await fixture.CreateAsync($$"""{ "protocol": "custom", "parameters": { "A": "{{value}}" } }""", InBody + ", \"maxRequestBytes\": 100000");
        await limited.SendRefusedAsync("body-too-large", HttpStatusCode.RequestEntityTooLarge, HttpMethod.Post, "/x", "{!$Credential.A}{!$Credential.A}", "text/plain");
    }

    [Fact]
    public async Task Signature_OverTheBody_SeesTheResolvedBytes()
    {
        var callout = await fixture.CreateAsync(
            """{ "protocol": "custom", "parameters": { "SigningKey": "key-of-signature", "A": "secret-a" } }""",
            InBody + """, "customHeaders": [ { "name": "X-Signature", "value": "{!HEX(HMAC('SHA-256', $Credential.Body, $Credential.SigningKey))}" }, { "name": "X-Nonce", "value": "{!$Request.Nonce}-{!$Request.Nonce}" }, { "name": "X-Meta", "value": "{!$Request.Method} {!$Request.Path} {!$Request.Query}" } ]""");
        var seen = await callout.SendAndRecordAsync(HttpMethod.Post, "/p%2Fq?a=b", "{\"a\":\"{!$Credential.A}\"}");
        Assert.Equal("""{"a":"secret-a"}""", seen.Text);
        var expected = Convert.ToHexStringLower(System.Security.Cryptography.HMACSHA256.HashData("key-of-signature"u8, seen.Body));
        Assert.Equal(expected, seen.Header("X-Signature"));
        Assert.Equal("POST /p%2Fq a=b", seen.Header("X-Meta"));
        var nonce = seen.Header("X-Nonce")!.Split('-');
        Assert.Equal(nonce[0], nonce[1]);
        Assert.Matches("^[0-9a-f]{32}$", nonce[0]);
    }

    [Theory]
    [InlineData("\"allowMergeFieldsInHeader\": true")]
    [InlineData("\"allowMergeFieldsInHeader\": true, \"allowMergeFieldsInBody\": true")]
    public async Task Body_InACallersHeader_IsTheBody_OrTooLarge(string settings)
    {
        var callout = await fixture.CreateAsync("""{ "protocol": "custom", "parameters": { "A": "secret-a" } }""", settings);
        var header = ("X-Digest", "{!HEX(HASH('SHA-256', $Credential.Body))}");
        foreach (var body in new[] { "hello", new string('x', 1 << 20) })
        {
            var seen = await callout.SendAndRecordAsync(HttpMethod.Post, "/x", body, "text/plain", header);
            Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(seen.Body)), seen.Header("X-Digest"));
        }

        await callout.SendRefusedAsync("body-too-large", HttpStatusCode.RequestEntityTooLarge, HttpMethod.Post, "/x", new string('x', (1 << 20) + 1), "text/plain", header);
    }

    [Fact]
    public async Task Escaping_FollowsTheContentTypeThatIsSent()
    {
        const string Custom = """{ "protocol": "custom", "parameters": { "A": "p&\"\n" } }""";
        var fixedType = await fixture.CreateAsync(Custom, InBody + """, "customHeaders": [ { "name": "content-type", "value": "application/json" } ]""");
        foreach (var type in new[] { "application/x-www-form-urlencoded", "text/plain" })
        {
            Assert.Equal("""{"a":"p&\"\n"}""", (await fixedType.SendAndRecordAsync(HttpMethod.Post, "/x", """{"a":"{!$Credential.A}"}""", type)).Text);
        }

        // Nobody knows the kind of a body whose type is made of fields; without any in it, it goes.
        var computed = await fixture.CreateAsync(Custom, InBody + """, "customHeaders": [ { "name": "Content-Type", "value": "{!LOWER('APPLICATION/JSON')}" } ]""");
        await computed.SendRefusedAsync("merge-unsupported-content", HttpStatusCode.UnsupportedMediaType, HttpMethod.Post, "/x", """{"a":"{!$Credential.A}"}""");
        Assert.Equal("application/json", (await computed.SendAndRecordAsync(HttpMethod.Post, "/x", """{"a":1}""", "text/plain")).Header("Content-Type"));
    }

    [Theory]
    [InlineData("a\\r\\nX-Injected: 1")]
    [InlineData("üüü")]
    [InlineData("a b")]
    [InlineData("a#b")]
    public async Task Url_WithAValueThatCantStandInOne_IsRefused_AndNothingIsSent(string value)
    {
        foreach (var path in new[] { "/b?q={!RAW($Credential.A)}&z=1", "/b/{!RAW($Credential.A)}/c" })
        {
            var callout = await fixture.CreateAsync($$"""{ "protocol": "custom", "parameters": { "A": "{{value}}" } }""", InBody, path);
            await callout.SendRefusedAsync("merge-field-invalid", HttpStatusCode.BadRequest, HttpMethod.Get, "/x");
        }
    }

    [Fact]
    public async Task EmptyBody_OfAPost_HasLengthZero()
    {
        var callout = await fixture.CreateAsync(Password, InBody);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/callout/" + callout.Name) { Content = new ByteArrayContent([]) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var response = await callout.Client.SendAsync(request);
        Assert.True(response.StatusCode == HttpStatusCode.OK, await response.Content.ReadAsStringAsync() + response.Headers);
        Assert.Equal("0", fixture.Upstream.Requests[^1].Header("Content-Length"));
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    public async Task Latin1Body_ThatIsEchoed_IsMasked(string type)
    {
        var callout = await fixture.CreateAsync("""{ "protocol": "custom", "parameters": { "A": "pässwördü-éè" } }""", InBody);
        var answer = fixture.Upstream.Answer;
        fixture.Upstream.Answer = (context, request) => context.Response.Body.WriteAsync(request.Body).AsTask();
        try
        {
            using var response = await callout.SendAsync(HttpMethod.Post, "/x", "{!$Credential.A}", type + "; charset=iso-8859-1");
            var sent = fixture.Upstream.Requests[^1].Body;
            Assert.Equal(new string('*', sent.Length), await response.Content.ReadAsStringAsync());
        }
        finally
        {
            fixture.Upstream.Answer = answer;
        }
    }

    [Theory]
    [InlineData("application/json", "{\"p\":\"{!$Credential.A}\"}")]
    [InlineData("application/json; charset=iso-8859-1", "{\"p\":\"{!$Credential.A}\"}")]
    [InlineData("application/xml", "<p>{!$Credential.A}</p>")]
    [InlineData("text/html", "<p>{!$Credential.A}</p>")]
    [InlineData("application/x-www-form-urlencoded", "p={!$Credential.A}&q=1")]
    [InlineData("application/x-www-form-urlencoded; charset=iso-8859-1", "p={!$Credential.A}&q=1")]
    public async Task Body_ThatIsShownEncodedOnceMore_IsMasked(string type, string body)
    {
        // Escaped for the body, and with it for whatever shows the body: as httpbin and many a debugging page do.
        var callout = await fixture.CreateAsync("""{ "protocol": "custom", "parameters": { "A": "abc<\"d&efg\nhijk" } }""", InBody);
        var answer = fixture.Upstream.Answer;
        fixture.Upstream.Answer = (context, request) => context.Response.WriteAsync(string.Join('|',
            System.Text.Json.JsonSerializer.Serialize(request.Text), Convert.ToBase64String(request.Body), Convert.ToHexString(request.Body), Uri.EscapeDataString(request.Text), WebUtility.HtmlEncode(request.Text)));
        try
        {
            using var response = await callout.SendAsync(HttpMethod.Post, "/x", body, type);
            var shown = (await response.Content.ReadAsStringAsync()).Split('|');
            Assert.Equal(5, shown.Length);
            foreach (var one in shown)
            {
                Assert.Contains("********", one, StringComparison.Ordinal);
                Assert.DoesNotContain("abc", one, StringComparison.Ordinal);
                Assert.DoesNotContain("hijk", one, StringComparison.Ordinal);
            }

            Assert.Matches("^[A-Za-z0-9+/]+\\*{16,}[A-Za-z0-9+/]+=*$", shown[1]);
            Assert.Matches("^[0-9A-F]+\\*{30,}[0-9A-F]+$", shown[2]);
        }
        finally
        {
            fixture.Upstream.Answer = answer;
        }
    }

    [Fact]
    public async Task UrlAndQuery_ThatAreShownEncodedOnceMore_AreMasked()
    {
        var answer = fixture.Upstream.Answer;
        fixture.Upstream.Answer = (context, request) => context.Response.WriteAsync(Convert.ToBase64String(Encoding.ASCII.GetBytes(request.Target)));
        try
        {
            var templated = await fixture.CreateAsync("""{ "protocol": "custom", "parameters": { "A": "abc/+=d&efg" } }""", path: "/in?h={!$Credential.A}&z=1");
            using var first = await templated.SendAsync(HttpMethod.Get);
            Assert.Matches(@"^[A-Za-z0-9+/]+\*{16,}[A-Za-z0-9+/]+=*$", await first.Content.ReadAsStringAsync());
            var injected = await fixture.CreateAsync("""{ "protocol": "apiKey", "in": "query", "parameterName": "k", "apiKey": "abc/+=d&efg" }""");
            using var second = await injected.SendAsync(HttpMethod.Get, "/in?z=1");
            Assert.Matches(@"^[A-Za-z0-9+/]+\*{16,}[A-Za-z0-9+/=]*$", await second.Content.ReadAsStringAsync());
        }
        finally
        {
            fixture.Upstream.Answer = answer;
        }
    }

    [Theory]
    [InlineData("application/xml")]
    [InlineData("application/json")]
    [InlineData("text/html")]
    [InlineData("application/x-www-form-urlencoded")]
    public async Task Latin1Body_ThatIsEchoedAsItsReaderTakesIt_IsMasked(string type)
    {
        const string Secret = "p\u00E4&s\"s<w\u00F6rd";
        var callout = await fixture.CreateAsync(new System.Text.Json.Nodes.JsonObject
        {
            ["protocol"] = "custom",
            ["parameters"] = new System.Text.Json.Nodes.JsonObject { ["A"] = Secret },
        }.ToJsonString(), InBody);
        var answer = fixture.Upstream.Answer;
        fixture.Upstream.Answer = (context, _) => context.Response.Body.WriteAsync(Encoding.Latin1.GetBytes(Secret + "|p\u00E4&#38;s&quot;s&#60;w\u00F6rd")).AsTask();
        try
        {
            using var response = await callout.SendAsync(HttpMethod.Post, "/x", "a={!$Credential.A}", type + "; charset=iso-8859-1");
            Assert.Matches(@"^\*+\|\*+$", await response.Content.ReadAsStringAsync());
        }
        finally
        {
            fixture.Upstream.Answer = answer;
        }
    }

    [Theory]
    [InlineData("utf-16", "<a>{!$Credential.A}</a>", "<a>gr\u00F6\u00DFer</a>")]
    [InlineData("windows-1252", "<a>no field</a>", "<a>no field</a>")]
    public async Task Xml_WhoseDeclarationDoesntMatter_GoesThrough(string encoding, string body, string expected)
    {
        var prolog = $"<?xml version=\"1.0\" encoding=\"{encoding}\"?>";
        var callout = await fixture.CreateAsync("""{ "protocol": "custom", "parameters": { "A": "gr\u00F6\u00DFer" } }""", InBody);
        var seen = await callout.SendAndRecordAsync(HttpMethod.Post, "/x", prolog + body, "text/xml");
        Assert.Equal(prolog + expected, Encoding.UTF8.GetString(seen.Body));
    }

    [Theory]
    [InlineData("application/json", "{\"a\":\"{!$Credential.A}\"}", "{\"a\":\"{!important}\"}")]
    [InlineData("application/xml", "<?xml version=\"1.0\" encoding=\"UTF-16\"?><a>{!$Credential.A}</a>", "<?xml version=\"1.0\" encoding=\"UTF-16\"?><!-- c --><a/>")]
    [InlineData("text/html; charset=utf-8", "<p><!$Credential.A></p>", "<!DOCTYPE html><p></p>")]
    [InlineData("text/plain", "{!RAW($Credential.A)}", "\u7B21")]
    [InlineData("application/x-www-form-urlencoded", "a=%7B!$Credential.A%7D", "a=%7B")]
    public async Task Body_ThatBeginsWithAWideByteOrderMark_IsRefused_WhereAFieldIsInIt(string type, string withField, string without)
    {
        var callout = await fixture.CreateAsync("""{ "protocol": "custom", "parameters": { "A": "value-of-a" } }""", InBody);
        foreach (var encoding in new[] { Encoding.Unicode, Encoding.BigEndianUnicode, Encoding.UTF32, new UTF32Encoding(bigEndian: true, byteOrderMark: true) })
        {
            using var refused = await SendBytesAsync(callout, type, [.. encoding.GetPreamble(), .. encoding.GetBytes(withField)]);
            Assert.Equal((HttpStatusCode.UnsupportedMediaType, "merge-unsupported-content"), (refused.StatusCode, refused.Headers.GetValues("X-Vault-Error").Single()));
            byte[] plain = [.. encoding.GetPreamble(), .. encoding.GetBytes(without)];
            using var passed = await SendBytesAsync(callout, type, plain);
            Assert.Equal(HttpStatusCode.OK, passed.StatusCode);
            Assert.Equal(plain, fixture.Upstream.Requests[^1].Body);
        }

        // Of what isn't text the same bytes say nothing.
        byte[] other = [.. Encoding.Unicode.GetPreamble(), .. Encoding.Unicode.GetBytes(withField)];
        using var binary = await SendBytesAsync(callout, "application/octet-stream", other);
        Assert.Equal(other, fixture.Upstream.Requests[^1].Body);
    }

    private static async Task<HttpResponseMessage> SendBytesAsync(TestCallout callout, string type, byte[] body)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = System.Net.Http.Headers.MediaTypeHeaderValue.Parse(type);
        return await callout.Client.PostAsync("/callout/" + callout.Name + "/x", content);
    }

    [Fact]
    public async Task Latin1Body_ComesOutInLatin1()
    {
        var callout = await fixture.CreateAsync("""{ "protocol": "custom", "parameters": { "A": "grün" } }""", InBody);
        var seen = await callout.SendAndRecordAsync(HttpMethod.Post, "/x", "{!$Credential.A}", "text/plain; charset=iso-8859-1");
        Assert.Equal("grün", Encoding.Latin1.GetString(seen.Body));
    }
}
