using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Vault.Core.Authentication.Protocols.Login;
using Vault.Core.Authentication.SignIns;
using Vault.Core.Authentication.Tokens;
using Vault.Core.Egress;
using Vault.Core.Primitives;
using Vault.Core.Tests.Authentication.Fakes;
using Xunit;

namespace Vault.Core.Tests.Authentication.Protocols.Login;

/// <summary>What steps send, and what is made of their answers.</summary>
public sealed class LoginFlowTests
{
    private const string Host = "https://h.example";
    private static readonly (string, string)[] Ada = [("Username", "ada"), ("Password", "p\"w&\\/ é")];
    private readonly Authenticating _parts = new();

    [Theory]
    [InlineData("https://h.example/api", "/token", "https://h.example/api/token")]
    [InlineData("https://h.example/api/", "/token", "https://h.example/api/token")]
    [InlineData("https://h.example", "/token", "https://h.example/token")]
    [InlineData("https://h.example/", "/", "https://h.example/")]
    [InlineData("https://h.example/api?v=1", "/token?x=2", "https://h.example/api/token?v=1&x=2")]
    [InlineData("https://h.example/a%2Fb?v=1", "/token", "https://h.example/a%2Fb/token?v=1")]
    [InlineData("https://h.example/api", "https://h.example/token?u={!$Credential.Password}", "https://h.example/token?u=p%22w%26%5C%2F%20%C3%A9")]
    [InlineData("https://h.example/api", "/users/{!$Credential.Password}/t", "https://h.example/api/users/p%22w%26%5C%2F%20%C3%A9/t")]
    [InlineData("https://h.example/api", "https://h.example", "https://h.example/")]
    [InlineData("https://h.example/api", "https://h.example?x", "https://h.example/?x")]
    [InlineData("https://b\u00FCcher.example/api", "/token", "https://xn--bcher-kva.example/api/token")]
    [InlineData("https://h.example/api", "https://b\u00FCcher.example:8443/token", "https://xn--bcher-kva.example:8443/token")]
    [InlineData("https://h.example/api", "https://h.example./token", "https://h.example/token")]
    public async Task Url_IsJoinedAsTheContractSays(string named, string url, string expected) =>
        Assert.Equal(expected, (await SentAsync($$"""{"url":"{{url}}"}""", named)).Url);

    [Theory]
    [InlineData("/{!$Credential.Dots}/admin")]
    [InlineData("/a/{!RAW($Credential.Climb)}")]
    [InlineData("/a b")]
    [InlineData("/a\\r\\nX: y")]
    [InlineData("/a{!RAW($Credential.Break)}")]
    [InlineData("/é")]
    [InlineData("/a#b")]
    public async Task Url_ThatIsNoneOnceFilledIn_IsNotSent(string url)
    {
        var service = FakeService.Always("{}");
        var result = await SignInAsync($$"""{"request":{"url":"{{url}}"},"extract":{"t":"body"} }""", service, Host,
            ("Dots", ".."), ("Climb", "x/../../y"), ("Break", " HTTP/1.1\r\nX: y"));
        Assert.Equal(ErrorCodes.TokenRequestFailed, result.Error?.Code);
        Assert.Empty(service.Requests);
    }

    [Theory]
    [InlineData("https://other.example/token")]
    [InlineData("http://h.example/token")]
    [InlineData("https://h.example:8443/token")]
    public async Task Url_OutsideAllowedHosts_IsNotSent_AndNoSecretOpened(string url)
    {
        var service = FakeService.Always("{}");

        // Without a value for the password: opening it would be another error.
        var result = await SignInAsync($$"""{"request":{"url":"{{url}}","body":"{!$Credential.Password}"},"extract":{"t":"body"} }""", service, Host);
        Assert.Equal(ErrorCodes.TokenRequestFailed, result.Error?.Code);
        Assert.Contains("allowedHosts", result.Error!.Detail, StringComparison.Ordinal);
        Assert.Empty(service.Requests);
    }

    [Theory]
    [InlineData("""{"url":"/","contentType":"application/json","body":"{\"p\":\"{!$Credential.Password}\"}"}""", "{\"p\":\"p\\\"w&\\\\/ é\"}", "application/json")]
    [InlineData("""{"url":"/","contentType":"application/json","body":"{\"p\":\"{!$Credential.Username & '-' & \\\"x\\\"}\"}"}""", "{\"p\":\"ada-x\"}", "application/json")]
    [InlineData("""{"url":"/","contentType":"application/json","body":"{\"p\":\"{!$Credential.Username & \"-x\"}\"}"}""", "{\"p\":\"ada-x\"}", "application/json")]
    [InlineData("""{"url":"/","contentType":"application/xml","body":"<p>{!$Credential.Password}</p>"}""", "<p>p&quot;w&amp;\\/ é</p>", "application/xml")]
    [InlineData("""{"url":"/","contentType":"application/x-www-form-urlencoded","body":"a=1&p={!$Credential.Password}"}""", "a=1&p=p%22w%26%5C%2F%20%C3%A9", "application/x-www-form-urlencoded")]
    [InlineData("""{"url":"/","contentType":"text/plain","body":"{!$Credential.Password}"}""", "p\"w&\\/ é", "text/plain")]
    [InlineData("""{"url":"/","headers":{"Content-Type":"application/json"},"body":"{\"p\":\"{!$Credential.Password}\"}"}""", "{\"p\":\"p\\\"w&\\\\/ é\"}", "application/json")]
    [InlineData("""{"url":"/","json":{"a.b":"{!$Credential.Username}","a":{"b":"x{!$Credential.Password}"},"n":[1,true,null,"<&>"]}}""", "{\"a.b\":\"ada\",\"a\":{\"b\":\"xp\\\"w&\\\\/ é\"},\"n\":[1,true,null,\"\\u003C\\u0026\\u003E\"]}", "application/json")]
    [InlineData("""{"url":"/","json":"{!$Credential.Username}","contentType":"application/vnd.api+json"}""", "\"ada\"", "application/vnd.api+json")]
    [InlineData("""{"url":"/","form":{"user name":"{!$Credential.Username}","p":"a b&{!$Credential.Password}"}}""", "user%20name=ada&p=a%20b%26p%22w%26%5C%2F%20%C3%A9", "application/x-www-form-urlencoded")]
    public async Task Body_IsEscapedForItsKind(string request, string expected, string contentType)
    {
        var sent = await SentAsync(request);
        Assert.Equal((expected, contentType, "POST"), (sent.Body, sent.Headers["Content-Type"], sent.Method));
    }

    [Fact]
    public async Task Body_InLatin1_IsSentInLatin1()
    {
        var bytes = Array.Empty<byte>();
        var service = new FakeService(_ => Authenticating.Answer("t"));
        using var capture = new ByteCapture(service, sent => bytes = sent);
        var credential = Login("""{"request":{"url":"/","contentType":"text/plain; charset=iso-8859-1","body":"ü{!$Credential.Password}"},"extract":{"t":"body"}}""");
        var context = _parts.Acquisition(credential, service, Host, Ada) with { Http = new HttpMessageInvoker(capture) };
        Assert.True((await credential.Authentication.Tokens!.AcquireAsync(context, CancellationToken.None)).IsOk);
        Assert.Equal(Encoding.Latin1.GetBytes("üp\"w&\\/ é"), bytes);
    }

    [Fact]
    public async Task Headers_MayBeMadeOfTheBody()
    {
        var sent = await SentAsync("""{"url":"/x?y","method":"PUT","json":{"u":"{!$Credential.Username}"},"query":{"a b":"{!$Credential.Username}"},"headers":{"X-Sum":"{!HEX(HASH('SHA-256',$Credential.Body))}","X-Where":"{!$Request.Method & ' ' & $Request.Host & $Request.Path}"}}""");
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(sent.Body!))), sent.Headers["X-Sum"]);
        Assert.Equal("PUT h.example/x", sent.Headers["X-Where"]);
        Assert.Equal("https://h.example/x?y&a%20b=ada", sent.Url);
        Assert.Equal("identity", sent.Headers["Accept-Encoding"]);
    }

    [Theory]
    [InlineData("a\r\nX-Evil: 1")]
    [InlineData("a\0")]
    [InlineData(" a")]
    [InlineData("a\t")]
    public async Task Header_ThatIsNone_IsNotSent(string value)
    {
        var service = FakeService.Always("{}");
        var result = await SignInAsync("""{"request":{"url":"/","headers":{"X-A":"{!$Credential.Value}"}},"extract":{"t":"body"}}""", service, Host, ("Value", value));
        Assert.Equal(ErrorCodes.SecretNotAHeaderValue, result.Error?.Code);
        Assert.Empty(service.Requests);
    }

    [Theory]
    [InlineData("$Credential.Other.Password", ErrorCodes.MergeFieldInvalid)]
    [InlineData("$Credential.Missing", ErrorCodes.CredentialNotConfigured)]
    public async Task Name_ThatIsNoneOfThisCredential_IsNotSent(string reference, string code)
    {
        var service = FakeService.Always("{}");
        var result = await SignInAsync($$"""{"request":{"url":"/","form":{"a":"{!{{reference}} }"} },"extract":{"t":"body"} }""", service, Host, Ada);
        Assert.Equal(code, result.Error?.Code);
        Assert.Empty(service.Requests);
    }

    [Theory]
    [InlineData("$.a", "text")]
    [InlineData("$.n", "12.50")]
    [InlineData("$.yes", "true")]
    [InlineData("$.list[1]", "two")]
    [InlineData("$..deep", "found")]
    [InlineData("header:X-Token", "from-header")]
    [InlineData("header:x-token", "from-header")]
    [InlineData("cookie:SID", "from-cookie")]
    [InlineData("cookie:Anew", "from-cookie")]
    [InlineData("cookie:Two", "from-2")]
    [InlineData("cookie:Same", "from-1")]
    [InlineData("$['list'][?@ == 'two']", "two")]
    public async Task Extract_ExactlyOneValue_IsTaken(string extract, string expected)
    {
        var result = await SignInAsync($$"""{"request":{"url":"/"},"extract":{"t":"{{extract}}"} }""", Rich(), Host);
        Assert.Equal(expected, result.Value?.Values["t"].Reveal());
    }

    [Theory]
    [InlineData("$.nothing")]
    [InlineData("$.list[*]")]
    [InlineData("$.list")]
    [InlineData("$.object")]
    [InlineData("$.null")]
    [InlineData("$.empty")]
    [InlineData("header:X-None")]
    [InlineData("header:X-Two")]
    [InlineData("cookie:None")]
    [InlineData("cookie:sid")]
    [InlineData("header:X-Same")]
    [InlineData("cookie:Gone")]
    public async Task Extract_NotExactlyOneValue_Fails(string extract)
    {
        var result = await SignInAsync($$"""{"request":{"url":"/"},"extract":{"t":"{{extract}}"} }""", Rich(), Host);
        Assert.Equal(ErrorCodes.TokenRequestFailed, result.Error?.Code);
        Assert.Contains("h.example", result.Error!.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain("from-", result.Error.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("S=from-1; Path=/ | S=; Path=/old; Max-Age=0", "from-1")]
    [InlineData("S=from-1; Path=/x | S=from-2; Path=/y", null)]
    [InlineData("S=from-1; Path=/x; Path=/y | S=from-2; Path=/y", "from-2")]
    [InlineData("S=from-1 | S=from-2; Path=/a", "from-2")]
    [InlineData("S=from-1 | S=from-2; path=a", "from-2")]
    [InlineData("S=from-1 | S=from-2; Path=/", null)]
    [InlineData("S=from-1 | S=from-2; Domain=.H.Example; Domain=", "from-2")]
    [InlineData("S=from-1 | S=from-2; Domain=example", null)]
    [InlineData("S=from-1; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=3600", "from-1")]
    [InlineData("S=from-1; Max-Age=0; Expires=Wed, 09 Jun 2100 10:18:14 GMT", null)]
    [InlineData("S=from-1; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=soon", null)]
    [InlineData("S=from-1; Path=/a | S=from-1; Path=/b", "from-1")]
    public async Task Extract_Cookie_IsOneOfItsDomainAndPath(string cookies, string? expected)
    {
        var service = new FakeService(_ =>
        {
            var answer = Authenticating.Answer("");
            answer.Headers.Add("Set-Cookie", cookies.Split(" | "));
            return answer;
        });
        var result = await SignInAsync("""{"request":{"url":"/a/login"},"extract":{"t":"cookie:S"}}""", service, Host);
        Assert.Equal(expected, result.Value?.Values["t"].Reveal());
        Assert.Equal(expected is null, result.Error?.Code == ErrorCodes.TokenRequestFailed);
    }

    [Fact]
    public async Task Extract_Body_IsTheWholeText() =>
        Assert.Equal("plain token", (await SignInAsync("""{"request":{"url":"/"},"extract":{"t":"body"}}""", FakeService.Always("\uFEFFplain token"), Host)).Value?.Values["t"].Reveal());

    [Theory]
    [InlineData("text/xml", "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>", "iso-8859-1")]
    [InlineData("application/xml", "<?xml version='1.0' encoding='Latin1'?>", "iso-8859-1")]
    [InlineData("text/xml; charset=iso-8859-1", "", "iso-8859-1")]
    [InlineData("text/xml; charset=iso-8859-1", "<?xml version=\"1.0\" encoding=\"utf-8\"?>", "iso-8859-1")]
    [InlineData("text/xml", "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>", "utf-8")]
    [InlineData("text/xml", "<?xml version=\"1.0\" encoding=\"utf-16\"?>", "utf-8")]
    [InlineData("text/xml", "<?xml version=\"1.0\" encoding=\"windows-1252\"?>", "utf-8")]
    [InlineData("text/xml; charset=utf-8", "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>", "utf-8")]
    [InlineData("text/xml", "\uFEFF<?xml version=\"1.0\" encoding=\"utf-16\"?>", "utf-16")]
    [InlineData("text/xml; charset=utf-16", "\uFEFF<?xml version=\"1.0\"?>", "utf-16BE")]
    [InlineData("text/xml; charset=utf-8", "\uFEFF", "utf-16")]
    [InlineData("text/xml", "<?xml version=\"1.0\" encoding=\"utf-16\"?>", "utf-16")]
    [InlineData("text/xml", "<?xml version=\"1.0\" encoding=\"utf-16\"?>", "utf-16BE")]
    public async Task Extract_OfXml_IsOfTheEncodingThatItSays(string type, string declaration, string encoding)
    {
        var service = new FakeService(_ =>
        {
            var content = new ByteArrayContent(Encoding.GetEncoding(encoding).GetBytes(declaration + "<a><t>token-\u00E9</t></a>"));
            content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
            return new HttpResponseMessage { Content = content };
        });
        foreach (var extract in new[] { "xpath:/a/t", "regex:<t>(.*)</t>" })
        {
            var result = await SignInAsync($$"""{"request":{"url":"/"},"extract":{"t":"{{extract}}"} }""", service, Host);
            Assert.Equal("token-\u00E9", result.Value?.Values["t"].Reveal());
        }
    }

    [Theory]
    [InlineData("number(//n)", "1700000000000000")]
    [InlineData("number(//n) * 1000", "1700000000000000000")]
    [InlineData("-number(//n)", "-1700000000000000")]
    [InlineData("count(//*)", "2")]
    [InlineData("1 div 4", "0.25")]
    [InlineData("1 div 100000", "0.00001")]
    [InlineData("-0", "0")]
    [InlineData("boolean(//n)", "true")]
    [InlineData("number(//missing)", null)]
    [InlineData("1 div 0", null)]
    [InlineData("-1 div 0", null)]
    public async Task Extract_OfXPath_IsItsTextInXPath_WhereItHasAValue(string expression, string? expected)
    {
        var result = await SignInAsync($$"""{"request":{"url":"/"},"extract":{"t":"xpath:{{expression}}"} }""", FakeService.Always("<a><n>1700000000000000</n></a>"), Host);
        Assert.Equal(expected, result.Value?.Values["t"].Reveal());
        Assert.Equal(expected is null, result.Error?.Code == ErrorCodes.TokenRequestFailed);
    }

    [Theory]
    [InlineData("utf-16")]
    [InlineData("utf-16BE")]
    public async Task Extract_OfXmlWithADtd_Fails_InAnyEncoding(string encoding)
    {
        var bytes = Encoding.GetEncoding(encoding).GetBytes("<?xml version=\"1.0\"?><!DOCTYPE r [<!ENTITY e \"x\">]><r>&e;</r>");
        var service = new FakeService(_ => new HttpResponseMessage { Content = new ByteArrayContent(bytes) });
        Assert.Equal(ErrorCodes.TokenRequestFailed, (await SignInAsync("""{"request":{"url":"/"},"extract":{"t":"xpath:/r"}}""", service, Host)).Error?.Code);
    }

    [Theory]
    [InlineData("//s[@u=//me/@i]/k", "<s u='1'><k/></s>", "<me i='2'/>", 10_000)]
    [InlineData("//t[count(preceding::*)=259999]", "<t/>", "", 100_000)]
    [InlineData("//t[contains(translate(/, 'a', 'b'), 'c')]", "<t>aaaaaaaa</t>", "", 60_000)]
    public async Task Extract_ByAnExpressionThatTakesTheSquareOfTheAnswer_Fails_InBoundedTime(string expression, string first, string second, int count)
    {
        var xml = new StringBuilder("<r>").Insert(3, first, count).Insert(3, second, count).Append("</r>").ToString();
        var began = Stopwatch.StartNew();
        var result = await SignInAsync($$"""{"request":{"url":"/"},"extract":{"t":"xpath:{{expression}}"} }""", FakeService.Always(xml), Host);
        Assert.Equal(ErrorCodes.TokenRequestFailed, result.Error?.Code);
        Assert.InRange(began.Elapsed.TotalSeconds, 0, 20);
    }

    [Fact]
    public async Task Extract_ByXPath_FindsOneAmongAsManyElementsAsAnAnswerMayHold()
    {
        var xml = new StringBuilder("<r>").Insert(3, "<t a='1'/>", 90_000).Append("<t a='2'>the-token</t></r>").ToString();
        Assert.Equal("the-token", (await SignInAsync("""{"request":{"url":"/"},"extract":{"t":"xpath://t[@a = '2'][string-length(.) > 0]"} }""", FakeService.Always(xml), Host)).Value?.Values["t"].Reveal());
    }

    [Fact]
    public void Extract_RegexThatTakesTooLong_SaysSo()
    {
        using var message = new HttpResponseMessage { Content = new ByteArrayContent([]) };
        var answer = new SignInAnswer(message, Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("a!", 1000))), "The login", new Uri("https://service.example/"));
        Assert.Null(RegexExtraction.Parse("(b)|a", TimeSpan.FromTicks(1))!(answer));
        Assert.Equal("took longer than a second", LoginExtraction.Parse("t", "regex:(a)").Value?.Unfound);
    }

    [Theory]
    [InlineData("{\"t\":\"x\",\"error\":\"bad\"}", false)]
    [InlineData("{\"t\":\"x\",\"error\":0}", false)]
    [InlineData("{\"t\":\"x\",\"error\":[1]}", false)]
    [InlineData("{\"t\":\"x\",\"error\":{\"a\":1}}", false)]
    [InlineData("{\"t\":\"x\",\"error\":true}", false)]
    [InlineData("{\"t\":\"x\"}", true)]
    [InlineData("{\"t\":\"x\",\"error\":null}", true)]
    [InlineData("{\"t\":\"x\",\"error\":false}", true)]
    [InlineData("{\"t\":\"x\",\"error\":\"\"}", true)]
    [InlineData("{\"t\":\"x\",\"error\":[]}", true)]
    [InlineData("{\"t\":\"x\",\"error\":{}}", true)]
    [InlineData("<html>t</html>", false)]
    [InlineData("<html>t</html>", true, "regex:<html>(.)</html>")]
    [InlineData("<html>t</html>", false, "regex:<html>(.)</html>", "application/json; charset=utf-8")]
    [InlineData("<html>t</html>", false, "regex:<html>(.)</html>", "Application/Vnd.Api+JSON")]
    [InlineData("<html>t</html>", false, "regex:<html>(.)</html>", "text/json")]
    [InlineData("{\"t\":\"x\",\"error\":\"bad\"}", false, "$.t", "text/html")]
    [InlineData(" {\"error\":", false, "regex:(error)")]
    [InlineData("[broken", false, "body")]
    [InlineData("", true, "header:Content-Type")]
    public async Task FailWhen_FiresUnlessItFindsNothing(string answer, bool isOk, string extract = "$.t", string type = "text/plain")
    {
        var service = new FakeService(_ => new HttpResponseMessage { Content = new StringContent(answer, MediaTypeHeaderValue.Parse(type)) });
        Assert.Equal(isOk, (await SignInAsync($$"""{"request":{"url":"/"},"extract":{"t":"{{extract}}"},"failWhen":"$.error"}""", service, Host)).IsOk);
    }

    [Theory]
    [InlineData(HttpStatusCode.Unauthorized, "{\"error\":\"invalid_grant\",\"x\":\"hunter2\"}", "invalid_grant")]
    [InlineData(HttpStatusCode.BadRequest, "{\"error\":\"hunter2\"}", null)]
    [InlineData(HttpStatusCode.InternalServerError, "hunter2", null)]
    [InlineData(HttpStatusCode.Found, "{\"t\":\"hunter2\"}", null)]
    public async Task Answer_NoSuccess_IsToldByStatusAndRegisteredErrorAlone(HttpStatusCode status, string body, string? error)
    {
        var result = await SignInAsync("""{"request":{"url":"/"},"extract":{"t":"$.t"}}""", FakeService.Always(body, status), Host);
        Assert.Equal(ErrorCodes.TokenRequestFailed, result.Error?.Code);
        Assert.Contains(((int)status).ToString(System.Globalization.CultureInfo.InvariantCulture), result.Error!.Detail, StringComparison.Ordinal);
        Assert.Contains("h.example", result.Error.Detail, StringComparison.Ordinal);
        Assert.Contains(error ?? "", result.Error.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", result.Error.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1024 * 1024, true)]
    [InlineData((1024 * 1024) + 1, false)]
    public async Task Answer_OverOneMebibyte_Fails(int length, bool isOk) => Assert.Equal(
        isOk, (await SignInAsync("""{"request":{"url":"/"},"extract":{"t":"body"}}""", FakeService.Always(new string('x', length)), Host)).IsOk);

    [Fact]
    public async Task Fault_IsToldWithoutItsMessage()
    {
        var failed = await SignInAsync("""{"request":{"url":"/"},"extract":{"t":"body"}}""", new FakeService(_ => throw new HttpRequestException("hunter2")), Host);
        Assert.Equal(ErrorCodes.TokenRequestFailed, failed.Error?.Code);
        Assert.DoesNotContain("hunter2", failed.Error!.Detail, StringComparison.Ordinal);
        var denied = await SignInAsync("""{"request":{"url":"/"},"extract":{"t":"body"}}""", new FakeService(_ => throw new EgressDeniedException("hunter2")), Host);
        Assert.Equal(ErrorCodes.EgressDenied, denied.Error?.Code);
        Assert.DoesNotContain("hunter2", denied.Error!.Detail, StringComparison.Ordinal);
        var late = await SignInAsync("""{"request":{"url":"/"},"extract":{"t":"body"}}""", new FakeService(_ => throw new TaskCanceledException("hunter2")), Host);
        Assert.Equal(ErrorCodes.TokenRequestFailed, late.Error?.Code);
    }

    [Fact]
    public async Task Chain_LaterStepsUseWhatEarlierOnesGave_AndTheFailingOneIsNamed()
    {
        const string steps = """
            {"request":{"url":"/start","method":"GET"},"extract":{"nonce":"header:X-Token"}},
            {"request":{"url":"/next","json":{"n":"{!$Token.NONCE}"}},"extract":{"t":"$.a","deep":"$..deep"}}
            """;
        var service = Rich();
        var result = await SignInAsync(steps, service, Host);
        Assert.Equal("{\"n\":\"from-header\"}", service.Requests[1].Body);
        Assert.Null(service.Requests[0].Body);
        Assert.Equal(["deep", "nonce", "t"], result.Value!.Values.Keys.Order());

        var failing = await SignInAsync(steps, new FakeService(request => request.Url.EndsWith("next", StringComparison.Ordinal)
            ? Authenticating.Answer("no", HttpStatusCode.Forbidden)
            : Rich().Answer(request)), Host);
        Assert.Contains("2", failing.Error!.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chain_LaterStepExtractsANameAgain_TheLaterOneCounts_AndTheEarlierStaysKnown()
    {
        // Only what is kept has a say in how long it lasts.
        static string Jwt(int exp) => $"eyJhbGciOiJub25lIn0.{System.Buffers.Text.Base64Url.EncodeToString(Encoding.UTF8.GetBytes($$"""{"exp":{{exp}}}"""))}.c2ln";
        var (soon, late) = (Jwt(1795492860), Jwt(1795496400));
        var service = new FakeService(request => Authenticating.Answer(request.Url.EndsWith("/1", StringComparison.Ordinal) ? $$"""{"t":"{{soon}}"}""" : $$"""{"t":"{{late}}"}"""));
        var result = await SignInAsync(
            """
            {"request":{"url":"/1"},"extract":{"csrf":"$.t"}},
            {"request":{"url":"/2","form":{"c":"{!$Token.csrf}"}},"extract":{"CSRF":"$.t"}},
            {"request":{"url":"/3","form":{"c":"{!$Token.csrf}"}},"extract":{"csrf":"$.t"}}
            """,
            service, Host);
        Assert.True(result.IsOk, result.Error?.Detail);
        Assert.Equal(["c=" + soon, "c=" + late], service.Requests.Skip(1).Select(request => request.Body));
        Assert.Equal(late, result.Value.Values["csrf"].Reveal());
        Assert.Equal(new[] { soon, late }.Order(), result.Value.Values.Values.Select(value => value.Reveal()).Order());
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(1795496400), result.Value.ExpiresAt);
    }

    private static FakeService Rich() => new(_ =>
    {
        var answer = Authenticating.Answer(
            """{"a":"text","n":12.50,"yes":true,"list":["one","two"],"object":{"deep":"found"},"null":null,"empty":""}""", HttpStatusCode.Created);
        answer.Headers.Add("X-Token", "from-header");
        answer.Headers.Add("X-Two", ["from-1", "from-2"]);
        answer.Headers.Add("X-Same", ["from-1", "from-1"]);
        answer.Headers.Add("Set-Cookie", ["A=1; Path=/", "SID=from-cookie; HttpOnly", "Two=from-1", "Two=from-2; Path=/", "Same=from-1", "Same=from-1; Path=/"]);
        answer.Headers.Add("Set-Cookie", ["Gone=from-1", "Gone=; Max-Age=0", "Anew=deleted; expires=Thu, 01-Jan-1970 00:00:01 GMT; Max-Age=0; path=/", "Anew=from-0; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "Anew=from-cookie; Max-Age=60; Expires=Wed, 09 Jun 2100 10:18:14 GMT"]);
        return answer;
    });

    private Core.Authentication.Credentials.BoundCredential Login(string steps) => _parts.Bind($$"""{"protocol":"login","steps":[{{steps}}]}""", "h.example", "b\u00FCcher.example", "b\u00FCcher.example:8443");

    private async Task<Result<TokenSet>> SignInAsync(string steps, FakeService service, string url, params (string, string)[] parameters)
    {
        var credential = Login(steps);
        return await credential.Authentication.Tokens!.AcquireAsync(_parts.Acquisition(credential, service, url, parameters), CancellationToken.None);
    }

    private async Task<FakeRequest> SentAsync(string request, string url = Host)
    {
        var service = FakeService.Always("t");
        var result = await SignInAsync($$"""{"request":{{request}},"extract":{"t":"body"} }""", service, url, Ada);
        Assert.True(result.IsOk, result.Error?.Detail);
        return Assert.Single(service.Requests);
    }

    private sealed class ByteCapture(HttpMessageHandler inner, Action<byte[]> sent) : DelegatingHandler(inner)
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            sent(await request.Content!.ReadAsByteArrayAsync(cancellationToken));
            return await base.SendAsync(request, cancellationToken);
        }
    }
}
