using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Vault.Core.Authentication.Assertions;
using Vault.Core.Authentication.Signing;
using Vault.Core.MergeFields;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Protocols.OAuth1;

/// <summary>Puts <c>Authorization: OAuth …</c> on a request.</summary>
internal sealed class BoundOAuth1(string method, string? realm) : BoundProtocol, IRequestSigning
{
    private const string FormType = "application/x-www-form-urlencoded";

    /// <summary>What the protocol knows.</summary>
    public static IReadOnlyList<string> Parameters { get; } = ["ConsumerKey", "ConsumerSecret", "Token", "TokenSecret", "PrivateKey", "KeyPassword"];

    public override IReadOnlyList<string> ProtocolParameters => Parameters;

    public override IReadOnlyList<string> KeyOnlyParameters { get; } = ["ConsumerSecret", "TokenSecret", "PrivateKey", "KeyPassword"];

    public override IReadOnlyList<string> RequiredParameters { get; } =
        method == "RSA-SHA1" ? ["ConsumerKey", "PrivateKey"] : ["ConsumerKey", "ConsumerSecret"];

    public override MergeReference? OAuthConsumerKey { get; } = Parameter("ConsumerKey");

    public override IRequestSigning Signing => this;

    public bool NeedsToken => false;

    // Only a form is part of the signature (RFC 5849 section 3.4.1.3.1).
    public BodyNeed NeedOf(string? contentType) =>
        method != "PLAINTEXT" && contentType?.Split(';')[0].Trim().Equals(FormType, StringComparison.OrdinalIgnoreCase) is true ? BodyNeed.Whole : BodyNeed.None;

    public Result<RequestInjection> Sign(RequestToSign request)
    {
        var key = request.Parameters.Open("ConsumerKey");
        if (!key.IsOk)
        {
            return key.Error;
        }

        var protocol = new List<(string Name, string Value)>
        {
            ("oauth_consumer_key", key.Value.Reveal()),
            ("oauth_nonce", request.Nonce),
            ("oauth_signature_method", method),
            ("oauth_timestamp", request.Now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)),
            ("oauth_version", "1.0"),
        };
        if (request.Parameters.Has("Token"))
        {
            var token = request.Parameters.Open("Token");
            if (!token.IsOk)
            {
                return token.Error;
            }

            protocol.Add(("oauth_token", token.Value.Reveal()));
        }

        var form = NeedOf(request.Header("Content-Type")) is BodyNeed.Whole && request.Body is { } body ? Encoding.Latin1.GetString(body.Span) : null;
        var signature = Compute(request, SignatureText.Make(request.Method, request.Uri, form, protocol));
        if (!signature.IsOk)
        {
            return signature.Error;
        }

        request.NoteSecret(signature.Value);
        protocol.Add(("oauth_signature", signature.Value));
        var fields = protocol.Select(pair => $"{SignatureText.Encode(pair.Name)}=\"{SignatureText.Encode(pair.Value)}\"");
        var header = "OAuth " + string.Join(", ", realm is null ? fields : fields.Prepend($"realm=\"{realm}\""));
        return new RequestInjection([new InjectedValue("Authorization", header, IsSecret: true)], [], []);
    }

    private Result<string> Compute(RequestToSign request, string signatureBase)
    {
        if (method == "RSA-SHA1")
        {
            var privateKey = request.Parameters.Open("PrivateKey");
            if (!privateKey.IsOk)
            {
                return privateKey.Error;
            }

            var password = request.Parameters.Has("KeyPassword") ? request.Parameters.Open("KeyPassword").Value?.Reveal() : null;
            var key = privateKey.Value.Reveal();
            return SigningKey.SignRsa(HashAlgorithmName.SHA1, key, password, Encoding.UTF8.GetBytes(signatureBase)) is { } signed
                ? Convert.ToBase64String(signed)
                : SigningKey.Refusal(key, "PrivateKey", "RSA private key");
        }

        var consumer = request.Parameters.Open("ConsumerSecret");
        if (!consumer.IsOk)
        {
            return consumer.Error;
        }

        var tokenSecret = "";
        if (request.Parameters.Has("TokenSecret"))
        {
            var opened = request.Parameters.Open("TokenSecret");
            if (!opened.IsOk)
            {
                return opened.Error;
            }

            tokenSecret = opened.Value.Reveal();
        }

        return SignatureText.Hash(method, consumer.Value.Reveal(), tokenSecret, signatureBase);
    }
}
