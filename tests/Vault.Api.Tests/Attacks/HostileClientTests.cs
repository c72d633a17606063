using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Attacks;

/// <summary>
/// Requests whose end, or whose headers, two servers could see in different places. Behind each stands a second request: if it
/// reached the upstream, or were answered, it was smuggled.
/// </summary>
public sealed class HostileClientTests(WireFixture fixture) : IClassFixture<WireFixture>
{
    private const string Smuggled = "GET /callout/Raw/smuggled HTTP/1.1\r\n{host}\r\n\r\n";

    /// <summary>Heads that are refused before anything else is looked at.</summary>
    private static readonly Dictionary<string, string> Heads = new()
    {
        ["length with a plus"] = "POST /callout/Raw/x HTTP/1.1\r\n{host}\r\nContent-Length: +1\r\n\r\nx",
        ["length minus zero"] = "POST /callout/Raw/x HTTP/1.1\r\n{host}\r\nContent-Length: -0\r\n\r\n",
        ["length below zero"] = "POST /callout/Raw/x HTTP/1.1\r\n{host}\r\nContent-Length: -1\r\n\r\nx",
        ["length in hex"] = "POST /callout/Raw/x HTTP/1.1\r\n{host}\r\nContent-Length: 0x1\r\n\r\nx",
        ["length with a vertical tab"] = "POST /callout/Raw/x HTTP/1.1\r\n{host}\r\nContent-Length: \v1\r\n\r\nx",
        ["length with a form feed"] = "POST /callout/Raw/x HTTP/1.1\r\n{host}\r\nContent-Length: 1\f\r\n\r\nx",
        ["length with a no-break space"] = "POST /callout/Raw/x HTTP/1.1\r\n{host}\r\nContent-Length: \u00a01\r\n\r\nx",
        ["length with an exponent"] = "POST /callout/Raw/x HTTP/1.1\r\n{host}\r\nContent-Length: 1e0\r\n\r\nx",
        ["length with an underscore"] = "POST /callout/Raw/x HTTP/1.1\r\n{host}\r\nContent-Length: 1_0\r\n\r\nx",
        ["length twice in a list"] = "POST /callout/Raw/x HTTP/1.1\r\n{host}\r\nContent-Length: 1, 1\r\n\r\nx",
        ["length twice in a list without a blank"] = "POST /callout/Raw/x HTTP/1.1\r\n{host}\r\nContent-Length: 1,1\r\n\r\nx",
        ["length twice"] = "POST /callout/Raw/x HTTP/1.1\r\n{host}\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
        ["two lengths"] = "POST /callout/Raw/x HTTP/1.1\r\n{host}\r\nContent-Length: 0\r\nContent-Length: 40\r\n\r\n",
        ["two lengths in two cases"] = "POST /callout/Raw/x HTTP/1.1\r\n{host}\r\ncontent-length: 0\r\nCONTENT-LENGTH: 40\r\n\r\n",
        ["length empty"] = "POST /callout/Raw/x HTTP/1.1\r\n{host}\r\nContent-Length:\r\n\r\n",
        ["length over 64 bits"] = "POST /callout/Raw/x HTTP/1.1\r\n{host}\r\nContent-Length: 18446744073709551617\r\n\r\nx",
        ["length of thirty digits"] = "POST /callout/Raw/x HTTP/1.1\r\n{host}\r\nContent-Length: 000000000000000000000000000001\r\n\r\nx",
        ["coding and length"] = "POST /callout/Raw/x HTTP/1.1\r\n{host}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ["length and coding"] = "POST /callout/Raw/x HTTP/1.1\r\n{host}\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        ["renamed length and coding"] = "POST /callout/Raw/x HTTP/1.1\r\n{host}\r\nTransfer-Encoding: chunked\r\nX-Content-Length: 5\r\n\r\n0\r\n\r\n",
        ["coding unknown"] = "POST /callout/Raw/x HTTP/1.1\r\n{host}\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        ["coding identity"] = "POST /callout/Raw/x HTTP/1.1\r\n{host}\r\nTransfer-Encoding: identity\r\n\r\n",
        ["coding chunked first"] = "POST /callout/Raw/x HTTP/1.1\r\n{host}\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        ["coding chunked last"] = "POST /callout/Raw/x HTTP/1.1\r\n{host}\r\nTransfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n",
        ["coding gzip, chunked"] = "POST /callout/Raw/x HTTP/1.1\r\n{host}\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        ["coding twice in a list"] = "POST /callout/Raw/x HTTP/1.1\r\n{host}\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        ["coding twice"] = "POST /callout/Raw/x HTTP/1.1\r\n{host}\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ["coding and another"] = "POST /callout/Raw/x HTTP/1.1\r\n{host}\r\nTransfer-Encoding: chunked\r\nTransfer-encoding: cow\r\n\r\n0\r\n\r\n",
        ["coding with a vertical tab"] = "POST /callout/Raw/x HTTP/1.1\r\n{host}\r\nTransfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n",
        ["coding quoted"] = "POST /callout/Raw/x HTTP/1.1\r\n{host}\r\nTransfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n",
        ["coding with a parameter"] = "POST /callout/Raw/x HTTP/1.1\r\n{host}\r\nTransfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n",
        ["coding empty, and a length"] = "POST /callout/Raw/x HTTP/1.1\r\n{host}\r\nTransfer-Encoding:\r\nContent-Length: 1\r\n\r\nx",
        ["coding folded"] = "POST /callout/Raw/x HTTP/1.1\r\n{host}\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
        ["coding before a blank"] = "POST /callout/Raw/x HTTP/1.1\r\n{host}\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        ["coding before a tab"] = "POST /callout/Raw/x HTTP/1.1\r\n{host}\r\nTransfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n",
        ["coding after a blank"] = "POST /callout/Raw/x HTTP/1.1\r\n{host}\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ["coding with a NUL in its name"] = "POST /callout/Raw/x HTTP/1.1\r\n{host}\r\nTransfer-Encoding\0: chunked\r\n\r\n0\r\n\r\n",
        ["coding with a control character in its name"] = "POST /callout/Raw/x HTTP/1.1\r\n{host}\r\nTransfer-Encoding\u0001: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        ["coding with a high byte in its name"] = "POST /callout/Raw/x HTTP/1.1\r\n{host}\r\nTransfer\u00adEncoding: chunked\r\n\r\n0\r\n\r\n",
        ["coding of HTTP/1.0"] = "POST /callout/Raw/x HTTP/1.0\r\n{host}\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n0\r\n\r\n",
        ["coding behind a bare CR"] = "POST /callout/Raw/x HTTP/1.1\r\n{host}\r\nX-A: b\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ["coding behind a bare LF"] = "POST /callout/Raw/x HTTP/1.1\r\n{host}\r\nX-A: b\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ["line ends that are LF"] = "GET /callout/Raw/x HTTP/1.1\n{host}\n\n",
        ["request line that ends with LF"] = "GET /callout/Raw/x HTTP/1.1\n{host}\r\n\r\n",
        ["head that ends with LF"] = "GET /callout/Raw/x HTTP/1.1\r\n{host}\r\n\n",
        ["CR CR LF"] = "GET /callout/Raw/x HTTP/1.1\r\n{host}\r\nX-A: b\r\r\n\r\n",
        ["folded line"] = "GET /callout/Raw/x HTTP/1.1\r\n{host}\r\nX-A: b\r\n c\r\n\r\n",
        ["folded first line"] = "GET /callout/Raw/x HTTP/1.1\r\n Host: evil.example\r\n{host}\r\n\r\n",
        ["blank before the colon"] = "GET /callout/Raw/x HTTP/1.1\r\n{host}\r\nX-A : b\r\n\r\n",
        ["no colon"] = "GET /callout/Raw/x HTTP/1.1\r\n{host}\r\nX-A\r\n\r\n",
        ["no name"] = "GET /callout/Raw/x HTTP/1.1\r\n{host}\r\n: b\r\n\r\n",
        ["name with a parenthesis"] = "GET /callout/Raw/x HTTP/1.1\r\n{host}\r\nX(A: b\r\n\r\n",
        ["name with a quote"] = "GET /callout/Raw/x HTTP/1.1\r\n{host}\r\nX\"A: b\r\n\r\n",
        ["name with a slash"] = "GET /callout/Raw/x HTTP/1.1\r\n{host}\r\nX/A: b\r\n\r\n",
        ["name with a DEL"] = "GET /callout/Raw/x HTTP/1.1\r\n{host}\r\nX\u007f: b\r\n\r\n",
        ["name beyond ASCII"] = "GET /callout/Raw/x HTTP/1.1\r\n{host}\r\nX\u00e4: b\r\n\r\n",
        ["value with a NUL"] = "GET /callout/Raw/x HTTP/1.1\r\n{host}\r\nX-A: a\0b\r\n\r\n",
        ["value with a vertical tab"] = "GET /callout/Raw/x HTTP/1.1\r\n{host}\r\nX-A: a\vb\r\n\r\n",
        ["value with an escape"] = "GET /callout/Raw/x HTTP/1.1\r\n{host}\r\nX-A: \u001b[2J\r\n\r\n",
        ["value with a DEL"] = "GET /callout/Raw/x HTTP/1.1\r\n{host}\r\nX-A: a\u007fb\r\n\r\n",
        ["value with a backspace"] = "GET /callout/Raw/x HTTP/1.1\r\n{host}\r\nX-A: a\bb\r\n\r\n",
        ["two hosts"] = "GET /callout/Raw/x HTTP/1.1\r\n{host}\r\nHost: evil.example\r\n\r\n",
        ["host twice"] = "GET /callout/Raw/x HTTP/1.1\r\n{host}\r\nHost: {authority}\r\n\r\n",
        ["no host"] = "GET /callout/Raw/x HTTP/1.1\r\nX-A: b\r\n\r\n",
        ["hosts in a list"] = "GET /callout/Raw/x HTTP/1.1\r\nHost: {authority}, evil.example\r\n\r\n",
        ["host with user info"] = "GET /callout/Raw/x HTTP/1.1\r\nHost: a@evil.example\r\n\r\n",
        ["host with a path"] = "GET /callout/Raw/x HTTP/1.1\r\nHost: evil.example/callout\r\n\r\n",
        ["absolute form of another host"] = "GET http://evil.example/callout/Raw/x HTTP/1.1\r\n{host}\r\n\r\n",
        ["two blanks in the request line"] = "GET  /callout/Raw/x HTTP/1.1\r\n{host}\r\n\r\n",
        ["tab in the request line"] = "GET\t/callout/Raw/x HTTP/1.1\r\n{host}\r\n\r\n",
        ["blank in the target"] = "GET /callout/Raw/x y HTTP/1.1\r\n{host}\r\n\r\n",
        ["blank before the method"] = " GET /callout/Raw/x HTTP/1.1\r\n{host}\r\n\r\n",
        ["blank behind the version"] = "GET /callout/Raw/x HTTP/1.1 \r\n{host}\r\n\r\n",
        ["method with a parenthesis"] = "GE(T /callout/Raw/x HTTP/1.1\r\n{host}\r\n\r\n",
        ["target without a slash"] = "GET callout/Raw/x HTTP/1.1\r\n{host}\r\n\r\n",
        ["target with a NUL"] = "GET /callout/Raw/x\0 HTTP/1.1\r\n{host}\r\n\r\n",
        ["target beyond ASCII"] = "GET /callout/Raw/\u00e4 HTTP/1.1\r\n{host}\r\n\r\n",
        ["query with a NUL"] = "GET /callout/Raw/x?a=\0 HTTP/1.1\r\n{host}\r\n\r\n",
        ["query beyond ASCII"] = "GET /callout/Raw/x?a=\u00e4 HTTP/1.1\r\n{host}\r\n\r\n",
        ["query with a LF"] = "GET /callout/Raw/x?a=\nX-Evil: 1 HTTP/1.1\r\n{host}\r\n\r\n",
        ["version 0.9"] = "GET /callout/Raw/x\r\n\r\n",
        ["version in lower case"] = "GET /callout/Raw/x http/1.1\r\n{host}\r\n\r\n",
        ["version 1.2"] = "GET /callout/Raw/x HTTP/1.2\r\n{host}\r\n\r\n",
        ["version 2.0"] = "GET /callout/Raw/x HTTP/2.0\r\n{host}\r\n\r\n",
    };

    /// <summary>Bodies that turn out not to be one while they are read.</summary>
    private static readonly Dictionary<string, string> Bodies = new()
    {
        ["size that ends with LF"] = "1\nx\r\n0\r\n\r\n",
        ["extension with LF"] = "1;a\nx\r\n0\r\n\r\n",
        ["data that ends with LF"] = "1\r\nx\n0\r\n\r\n",
        ["data longer than its size"] = "1\r\nxyz\r\n0\r\n\r\n",
        ["size with 0x"] = "0x1\r\nx\r\n0\r\n\r\n",
        ["size with a plus"] = "+1\r\nx\r\n0\r\n\r\n",
        ["size below zero"] = "-1\r\nx\r\n0\r\n\r\n",
        ["size after a blank"] = " 1\r\nx\r\n0\r\n\r\n",
        ["size before a blank"] = "1 \r\nx\r\n0\r\n\r\n",
        ["size before a tab"] = "1\t\r\nx\r\n0\r\n\r\n",
        ["size of twenty digits"] = "00000000000000000001\r\nx\r\n0\r\n\r\n",
        ["size over 32 bits"] = "100000001\r\nx\r\n0\r\n\r\n",
        ["size over 64 bits"] = "10000000000000001\r\nx\r\n0\r\n\r\n",
        ["no size"] = "\r\nx\r\n0\r\n\r\n",
        ["end with LF only"] = "1\r\nx\r\n0\n\n",
        ["size that is no number"] = "GET /callout/Raw/smuggled HTTP/1.1\r\n\r\n",
        ["trailer that ends with LF"] = "1\r\nx\r\n0\r\nX-T: y\n\r\n",
        ["trailer that is folded"] = "1\r\nx\r\n0\r\nX-T: y\r\n z\r\n\r\n",
        ["trailer without a colon"] = "1\r\nx\r\n0\r\nX-T\r\n\r\n",
    };

    public static TheoryData<string> HeadNames => [.. Heads.Keys];

    public static TheoryData<string> BodyNames => [.. Bodies.Keys];

    [Theory]
    [MemberData(nameof(HeadNames))]
    public async Task Head_ThatCanBeReadTwice_IsRefused_HoweverItArrives(string name)
    {
        var request = fixture.Fill(Heads[name]);
        var smuggled = fixture.Fill(Smuggled);
        var connections = fixture.Upstream.Connections;
        foreach (var parts in Splits(request, smuggled))
        {
            var answer = await RawClient.SendAsync(fixture.Address, null, parts);
            AssertRefused(answer, name, 400, 505);
        }

        Assert.Equal(connections, fixture.Upstream.Connections);
    }

    [Theory]
    [MemberData(nameof(BodyNames))]
    public async Task Body_ThatIsNone_IsInvalid_AndNothingBehindItIsARequest(string name)
    {
        // Silent: nothing that upstream says can hide what is wrong with the request.
        fixture.Upstream.Answer = static (_, _) => Task.CompletedTask;
        foreach (var credential in new[] { "Raw", "Held" })
        {
            var connections = fixture.Upstream.Connections;
            var request = fixture.Fill($"POST /callout/{credential}/x HTTP/1.1\r\n{{host}}\r\nTransfer-Encoding: chunked\r\nContent-Type: text/plain\r\n\r\n{Bodies[name]}");
            foreach (var parts in Splits(request, fixture.Fill(Smuggled)))
            {
                AssertRefused(await RawClient.SendAsync(fixture.Address, null, parts), name, 400);
            }

            if (credential == "Held")
            {
                Assert.Equal(connections, fixture.Upstream.Connections);
            }
        }

        Assert.DoesNotContain(fixture.Upstream.Received, text =>
            text.Contains("smuggled", StringComparison.Ordinal) || text.Contains("X-T", StringComparison.Ordinal) || text.EndsWith("\r\n0\r\n\r\n", StringComparison.Ordinal));
    }

    private static void AssertRefused(RawClient.RawAnswer answer, string name, params int[] statuses)
    {
        Assert.True(answer.IsClosed, $"{name}: still open after {answer.Text}");

        // With bytes unread behind it, a close may become a reset that overtakes the answer.
        Assert.True(
            answer.Statuses.Count == 0 || (answer.Statuses.Count == 1 && statuses.Contains(answer.Statuses[0])), $"{name}: {answer.Text}");
        Assert.DoesNotContain(WireFixture.Secret, answer.Text, StringComparison.Ordinal);
    }

    /// <summary>Whole, and over several segments: at the seams of the head, in the middle, and one byte at a time.</summary>
    private static IEnumerable<string[]> Splits(string request, string smuggled)
    {
        yield return [request + smuggled];
        yield return [request, smuggled];
        foreach (var at in new[] { 1, request.Length / 3, request.Length / 2, request.Length - 3, request.Length - 1 })
        {
            yield return [request[..at], request[at..] + smuggled];
        }

        yield return [.. request.Select(c => c.ToString()), smuggled];
    }
}
