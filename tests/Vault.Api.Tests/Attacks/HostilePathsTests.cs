using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Attacks;

/// <summary>Paths and queries that try to leave the named credential's url; what goes out is compared byte for byte.</summary>
public sealed class HostilePathsTests(WireFixture fixture) : IClassFixture<WireFixture>
{
    private static readonly string[] Pieces =
    [
        "/", "/", "a", "b", ".", "..", "%2e", "%2E", "%252e", "%25252e", "%", "%25", "2e", "%2f", "%252f", "%5c", "\\", ";", "%3b", "x=1", "%00", "%0d%0a", "%7f", "%c0%ae", "%ef%bc%8e", "%e2%80%a4",
        "%e3%80%82", "%ff", "%zz", "%u002e", "~", ":", "@", "&", "=", "+", ",", "'", "(", "*", "!", "$", "|", "\"", "<", "^", "`", "{", "http://evil.example", "//", "?", "q=1", "%23", "%3f",
    ];

    [Theory]
    [InlineData("/../admin")]
    [InlineData("/%2e%2e/admin")]
    [InlineData("/%2E./admin")]
    [InlineData("/.%2e/admin")]
    [InlineData("/..%2fadmin")]
    [InlineData("/%2e%2e%2fadmin")]
    [InlineData("/..%5cadmin")]
    [InlineData("/..\\admin")]
    [InlineData("/a\\b")]
    [InlineData("/%252e%252e/admin")]
    [InlineData("/%25252e%25252e/admin")]
    [InlineData("/%252e%252e%252fadmin")]
    [InlineData("/..%252fadmin")]
    [InlineData("/a/..")]
    [InlineData("/a/.")]
    [InlineData("/a/../b")]
    [InlineData("/a/./b")]
    [InlineData("/a;/../b")]
    [InlineData("/a/..;/b")]
    [InlineData("/a/..;x=1/b")]
    [InlineData("/a/.;/b")]
    [InlineData("/a/%2e%2e%3bx/b")]
    [InlineData("/a/..%3b/b")]
    [InlineData("/%00")]
    [InlineData("/a%00/../b")]
    [InlineData("/%0d%0aX-Evil:%201")]
    [InlineData("/%0a")]
    [InlineData("/%09")]
    [InlineData("/%7f")]
    [InlineData("/%250d%250a")]
    [InlineData("/%ff")]
    [InlineData("/%c0%af")]
    [InlineData("/%c0%ae%c0%ae/admin")]
    [InlineData("/%e0%80%ae%e0%80%ae/")]
    [InlineData("/%f0%80%80%ae/")]
    [InlineData("/%ed%a0%80")]
    [InlineData("/%")]
    [InlineData("/%2")]
    [InlineData("/%zz")]
    [InlineData("/%u002e%u002e/")]
    [InlineData("/a\tb")]
    [InlineData("/a\rb")]
    [InlineData("/a\u0001b")]
    [InlineData("/a\u007fb")]
    [InlineData("/a?x=\rb")]
    [InlineData("/a?x=\u0001")]
    [InlineData("/a?x=\tb")]
    [InlineData("/a#b")]
    [InlineData("?#")]
    public async Task Path_ThatLeavesTheUrl_OrCantStandThere_IsRefused(string path)
    {
        var (answer, sent) = await fixture.ExchangeAsync($"GET /callout/Below{path} HTTP/1.1\r\n{{host}}\r\nConnection: close\r\n\r\n");
        Assert.Null(sent);
        if (path.Contains("%00", StringComparison.Ordinal))
        {
            // Kestrel's own: it decodes the path to route by it.
            Assert.True(answer.Statuses is [400], answer.Text);
            return;
        }

        Assert.True(answer.Statuses is [403], answer.Text);
        Assert.Contains("X-Vault-Error: request-not-allowed", answer.Text, StringComparison.Ordinal);
        Assert.Contains("X-Vault-Request-Id: ", answer.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("//evil.example/x")]
    [InlineData("///x")]
    [InlineData("/http://evil.example/")]
    [InlineData("/https:evil")]
    [InlineData("/javascript:1")]
    [InlineData("/@evil.example/")]
    [InlineData("/:80/")]
    [InlineData("/repos/a%2Fb")]
    [InlineData("/repos/a%2fb/%C3%A9%c3%a9")]
    [InlineData("/...")]
    [InlineData("/..a/b..")]
    [InlineData("/.well-known/x")]
    [InlineData("/a;v=1;w/b")]
    [InlineData("/%ef%bc%8e%ef%bc%8e%ef%bc%8f")]
    [InlineData("/%e2%80%a4%e2%80%a4/")]
    [InlineData("/%e3%80%82")]
    [InlineData("/100%25")]
    [InlineData("/%2525")]
    [InlineData("/a%20b")]
    [InlineData("/x?")]
    [InlineData("/x??a?b")]
    [InlineData("/x?a=%0d%0a&b=%00&c=%ff&d=%zz")]
    [InlineData("/x?../../admin")]
    [InlineData("/x?q=\"<>\\^`{|}[]'!*()$,;:@/?~")]
    [InlineData("/x?_method=DELETE")]
    [InlineData("/x?&&a&=b&")]
    [InlineData("/\"<>^`{|}[]")]
    public async Task Path_ThatStays_GoesOut_ByteForByte(string path)
    {
        var (answer, sent) = await fixture.ExchangeAsync($"GET /callout/Below{path} HTTP/1.1\r\n{{host}}\r\nConnection: close\r\n\r\n");
        Assert.True(answer.Statuses is [200], answer.Text);
        Assert.Equal("/api/v1" + path, TargetOf(sent!));
    }

    [Fact]
    public async Task Path_OfManyThousandBytes_IsJudgedAtOnce()
    {
        foreach (var piece in new[] { "a/", "%61", "%2525", ";;", "..a/" })
        {
            var path = "/" + string.Concat(Enumerable.Repeat(piece, 15_000 / piece.Length));
            var (answer, sent) = await fixture.ExchangeAsync($"GET /callout/Below{path} HTTP/1.1\r\n{{host}}\r\nConnection: close\r\n\r\n");
            Assert.True(answer.Statuses is [200], answer.Text);
            Assert.Equal("/api/v1" + path, TargetOf(sent!));
        }

        var (long_, none) = await fixture.ExchangeAsync($"GET /callout/Below/{new string('a', 70_000)} HTTP/1.1\r\n{{host}}\r\nConnection: close\r\n\r\n");
        Assert.True(long_.Statuses is [414] or [], long_.Text);
        Assert.Null(none);
    }

    [Fact]
    public void Targets_MadeAtRandom_AreConfined_AndGoOutAsTheyCame() =>
        Gen.Int[0, Pieces.Length - 1].Array[1, 8].Select(indexes => string.Concat(indexes.Select(index => Pieces[index]))).Sample(
            path =>
            {
                var (answer, sent) = fixture.ExchangeAsync($"GET /callout/Below/{path} HTTP/1.1\r\n{{host}}\r\nConnection: close\r\n\r\n").GetAwaiter().GetResult();
                if (sent is null)
                {
                    return answer.Statuses is [403] || (answer.Statuses is [400] && path.Contains("%00", StringComparison.Ordinal));
                }

                return answer.Statuses is [200] && TargetOf(sent) == "/api/v1/" + path && !Leaves("/" + path.Split('?')[0]);
            },
            iter: 300, threads: 1);

    [Fact]
    public async Task NaughtyStrings_InPathQueryAndHeaders_ArriveAsTheyAre_OrAreRefused()
    {
        foreach (var text in NaughtyStrings.All)
        {
            var escaped = Uri.EscapeDataString(text);
            var (answer, sent) = await fixture.ExchangeAsync($"GET /callout/Below/{escaped}?q={escaped} HTTP/1.1\r\n{{host}}\r\nConnection: close\r\n\r\n");
            Assert.True(answer.Statuses is [200] or [403] || (answer.Statuses is [400] && text.Contains('\0', StringComparison.Ordinal)), $"{escaped}: {answer.Text}");
            if (sent is not null)
            {
                Assert.Equal($"/api/v1/{escaped}?q={escaped}", TargetOf(sent));
            }

            var bytes = Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text));
            if (!bytes.Contains('\n', StringComparison.Ordinal))
            {
                (answer, sent) = await fixture.ExchangeAsync($"GET /callout/Below/x HTTP/1.1\r\n{{host}}\r\nX-Naughty: {bytes}\r\nConnection: close\r\n\r\n");
                Assert.True(answer.Statuses is [200] or [400], $"{escaped}: {answer.Text}");
                Assert.True(sent is null || sent.Contains($"X-Naughty: {bytes.Trim(' ', '\t')}".TrimEnd(' '), StringComparison.Ordinal), escaped);
            }
        }
    }

    [Fact]
    public async Task NaughtyStrings_AsNamesAndTexts_AreKeptAsTheyAre_OrAreInvalid()
    {
        var number = 0;
        foreach (var text in NaughtyStrings.All)
        {
            using var named = await fixture.Vault.AdminClient.PostAsJsonAsync("/api/v1/apps", new JsonObject { ["name"] = text });
            Assert.True(named.StatusCode is HttpStatusCode.Created or HttpStatusCode.BadRequest or HttpStatusCode.Conflict, $"{text}: {named.StatusCode}");
            if (named.StatusCode is HttpStatusCode.Created)
            {
                Assert.Matches("^[A-Za-z](?:_?[A-Za-z0-9])*$", text);
            }

            var name = "Naughty" + number++;
            using var labelled = await fixture.Vault.AdminClient.PostAsJsonAsync("/api/v1/apps", new JsonObject { ["name"] = name, ["label"] = text });
            Assert.True(labelled.StatusCode is HttpStatusCode.Created or HttpStatusCode.BadRequest, $"{text}: {labelled.StatusCode}");
            if (labelled.StatusCode is HttpStatusCode.Created)
            {
                var read = await fixture.Vault.AdminClient.GetFromJsonAsync<JsonObject>("/api/v1/apps/" + name);
                Assert.Equal(text, (string?)read!["label"] ?? "");
            }

            using var found = await fixture.Vault.AdminClient.GetAsync("/api/v1/apps/" + Uri.EscapeDataString(text));
            Assert.True((int)found.StatusCode is 200 or 400 or 404 or 405, $"{text}: {found.StatusCode}");
            using var searched = await fixture.Vault.AdminClient.GetAsync("/api/v1/apps?search=" + Uri.EscapeDataString(text));
            Assert.True((int)searched.StatusCode is 200 or 400, $"{text}: {searched.StatusCode}");
        }
    }

    private static string TargetOf(string head) => head[(head.IndexOf(' ', StringComparison.Ordinal) + 1)..head.IndexOf(" HTTP/1.1\r\n", StringComparison.Ordinal)];

    /// <summary>What a service may make of a path: decoded up to three times, cut at slashes of both kinds each time. Written apart from the vault's own.</summary>
    private static bool Leaves(string path)
    {
        for (var round = 0; round < 4; round++)
        {
            if (path.Split('/', '\\').Any(segment => segment.Split(';')[0] is "." or ".."))
            {
                return true;
            }

            path = Uri.UnescapeDataString(path);
        }

        return false;
    }
}
