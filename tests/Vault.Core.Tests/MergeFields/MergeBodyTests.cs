using System.Buffers;
using System.Net.Http.Headers;
using System.Text;
using CsCheck;
using Vault.Core.MergeFields;
using Xunit;

namespace Vault.Core.Tests.MergeFields;

public sealed class MergeBodyTests
{
    private const string Json = "application/json";
    private const string Xml = "application/xml";
    private const string Html = "text/html";
    private const string Form = "application/x-www-form-urlencoded";
    private const string Plain = "text/plain";

    // What each kind's escaping makes of the password of the fake scope.
    private const string JsonPassword = "p\\\"w\\\\<&'>é %+";
    private const string HtmlPassword = "p&quot;w\\&lt;&amp;&#39;&gt;é %+";
    private const string XmlPassword = "p&quot;w\\&lt;&amp;&apos;&gt;é %+";
    private const string UrlPassword = "p%22w%5C%3C%26%27%3E%C3%A9%20%25%2B";
    private const string RawPassword = "p\"w\\<&'>é %+";

    [Theory]
    [InlineData(Json, "$Credential.Password", JsonPassword)]
    [InlineData(Json, "JSONENCODE($Credential.Password)", JsonPassword)]
    [InlineData(Json, "JSENCODE($Credential.Password)", JsonPassword)]
    [InlineData(Json, "RAW($Credential.Password)", RawPassword)]
    [InlineData(Json, "HTMLENCODE($Credential.Password)", "p&quot;w\\\\&lt;&amp;&#39;&gt;é %+")]
    [InlineData(Json, "URLENCODE($Credential.Password)", UrlPassword)]
    [InlineData(Json, "$User.Id & JSONENCODE($Credential.Password)", "u1p\\\\\\\"w\\\\\\\\<&'>é %+")]
    [InlineData(Json, "$User.Id & RAW($Credential.Password)", "u1" + JsonPassword)]
    [InlineData(Xml, "$Credential.Password", XmlPassword)]
    [InlineData(Xml, "XMLENCODE($Credential.Password)", XmlPassword)]
    [InlineData(Xml, "HTMLENCODE($Credential.Password)", HtmlPassword)]
    [InlineData(Xml, "RAW($Credential.Password)", RawPassword)]
    [InlineData(Html, "$Credential.Password", HtmlPassword)]
    [InlineData(Html, "HTMLENCODE($Credential.Password)", HtmlPassword)]
    [InlineData(Html, "XMLENCODE($Credential.Password)", XmlPassword)]
    [InlineData(Html, "JSENCODE('<\\'')", "\\u003C\\&#39;")]
    [InlineData(Html, "$User.Id &amp; $User.Id", "u1u1")]
    [InlineData(Form, "$Credential.Password", UrlPassword)]
    [InlineData(Form, "URLENCODE($Credential.Password)", UrlPassword)]
    [InlineData(Form, "HTMLENCODE('<')", "%26lt%3B")]
    [InlineData(Form, "RAW('a b')", "a b")]
    [InlineData(Plain, "$Credential.Password", RawPassword)]
    [InlineData("multipart/form-data; boundary=x", "$Credential.Password", RawPassword)]
    [InlineData(null, "$Credential.Password", RawPassword)]
    [InlineData("not a type; charset=", "$Credential.Password", RawPassword)]
    public void Resolve_Value_IsEscapedByWhereItLands(string? contentType, string expression, string expected) =>
        Assert.Equal("a=" + expected + "z", MergeBodyRun.Whole("a={!" + expression + "}z", contentType));

    [Theory]
    [InlineData("{\"u\":\"{!$User.Id \\u0026 \\\"-\\\" \\u0026 \\u0027\\ud83d\\ude00é\\\\\\\\\\u0027}\"}", "{\"u\":\"u1-\ud83d\ude00é\\\\\"}")]
    [InlineData("{\"u\":\"{!\\u0024User.Id}\"}", "{\"u\":\"u1\"}")]
    [InlineData("{\"u\":\"\\u007b!$User.Id}\"}", "{\"u\":\"\\u007b!$User.Id}\"}")]
    [InlineData("{\"u\":\"{\\u0021$User.Id}\"}", "{\"u\":\"{\\u0021$User.Id}\"}")]
    [InlineData("\"{!\\n$User.Id\\n}\"", "\"u1\"")]
    [InlineData("\"{!\\{!$User.Id}\"", "\"{!\\u1\"")]
    [InlineData("\"{!\\q\"", "\"{!\\q\"")]
    [InlineData("{\"a\":{!$User.Id}}", "{\"a\":u1}")]
    public void Resolve_Json_UnescapesTheFieldAlone(string body, string expected) =>
        Assert.Equal(expected, MergeBodyRun.Whole(body, Json));

    [Theory]
    [InlineData("a=%7B%21%24User.Id%7d&b=%7B%zz+%2", "a=u1&b=%7B%zz+%2")]
    [InlineData("%7b!+$User.Id+%26+'%3d%26'}=x", "u1%3D%26=x")]
    [InlineData("a={!$User.Id & 'x'}", "merge-field-invalid: The merge field at line 1, column 3 is not valid: $User.Id… isn't closed with } before the end of the form's name or value.")]
    [InlineData("a{!$User.Id=1}", "merge-field-invalid: The merge field at line 1, column 2 is not valid: $User.Id… isn't closed with } before the end of the form's name or value.")]
    [InlineData("a=b={!RAW('=')}", "a=b==")]
    [InlineData("a=%7B%21%7B%21$User.Id%7D", "a=%7B%21u1")]
    [InlineData("a=%7B%%7B%21$User.Id%7D", "a=%7B%u1")]
    [InlineData("%3C%21$User.Id%3E=%3Cb%3E", "u1=%3Cb%3E")]
    public void Resolve_Form_DecodesForTheSearchAlone(string body, string expected) =>
        Assert.Equal(expected, MergeBodyRun.Whole(body, Form));

    [Theory]
    [InlineData("application/json; charset=US-ASCII", "\"{!$Credential.Euro}\"", "\"\\u20AC\\uD83D\\uDE00\"")]
    [InlineData("text/xml; charset=\"ascii\"", "<a>{!$Credential.Euro}</a>", "<a>&#8364;&#128512;</a>")]
    [InlineData("text/html; Charset=Latin1", "{!$Credential.Euro}é{!RAW('é')}", "&#8364;&#128512;éé")]
    [InlineData("application/x-www-form-urlencoded; charset=iso-8859-1", "a={!$Credential.Latin}", "a=%E9%20")]
    public void Resolve_OtherCharset_GoesOutInIt(string contentType, string body, string expected)
    {
        var scope = new FakeMergeScope().With("$Credential.Latin", "é ");
        var (output, error) = MergeBodyRun.Whole(Encoding.Latin1.GetBytes(body), contentType, scope);

        Assert.Null(error);
        Assert.Equal(expected, Encoding.Latin1.GetString(output));
    }

    [Theory]
    [InlineData("application/xml", "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>", true)]
    [InlineData("text/xml", "<?xml version='1.0'\r\n encoding = 'latin1' standalone='yes' ?>", true)]
    [InlineData("application/soap+xml; action=\"x\"", "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>\n", true)]
    [InlineData("application/xml", "<?xml version=\"1.0\" encoding=\"utf-8\"?>", false)]
    [InlineData("application/xml; charset=utf-8", "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>", false)]
    [InlineData("application/xml", "\uFEFF<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>", false)]
    [InlineData("application/xml", " <?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>", false)]
    [InlineData("application/xml", "<?xml-stylesheet encoding=\"ISO-8859-1\"?>", false)]
    [InlineData("application/xml", "<?xml version=\"1.0 encoding='ISO-8859-1'\"?>", false)]
    [InlineData("application/xml", "<?xml version=\"1.0\"?><a encoding=\"ISO-8859-1\"/>", false)]
    [InlineData("application/xml", "<?xml encoding=\"ISO-8859-1?>", false)]
    [InlineData("application/xml", "<?xml encoding=", false)]
    [InlineData("application/xml", "<?xml encoding?>", false)]
    [InlineData("application/xml", "<?xml?>", false)]
    [InlineData("text/html", "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>", false)]
    public void Resolve_XmlThatNamesItsEncoding_GoesOutInIt(string contentType, string prolog, bool isLatin1)
    {
        var scope = new FakeMergeScope().With("$Credential.Latin", "\u00E9");
        byte[] body = [.. Encoding.UTF8.GetBytes(prolog), .. "<a>{!$Credential.Latin}"u8];
        var output = new ArrayBufferWriter<byte>();

        Assert.Null(MergeBody.Parse(body, MergeBodyFormat.Parse(contentType, null, body).Value!).Value!.Resolve(scope, output));
        Assert.Equal([.. Encoding.UTF8.GetBytes(prolog), .. "<a>"u8, .. isLatin1 ? [0xE9] : "\u00E9"u8], output.WrittenSpan.ToArray());
    }

    [Theory]
    [InlineData("windows-1252")]
    [InlineData("{!$User.Id}")]
    public void Format_XmlThatNamesAnotherEncoding_IsRefused(string encoding) => Assert.Equal(
        "merge-unsupported-content",
        MergeBodyFormat.Parse("text/xml", null, Encoding.UTF8.GetBytes($"<?xml version=\"1.0\" encoding=\"{encoding}\"?><a/>")).Error?.Code);

    [Theory]
    [InlineData("text/plain; charset=iso-8859-1")]
    [InlineData("application/x-www-form-urlencoded; charset=us-ascii")]
    public void Resolve_CharacterThatTheCharsetLacks_IsAnErrorWithoutIt(string contentType)
    {
        var (_, error) = MergeBodyRun.Whole("a={!$Credential.Euro}"u8.ToArray(), contentType, new FakeMergeScope());

        Assert.Equal("The merge field at line 1, column 3 is not valid: the value of $Credential.Euro has a character that the body's charset lacks.", error!.Detail);
    }

    [Theory]
    [InlineData("application/json; charset=utf-16", null)]
    [InlineData("text/plain; charset=windows-1252", null)]
    [InlineData("application/json", "gzip")]
    [InlineData(null, "identity, br")]
    [InlineData("text/plain; charset=utf-16;", null)]
    [InlineData("text/plain;; ;charset = \"utf\\-16", null)]
    [InlineData("application/json; profile=http://x/y; charset=utf-16", null)]
    [InlineData("application/json; charset=utf-8; charset=us-ascii", null)]
    [InlineData("application/json, application/json", null)]
    [InlineData("text/plain, application/json", null)]
    [InlineData("application/json; x=\"; charset=utf-16\"", null)]
    [InlineData("application/json; \u00A0charset=utf-16", null)]
    [InlineData("application/json; charset=; charset=us-ascii", null)]
    [InlineData("application/json;x=\"a; charset=utf-16", null)]
    [InlineData("application/json; charset*=utf-8''utf-16", null)]
    public void Format_UnsupportedContent_IsRefused(string? contentType, string? contentEncoding) =>
        Assert.Equal("merge-unsupported-content", MergeBodyFormat.Parse(contentType, contentEncoding).Error?.Code);

    [Theory]
    [InlineData("Application/JSON; charset=\"UTF-8\"", MergeEscaping.Json)]
    [InlineData("text/json", MergeEscaping.Json)]
    [InlineData("application/problem+json;charset=utf8", MergeEscaping.Json)]
    [InlineData("text/xml", MergeEscaping.Xml)]
    [InlineData("application/soap+xml; action=\"x\"", MergeEscaping.Xml)]
    [InlineData("text/html", MergeEscaping.Html)]
    [InlineData("application/x-www-form-urlencoded", MergeEscaping.Form)]
    [InlineData("application/javascript", MergeEscaping.None)]
    [InlineData("", MergeEscaping.None)]
    [InlineData("application/json;", MergeEscaping.Json)]
    [InlineData("application/json;;charset=utf-8", MergeEscaping.Json)]
    [InlineData("application/json ; charset=", MergeEscaping.Json)]
    [InlineData("application/json; profile=http://x/y", MergeEscaping.Json)]
    [InlineData("application/vnd.charset+json; boundary=\"--charset-42\"", MergeEscaping.Json)]
    [InlineData("application/json; profile=\"a;b\\\";c\"", MergeEscaping.Json)]
    [InlineData("text/html;", MergeEscaping.Html)]
    [InlineData("text/xml; charset=utf-8;", MergeEscaping.Xml)]
    [InlineData("application/x-www-form-urlencoded;boundary=a/b", MergeEscaping.Form)]
    public void Format_ContentType_GivesTheKind(string contentType, MergeEscaping expected) =>
        Assert.Equal(expected, MergeBodyFormat.Parse(contentType, " Identity ").Value!.Escaping);

    [Fact]
    public void Format_AnyContentType_IsReadAsAStrictReaderWould_OrRefused() =>
        Gen.OneOf("application/json", "text/xml", "text/html", "text/plain", "charset", "=", ";", ",", "\"", "\\", " ", "\t", "utf-8", "utf-16", "us-ascii", "a/b", "*", "boundary", "x")
            .Array[0, 14].Select(string.Concat).Sample(
                contentType =>
                {
                    var format = MergeBodyFormat.Parse(contentType, null);
                    if (!MediaTypeHeaderValue.TryParse(contentType, out var strict))
                    {
                        return;
                    }

                    // What names a charset that can't be filled in is never taken for one that can.
                    if (strict.CharSet is { Length: > 0 } charset && charset.Contains("16", StringComparison.Ordinal))
                    {
                        Assert.Equal("merge-unsupported-content", format.Error?.Code);
                    }
                    else if (format.IsOk)
                    {
                        Assert.Equal(MergeBodyFormat.Parse(strict.MediaType, null).Value!.Escaping, format.Value.Escaping);
                    }
                },
                iter: 20_000);

    [Fact]
    public void Resolve_WhatIsNoField_PassesByteForByte()
    {
        byte[] body = [0xEF, 0xBB, 0xBF, 0xFF, (byte)'{', (byte)'!', 0x80, .. "{!$User.Id}"u8, 0xC3];
        var (output, error) = MergeBodyRun.Whole(body, Json, new FakeMergeScope());

        Assert.Null(error);
        Assert.Equal([0xEF, 0xBB, 0xBF, 0xFF, (byte)'{', (byte)'!', 0x80, .. "u1"u8, 0xC3], output);
    }

    [Fact]
    public void Parse_BytesThatAreNoText_AreAnErrorInAField()
    {
        byte[] body = [.. "{!RAW('"u8, 0xFF, .. "')}"u8];

        Assert.Contains("not text", MergeBodyRun.Whole(body, Plain, new FakeMergeScope()).Error!.Detail, StringComparison.Ordinal);
        Assert.Contains("not text", MergeBodyRun.Whole("\"{!RAW('\\ud800')}\"", Json), StringComparison.Ordinal);
    }

    [Fact]
    public void Resolve_SoapEnvelope_LeavesMarkupAlone()
    {
        const string Before = "<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY b \"c\">]><!-- d --><e><![CDATA[{!f}]]>";

        Assert.Equal(Before + "service-user</e>", MergeBodyRun.Whole(Before + "<!$Credential.Username></e>", "application/soap+xml"));
    }

    [Fact]
    public void Resolve_ResolvedValue_IsNotSearchedAgain() =>
        Assert.Equal("{!$Credential.Password}<!$Credential.Password>!", MergeBodyRun.Whole("{!$Credential.Tricky}!", Plain));

    [Fact]
    public async Task Body_References_AreCheckedAndPreparedInOrder()
    {
        var scope = new FakeMergeScope();
        var body = MergeBody.Parse("{!$User.Id}{!HEX($Credential.Key)}"u8.ToArray(), MergeBodyRun.Format(Plain)).Value!;

        Assert.True(body.HasFields);
        Assert.Null(body.Check(scope));
        Assert.Null(await body.PrepareAsync(scope, default));
        Assert.Equal(body.References, scope.Checked);
        Assert.Equal(["$User.Id", "$Credential.Key"], scope.Prepared.Select(reference => reference.ToString()));
    }
}
