using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using Microsoft.AspNetCore.WebUtilities;
using Vault.Api.Tests.Callouts;
using Xunit;

namespace Vault.Api.Tests.Attacks;

/// <summary>D10: whatever a secret is made of, what upstream decodes is that secret, and nothing around it changes.</summary>
public sealed class NaughtyValueTests(CalloutFixture fixture) : IClassFixture<CalloutFixture>
{
    private static readonly string[] Values =
    [
        "\"", "\\", "\\\"", "'", "''\"\"`", "</script><script>alert(1)</script>", "\",\"admin\":true,\"x\":\"", "&admin=true", "a=b&c=d;e", "%00%0d%0a%7b", "%%%25",
        "+ + +", "</a><b/>", "]]>", "<!--", "--><!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>", "&amp;&lt;&#123;&e;", "{!$Credential.P1}", "<!$Credential.P1>", "{!", "}",
        "${7*7}{{7*7}}#{7*7}<%= 7*7 %>", "$(id)`id`;id|id", "'; DROP TABLE secrets; --", "../../../../etc/passwd", "\\u0041\\n\\x41\\0", "\t tab and space \t",
        "line\nfeed", "carriage\rreturn\r\n", "\u0001\u0008\u000b\u001f\u007f", "\u0000nul\u0000", "é ü ß € 日本語 кириллица", "😀👩‍👩‍👧‍👦🏳️‍🌈", "\u202ertl\u202c \u200b\u200d\ufeff", "\u2028\u2029\u0085\u00a0",
        "e\u0301\u0302\u0303Z\u0351\u036b\u0343", "ﷺ ﬁ Ⅻ ①", "İıſK", "\ufffd\uffff\ufdd0", "NaN", "null", "true", "undefined", "0x41", "1e309", "-0", " ", new string('"', 5000), string.Concat(Enumerable.Repeat("😀", 5000)),
    ];

    [Fact]
    public async Task Value_ThroughEveryEscaper_IsWhatUpstreamDecodes()
    {
        var parameters = Values.Select((value, i) => ($"P{i}", value)).ToArray();
        var callout = await fixture.CreateAsync(AttackBench.Custom(parameters), "\"allowMergeFieldsInBody\": true, \"allowMergeFieldsInHeader\": true");

        // JSON, also by the functions that say so themselves, and in ASCII.
        foreach (var (field, contentType) in new[] { ("$Credential.{0}", "application/json"), ("JSONENCODE($Credential.{0})", "text/json"), ("$Credential.{0} & ''", "application/x+json"), ("$Credential.{0}", "application/json; charset=us-ascii") })
        {
            var json = "{" + string.Join(',', parameters.Select(p => $"\"{p.Item1}\":\"{{!{field.Replace("{0}", p.Item1, StringComparison.Ordinal)}}}\"")) + "}";
            var seen = JsonNode.Parse((await callout.SendAndRecordAsync(HttpMethod.Post, "/x", json, contentType)).Text)!.AsObject();
            Assert.Equal(Values.Length, seen.Count);
            Assert.All(parameters, p => Assert.Equal(p.value, (string?)seen[p.Item1]));
        }

        // A form, names and values.
        var form = string.Join('&', parameters.Select(p => $"{p.Item1}={{!$Credential.{p.Item1}}}")) + "&{!$Credential.P7}=name";
        var pairs = QueryHelpers.ParseQuery((await callout.SendAndRecordAsync(HttpMethod.Post, "/x", form, "application/x-www-form-urlencoded")).Text);
        Assert.Equal(Values.Length + 1, pairs.Count);
        Assert.All(parameters, p => Assert.Equal(p.value, (string?)pairs[p.Item1]));
        Assert.Equal("name", pairs["&admin=true"]);

        // HTML text and attributes.
        var html = string.Join("\u0003", parameters.Select(p => $"{{!$Credential.{p.Item1}}}"));
        var texts = (await callout.SendAndRecordAsync(HttpMethod.Post, "/x", html, "text/html")).Text.Split('\u0003');
        Assert.Equal(Values, texts.Select(WebUtility.HtmlDecode));
        Assert.All(texts, text => Assert.Equal(-1, text.AsSpan().IndexOfAny("<>\"'")));

        // XML: what it can hold at all, and its parser keeps.
        var legal = parameters.Where(p => p.value.All(c => c is '\t' or '\n' or (>= ' ' and not ('\uffff' or '\ufffe')))).ToArray();
        var xml = "<r>" + string.Concat(legal.Select(p => $"<{p.Item1} a=\"{{!$Credential.{p.Item1}}}\">{{!$Credential.{p.Item1}}}</{p.Item1}>")) + "</r>";
        var document = XDocument.Parse((await callout.SendAndRecordAsync(HttpMethod.Post, "/x", xml, "application/xml")).Text, LoadOptions.PreserveWhitespace);
        Assert.Equal(legal.Length, document.Root!.Elements().Count());
        Assert.All(legal, p => Assert.Equal(p.value, document.Root!.Element(p.Item1)!.Value));
        Assert.All(legal.Where(p => p.value.AsSpan().IndexOfAny("\t\n") < 0), p => Assert.Equal(p.value, document.Root!.Element(p.Item1)!.Attribute("a")!.Value));

        // As it is, and the encoders that a caller asks for.
        foreach (var (function, decode) in new (string, Func<string, string>)[]
        {
            ("RAW", text => text),
            ("BASE64ENCODE", text => Encoding.UTF8.GetString(Convert.FromBase64String(text))),
            ("BASE64URLENCODE", text => Encoding.UTF8.GetString(WebEncoders.Base64UrlDecode(text))),
            ("URLENCODE", Uri.UnescapeDataString),
            ("HTMLENCODE", WebUtility.HtmlDecode),
            ("XMLENCODE", WebUtility.HtmlDecode),
            ("JSONENCODE", text => (string?)JsonNode.Parse("\"" + text + "\"") ?? ""),
            ("JSENCODE", text => (string?)JsonNode.Parse("\"" + text.Replace("\\'", "'", StringComparison.Ordinal) + "\"") ?? ""),
        })
        {
            const string Between = "\u0004|\u0004";
            var body = string.Join(Between, parameters.Select(p => $"{{!{function}($Credential.{p.Item1})}}"));
            var seen = (await callout.SendAndRecordAsync(HttpMethod.Post, "/x", body, "text/plain")).Text.Split(Between);
            Assert.True(Values.SequenceEqual(seen.Select(decode)), function);
        }
    }

    [Fact]
    public async Task Value_InAHeader_IsThatValue_OrRefused()
    {
        var parameters = Values.Select((value, i) => ($"P{i}", value)).ToArray();
        var callout = await fixture.CreateAsync(AttackBench.Custom(parameters), "\"allowMergeFieldsInHeader\": true");
        foreach (var (name, value) in parameters)
        {
            var legal = value.All(c => c == '\t' || !char.IsControl(c) || c is >= '\u0080' and <= '\u009f') && value[0] is not (' ' or '\t') && value[^1] is not (' ' or '\t') && value.Length < 1000;
            if (legal && value.All(c => c is < '\u0080'))
            {
                Assert.Equal(value, (await callout.SendAndRecordAsync(HttpMethod.Get, "/x", headers: ("X-Try", $"{{!$Credential.{name}}}"))).Header("X-Try"));
            }
            else if (value.Length < 1000 && value.Any(c => c is '\r' or '\n' or '\0'))
            {
                await callout.SendRefusedAsync("secret-not-a-header-value", HttpStatusCode.UnprocessableEntity, HttpMethod.Get, "/x", headers: ("X-Try", $"{{!$Credential.{name}}}"));
            }
        }
    }
}
