using System.Text;
using Vault.Core.Authentication.Protocols.Digest;

namespace Vault.Fuzz.Parsers;

/// <summary>A <c>WWW-Authenticate</c> that a service sends.</summary>
internal sealed class ChallengeParser : IFuzzedParser
{
    public string Name => "challenge";

    public IReadOnlyList<string> Words =>
    [
        "Digest ", "Basic ", "realm=\"a\"", "nonce=\"b\"", "opaque=\"c\"", "qop=\"auth,auth-int\"", "qop=auth", "algorithm=SHA-256", "algorithm=MD5-sess", "algorithm=\"SHA-512\"", "userhash=true", "stale=TRUE",
        ", ", "=", "\"", "\\\"", "\\", "\t", "Negotiate abc==", "\n", "\r",
    ];

    public void Run(byte[] input)
    {
        var headers = Encoding.Latin1.GetString(input).Split('\n');
        foreach (var (scheme, parameters) in headers.SelectMany(ChallengeReader.Read))
        {
            FuzzFailure.Unless(scheme.Length > 0 && !scheme.Contains(',', StringComparison.Ordinal), "A challenge without a scheme.");
            FuzzFailure.Unless(parameters.Keys.All(name => name.Length > 0), "A parameter without a name.");
        }

        if (DigestChallenge.Choose(headers) is not { } challenge)
        {
            return;
        }

        FuzzFailure.Unless(challenge.Nonce.Length is > 0 and <= 4096 && challenge.Qop is null or "auth" or "auth-int", "It can't be answered.");
        foreach (var part in new[] { challenge.Realm, challenge.Nonce, challenge.Opaque ?? "", challenge.Algorithm ?? "" })
        {
            // Strings of bytes: from 0x80 on they are no control characters, but pieces of text.
            FuzzFailure.Unless(!part.Any(c => c is < ' ' or '\x7F' or > '\xFF'), "A control character would go into the answer's header.");
        }
    }
}
