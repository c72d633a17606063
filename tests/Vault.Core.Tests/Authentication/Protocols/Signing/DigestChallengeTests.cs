using System.Text;
using Vault.Core.Authentication.Protocols.Digest;
using Xunit;

namespace Vault.Core.Tests.Authentication.Protocols.Signing;

/// <summary>Which challenge is answered, and how the answer names the user.</summary>
public sealed class DigestChallengeTests
{
    private const string User = "J\u00E4s\u00F8n Doe";

    // RFC 7616 section 3.9.2, with the hashes of its erratum 4897: those of the RFC are of a SHA-512 that was cut.
    [Fact]
    public void Make_OfSha512T256_IsThatOfRfc7616()
    {
        var challenge = DigestChallenge.Choose(["Digest realm=\"api@example.org\", qop=\"auth\", algorithm=SHA-512-256, nonce=\"5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK\", opaque=\"HRPCssKJSGjCrkzDg8OhwpzCiGChXYjwrI2QmXDnsOS\", charset=UTF-8, userhash=true"]);
        var (header, response) = DigestAnswer.Make(challenge!, User, "Secret, or not?", "GET", "/doe.json", default, 1, "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v");
        Assert.Equal("3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5", response);
        Assert.Contains("username=\"793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b\", userhash=true", header, StringComparison.Ordinal);
    }

    // Both have 256 bits: the server's order decides between them (RFC 7616 section 3.7), and not for MD5.
    [Theory]
    [InlineData("SHA-512-256", "SHA-512-256", "SHA-256", "MD5")]
    [InlineData("SHA-256", "SHA-256", "SHA-512-256", "MD5")]
    [InlineData("sha-512-256-SESS", "MD5", "sha-512-256-SESS", "SHA-256")]
    [InlineData("MD5-sess", "SHA-512", "MD5-sess", "SHA-512-256x")]
    public void Choose_TakesTheFirstOfTheStrongest(string chosen, params string[] offered) => Assert.Equal(
        chosen,
        DigestChallenge.Choose([.. offered.Select(algorithm => $"Digest realm=\"r\", nonce=\"n\", qop=\"auth\", algorithm={algorithm}")])?.Algorithm);

    [Theory]
    [InlineData(User, "", "username=\"J\u00C3\u00A4s\u00C3\u00B8n Doe\"")]
    [InlineData(User, ", charset=ISO-8859-1", "username=\"J\u00C3\u00A4s\u00C3\u00B8n Doe\"")]
    [InlineData(User, ", charset=UTF-8", "username*=UTF-8''J%C3%A4s%C3%B8n%20Doe")]
    [InlineData(User, ", charset=\"utf-8\"", "username*=UTF-8''J%C3%A4s%C3%B8n%20Doe")]
    [InlineData("\u00FC\"\\", "", "username=\"\u00C3\u00BC\\\"\\\\\"")]
    [InlineData("Jason", ", charset=UTF-8", "username=\"Jason\"")]
    [InlineData("a\r\nX: y", "", "username*=UTF-8''a%0D%0AX%3A%20y")]
    [InlineData("a\u007F\u00E4", "", "username*=UTF-8''a%7F%C3%A4")]
    [InlineData(User, ", userhash=true", "username=\"5703a5febcd02d9343c65f18249ec303\", userhash=true")]
    public void Make_NamesTheUser_AsTheServerReadsIt(string user, string more, string expected)
    {
        var challenge = DigestChallenge.Choose(["Digest realm=\"r\", nonce=\"n\", qop=\"auth\"" + more]);
        var (header, _) = DigestAnswer.Make(challenge!, user, "p", "GET", "/", default, 1, "c");
        Assert.StartsWith($"Digest {expected}, realm=", header, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Negotiate oYG2MIGzoAMKAQ==, {0}")]
    [InlineData("Negotiate oYG2MIGzoAMKAQ=, {0}")]
    [InlineData("Negotiate a/b+c~d.e_f-==  ,\t{0}")]
    [InlineData("Negotiate YII, {0}")]
    [InlineData("{0}, Negotiate YII==")]
    [InlineData("NTLM,Negotiate , {0}")]
    [InlineData("Negotiate YII==,Custom \"a, b\" c=d, {0}")]
    [InlineData("Basic realm=\"x\"\", {0}")]
    [InlineData("=, {0}")]
    [InlineData("\"\", {0}")]
    [InlineData("Basic realm==x, {0}")]
    [InlineData("Basic realm=\"x\" {0}")]
    [InlineData("Basic {0}")]
    public void Choose_FindsTheDigest_BesideOtherChallenges(string header) => Assert.Equal(
        ("the realm", "n,1", "o"),
        DigestChallenge.Choose([string.Format(null, CompositeFormat.Parse(header), "Digest realm=\"the realm\", nonce=\"n,1\", opaque=o")]) is { } challenge ? (challenge.Realm, challenge.Nonce, challenge.Opaque) : default);
}
