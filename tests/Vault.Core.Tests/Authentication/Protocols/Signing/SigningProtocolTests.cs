using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Vault.Core.Authentication.Credentials;
using Vault.Core.Authentication.Signing;
using Vault.Core.Tests.Authentication.Fakes;
using Xunit;

namespace Vault.Core.Tests.Authentication.Protocols.Signing;

/// <summary>What is signed is what is sent, byte for byte. Values of headers are strings of bytes.</summary>
public sealed partial class SigningProtocolTests
{
    private readonly Authenticating _parts = new();

    [Theory]
    [InlineData("https://h.example/a/b", "/a/b")]
    [InlineData("https://h.example/a?", "/a?")]
    [InlineData("https://h.example/a%2Fb?x=%20&y", "/a%2Fb?x=%20&y")]
    public void Digest_IsOfTheTarget_AsItIsSent(string url, string target)
    {
        var (signing, credential) = Digest();
        var first = Request(credential, url);
        var again = first with { Challenge = signing.TakeChallenge(first, 401, ["Digest realm=\"r\", nonce=\"n\", qop=\"auth\""], canAnswer: true) };
        var sent = Authorization(signing, again);
        Assert.Contains($"uri=\"{target}\"", sent, StringComparison.Ordinal);
        Assert.Equal(Response(sent, "u:r:p", target), Parameter(sent, "response"));
    }

    [Theory]
    [InlineData("Z\u00C3\u00BCrich")]
    [InlineData("Z\u00FCrich")]
    [InlineData("\u00E2\u0082\u00AC")]
    public void Digest_HandsTheRealmBack_AsItCame(string realm)
    {
        var (signing, credential) = Digest();
        var first = Request(credential, "https://h.example/a");
        var again = first with { Challenge = signing.TakeChallenge(first, 401, [$"Digest realm=\"{realm}\", nonce=\"n\", qop=\"auth\""], canAnswer: true) };
        var sent = Authorization(signing, again);
        Assert.Contains($"realm=\"{realm}\"", sent, StringComparison.Ordinal);
        Assert.Equal(Response(sent, $"u:{realm}:p", "/a"), Parameter(sent, "response"));

        // Refused, it isn't answered again.
        Assert.Null(signing.TakeChallenge(again with { Headers = [new("Authorization", sent)] }, 401, [$"Digest realm=\"{realm}\", nonce=\"n\", qop=\"auth\""], canAnswer: true));
    }

    [Fact]
    public void Digest_OfASession_KeepsItsKey_UntilAnotherChallenge()
    {
        const string Challenge = "Digest realm=\"r\", nonce=\"n\", qop=\"auth\", algorithm=MD5-sess";
        var (signing, credential) = Digest();
        var first = Request(credential, "https://h.example/a");
        var one = Answer(signing, first, Challenge);
        var two = Authorization(signing, Request(credential, "https://h.example/b"));
        Assert.Equal((Parameter(one, "cnonce"), "00000001"), (Parameter(two, "cnonce"), Count().Match(one).Groups[1].Value));
        Assert.Equal("00000002", Count().Match(two).Groups[1].Value);
        var later = Answer(signing, first, Challenge.Replace("\"n\"", "\"m\"", StringComparison.Ordinal));
        Assert.NotEqual(Parameter(one, "cnonce"), Parameter(later, "cnonce"));
    }

    [Fact]
    public void Digest_SecondSending_AnswersItsOwnChallenge_WhateverCameMeanwhile()
    {
        // Nonces that are good once: whoever goes ahead with another's spends it.
        var (signing, credential) = Digest();
        var (one, two) = (Request(credential, "https://h.example/1"), Request(credential, "https://h.example/2"));
        var first = signing.TakeChallenge(one, 401, ["Digest realm=\"r\", nonce=\"n1\", qop=\"auth\""], canAnswer: true);
        Assert.Empty(signing.Sign(Request(credential, "https://h.example/3")).Value!.Headers);
        var answerOne = Authorization(signing, one with { Challenge = first });

        // It is on its way, and may be overtaken on it.
        Assert.Empty(signing.Sign(Request(credential, "https://h.example/3")).Value!.Headers);
        signing.NoteAccepted(one with { Challenge = first }, []);
        var ahead = Authorization(signing, Request(credential, "https://h.example/3"));
        var second = signing.TakeChallenge(two, 401, ["Digest realm=\"r\", nonce=\"n2\", qop=\"auth\""], canAnswer: true);
        Assert.Equal(("n1", "00000002"), (Parameter(ahead, "nonce"), Count().Match(ahead).Groups[1].Value));
        var answerTwo = Authorization(signing, two with { Challenge = second });
        Assert.Equal(("n1", "00000001"), (Parameter(answerOne, "nonce"), Count().Match(answerOne).Groups[1].Value));
        Assert.Equal(("n2", "00000001"), (Parameter(answerTwo, "nonce"), Count().Match(answerTwo).Groups[1].Value));
    }

    [Fact]
    public void Digest_OneNonceThatIsGivenToMany_IsCountedOn_AlsoWhereAnotherCameBetween()
    {
        var (signing, credential) = Digest();
        var request = Request(credential, "https://h.example/1");
        List<string> counts = [];
        foreach (var nonce in new[] { "n1", "n1", "n2", "n1" })
        {
            var sent = Answer(signing, request, $"Digest realm=\"r\", nonce=\"{nonce}\", qop=\"auth\"");
            counts.Add($"{Parameter(sent, "nonce")} {Count().Match(sent).Groups[1].Value}");
        }

        Assert.Equal(["n1 00000001", "n1 00000002", "n2 00000001", "n1 00000003"], counts);

        // What works goes on being answered ahead; what was refused doesn't.
        var ahead = Authorization(signing, request);
        Assert.Equal(("n1", "00000004"), (Parameter(ahead, "nonce"), Count().Match(ahead).Groups[1].Value));
        Assert.NotNull(signing.TakeChallenge(request with { Headers = [new("Authorization", ahead)] }, 401, ["Digest realm=\"r\", nonce=\"n3\", qop=\"auth\", stale=true"], canAnswer: true));
        Assert.Empty(signing.Sign(request).Value!.Headers);
    }

    [Fact]
    public void Digest_OneNonceForAlways_IsCountedOn_HoweverManyOthersCame()
    {
        var (signing, credential) = Digest();
        var request = Request(credential, "https://h.example/1");
        List<string> counts = [Answer(signing, request, Challenge("always")), Answer(signing, request, Challenge("always")), Authorization(signing, request)];
        for (var other = 0; other < 3_000; other++)
        {
            Answer(signing, request with { Host = "other.example" }, Challenge($"n{other}"));
        }

        counts.Add(Answer(signing, request, Challenge("always")));

        // Nor does a refusal that names no challenge make it forgotten.
        Assert.Null(signing.TakeChallenge(request, 401, ["Basic realm=\"r\""], canAnswer: true));
        counts.Add(Answer(signing, request, Challenge("always")));
        Assert.Equal(["00000001", "00000002", "00000003", "00000004", "00000005"], counts.ConvertAll(sent => Count().Match(sent).Groups[1].Value));

        static string Challenge(string nonce) => $"Digest realm=\"r\", nonce=\"{nonce}\", qop=\"auth\"";
    }

    [Fact]
    public void Digest_WhoseAnswerWasRefused_OrNeverMade_IsNotAnsweredAhead()
    {
        var (signing, credential) = Digest();
        var request = Request(credential, "https://h.example/1");
        var refused = Authorization(signing, request with { Challenge = signing.TakeChallenge(request, 401, ["Digest realm=\"r\", nonce=\"n\", qop=\"auth\""], canAnswer: true) });
        Assert.Contains("nc=00000001", refused, StringComparison.Ordinal);
        Assert.Empty(signing.Sign(request).Value!.Headers);

        // Of a body that can't be in it there is no answer, and none is counted.
        var challenge = signing.TakeChallenge(request, 401, ["Digest realm=\"r\", nonce=\"m\", qop=\"auth-int\""], canAnswer: true);
        Assert.Equal("body-too-large", signing.Sign(request with { Challenge = challenge, Body = null }).Error?.Code);
        Assert.Contains("nc=00000001", Authorization(signing, request with { Challenge = challenge }), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nextnonce=\"n2\", qop=auth, rspauth=\"00\", cnonce=\"c\", nc=00000001", "n2", "00000001")]
    [InlineData("rspauth=\"a,nextnonce=b\",NextNonce = n\\2", "n\\2", "00000001")]
    [InlineData("nextnonce=\"a\\\"b\"", "a\\\"b", "00000001")]
    [InlineData("nextnonce=\"n1\"", "n1", "00000002")]
    [InlineData("nextnonce=\"\"", "n1", "00000002")]
    [InlineData("nextnonce=\"a\tb\"", "n1", "00000002")]
    [InlineData("nextnonce", "n1", "00000002")]
    [InlineData("qop=auth", "n1", "00000002")]
    [InlineData("(long)", "n1", "00000002")]
    [InlineData("nextnonce=\"n2\"", "n1", "00000002", ", algorithm=MD5-sess")]
    public void Digest_TakesTheNextNonce_WhereTheAnswerNamesOne(string info, string nonce, string count, string more = "")
    {
        info = info.Replace("(long)", $"nextnonce=\"{new string('n', 4097)}\"", StringComparison.Ordinal);
        var (signing, credential) = Digest();
        var request = Request(credential, "https://h.example/1");
        var second = request with { Challenge = signing.TakeChallenge(request, 401, [$"Digest realm=\"r\", nonce=\"n1\", qop=\"auth\"{more}"], canAnswer: true) };
        Authorization(signing, second);
        signing.NoteAccepted(second, [info]);
        var ahead = Authorization(signing, request);
        Assert.Contains($"nonce=\"{nonce.Replace("n\\2", "n\\\\2", StringComparison.Ordinal)}\"", ahead, StringComparison.Ordinal);
        Assert.Equal(count, Count().Match(ahead).Groups[1].Value);

        // What went ahead names the next one as well; what was sent with another nonce, or none, has no say.
        signing.NoteAccepted(request with { Headers = [new("Authorization", ahead)] }, ["nextnonce=\"n3\""]);
        signing.NoteAccepted(request with { Headers = [new("Authorization", ahead)] }, ["nextnonce=\"n4\""]);
        signing.NoteAccepted(request, ["nextnonce=\"n4\""]);
        Assert.Equal(more.Length == 0, Authorization(signing, request).Contains("nonce=\"n3\"", StringComparison.Ordinal));
    }

    [Fact]
    public void Digest_ThatCantBeAnswered_IsAnsweredAheadByTheNext_WithTheFirstCount()
    {
        var (signing, credential) = Digest();
        var large = Request(credential, "https://h.example/1");
        Assert.Null(signing.TakeChallenge(large, 401, ["Digest realm=\"r\", nonce=\"n\", qop=\"auth\""], canAnswer: false));
        Assert.Equal("00000001", Count().Match(Authorization(signing, Request(credential, "https://h.example/1"))).Groups[1].Value);
    }

    [Theory]
    [InlineData("a  b", "a b")]
    [InlineData(" a b ", "a b")]
    [InlineData("a \tb", "a \tb")]
    [InlineData("a\u00A0", "a\u00A0")]
    [InlineData("a \u00A0 b", "a \u00A0 b")]
    [InlineData("caf\u00E9", "caf\u00E9")]
    public void SigV4_IsOfTheBytesOfAHeader_SpacesFolded(string value, string canonical)
    {
        var credential = _parts.Bind("""{"protocol":"awsSigV4","region":"eu-west-1","service":"execute-api"}""", "h.example");
        var request = Request(credential, "https://h.example/a", ("AccessKeyId", "AKID"), ("SecretAccessKey", "the-key")) with { Headers = [new("x-amz-meta-a", value)] };
        var signed = credential.Authentication.Signing!.Sign(request).Value!.Headers;
        var text = "GET\n/a\n\n" + $"host:h.example\nx-amz-content-sha256:{AwsSignature.HashOf([])}\nx-amz-date:20300101T000000Z\nx-amz-meta-a:{canonical}\n"
            + "\nhost;x-amz-content-sha256;x-amz-date;x-amz-meta-a\n" + AwsSignature.HashOf([]);
        Assert.EndsWith("Signature=" + Sign("the-key", text), signed.Single(header => header.Name == "Authorization").Value, StringComparison.Ordinal);
    }

    [Fact]
    public void SigV4_SignsAnAdminsOwnHeaders_InThePlaceOfItsOwn()
    {
        var credential = _parts.Bind("""{"protocol":"awsSigV4","region":"eu-west-1","service":"execute-api"}""", "h.example");
        var request = Request(credential, "https://h.example/a", ("AccessKeyId", "AKID"), ("SecretAccessKey", "the-key"), ("SessionToken", "the-session")) with
        {
            Headers = [new("x-amz-content-sha256", "UNSIGNED-PAYLOAD"), new("X-Amz-Security-Token", "own"), new("X-Amz-Date", "20300101T000005Z")],
            CustomNames = new HashSet<string>(StringComparer.OrdinalIgnoreCase) { "X-Amz-Content-Sha256", "x-amz-security-token", "X-Amz-Date" },
        };
        var signed = credential.Authentication.Signing!.Sign(request).Value!.Headers;
        const string Text = "GET\n/a\n\nhost:h.example\nx-amz-content-sha256:UNSIGNED-PAYLOAD\nx-amz-date:20300101T000005Z\nx-amz-security-token:own\n"
            + "\nhost;x-amz-content-sha256;x-amz-date;x-amz-security-token\nUNSIGNED-PAYLOAD";
        Assert.EndsWith("Signature=" + Sign("the-key", Text, "20300101T000005Z"), Assert.Single(signed).Value, StringComparison.Ordinal);
    }

    private static string Sign(string key, string canonical, string time = "20300101T000000Z")
    {
        var signing = Encoding.UTF8.GetBytes("AWS4" + key);
        foreach (var part in new[] { "20300101", "eu-west-1", "execute-api", "aws4_request", $"AWS4-HMAC-SHA256\n{time}\n20300101/eu-west-1/execute-api/aws4_request\n{Convert.ToHexStringLower(SHA256.HashData(Encoding.Latin1.GetBytes(canonical)))}" })
        {
            signing = HMACSHA256.HashData(signing, Encoding.UTF8.GetBytes(part));
        }

        return Convert.ToHexStringLower(signing);
    }

    // As the second sending, and the server takes it.
    private static string Answer(IRequestSigning signing, RequestToSign request, string challenge)
    {
        var second = request with { Challenge = signing.TakeChallenge(request, 401, [challenge], canAnswer: true) };
        var sent = Authorization(signing, second);
        signing.NoteAccepted(second, []);
        return sent;
    }

    private (IRequestSigning, BoundCredential) Digest()
    {
        var credential = _parts.Bind("""{"protocol":"digest"}""", "h.example");
        return (credential.Authentication.Signing!, credential);
    }

    private RequestToSign Request(BoundCredential credential, string url, params (string, string)[] parameters) => new()
    {
        Method = "GET",
        Uri = new Uri(url, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }),
        Host = "h.example",
        Path = url["https://h.example".Length..].Split('?')[0],
        Query = url.Contains('?', StringComparison.Ordinal) ? url[(url.IndexOf('?', StringComparison.Ordinal) + 1)..] : "",
        Headers = [],
        Body = ReadOnlyMemory<byte>.Empty,
        Now = DateTimeOffset.Parse("2030-01-01T00:00:00Z", null),
        Nonce = Guid.NewGuid().ToString("N"),
        Account = "one",
        Parameters = _parts.Set(credential, parameters.Length > 0 ? parameters : [("Username", "u"), ("Password", "p")]),
        NoteSecret = _ => { },
    };

    private static string Authorization(IRequestSigning signing, RequestToSign request)
    {
        var header = Assert.Single(signing.Sign(request).Value!.Headers);
        Assert.True(header.IsBytes);
        return header.Value;
    }

    private static string Parameter(string header, string name) => header.Split(name + "=\"")[1].Split('"')[0];

    private static string Response(string header, string account, string target) =>
        H($"{H(account)}:{Parameter(header, "nonce")}:{Count().Match(header).Groups[1].Value}:{Parameter(header, "cnonce")}:auth:{H("GET:" + target)}");

#pragma warning disable CA5351 // The server's side of RFC 7616, which keeps MD5.
    private static string H(string bytes) => Convert.ToHexStringLower(MD5.HashData(Encoding.Latin1.GetBytes(bytes)));
#pragma warning restore CA5351

    [GeneratedRegex("nc=([0-9a-f]{8})")]
    private static partial Regex Count();
}
