using System.Text;
using Vault.Core.Authentication.Signing;
using Vault.Core.MergeFields;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Protocols.AwsSigV4;

/// <summary>Puts the headers of Signature Version 4 on a request.</summary>
internal sealed class BoundAwsSigV4 : BoundProtocol, IRequestSigning
{
    private const string Date = "X-Amz-Date";
    private const string BodyHash = "X-Amz-Content-Sha256";
    private const string SecurityToken = "X-Amz-Security-Token";

    // What S3 calls bodies that the client framed itself (Content-Encoding: aws-chunked): with a checksum behind them, or each piece signed.
    private const string FramedBody = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
    private const string FramedAndSigned = "STREAMING-";

    private readonly AwsSettings _settings;
    private readonly bool _isS3;

    public BoundAwsSigV4(AwsSettings settings)
    {
        _settings = settings;
        _isS3 = AwsSignature.IsS3(settings.Service);
        Tokens = settings.Role is { } role ? new AssumedRole(settings, role) : null;
        References = [.. new[] { settings.Role?.Arn, settings.Role?.ExternalId }.OfType<MergeTemplate>().SelectMany(template => template.References)];
        UsesNamedCredentialUrl = References.Any(IsEndpoint);
        TokenUrls = settings.Role is null ? [] : [settings.Role.StsUrl];
    }

    /// <summary>What the protocol knows.</summary>
    public static IReadOnlyList<string> Parameters { get; } = ["AccessKeyId", "SecretAccessKey", "SessionToken"];

    public override IReadOnlyList<string> ProtocolParameters => Parameters;

    public override IReadOnlyList<string> KeyOnlyParameters { get; } = ["SecretAccessKey"];

    public override IReadOnlyList<string> RequiredParameters { get; } = ["AccessKeyId", "SecretAccessKey"];

    public override IReadOnlyList<MergeReference> References { get; }

    public override bool UsesNamedCredentialUrl { get; }

    public override IReadOnlyList<Uri> TokenUrls { get; }

    public override ITokenProtocol? Tokens { get; }

    public override IRequestSigning Signing => this;

    public bool NeedsToken => Tokens is not null;

    public IReadOnlyList<string> SignatureHeaders { get; } = ["Authorization", SecurityToken];

    public string BodyHeader => BodyHash;

    // S3 takes bodies that aren't signed; every other service wants their hash.
    public BodyNeed NeedOf(string? contentType) => _isS3 ? BodyNeed.IfSmall : BodyNeed.Whole;

    public Result<RequestInjection> Sign(RequestToSign request)
    {
        var keys = request.Token is { } token ? AwsKeys.Of(token) : AwsKeys.Of(request.Parameters);
        if (!keys.IsOk)
        {
            return keys.Error;
        }

        var framing = _isS3 ? request.Header(BodyHash) : null;
        if (framing is not FramedBody && framing?.StartsWith(FramedAndSigned, StringComparison.Ordinal) is true)
        {
            return new VaultError(
                ErrorCodes.RequestNotAllowed,
                $"The pieces of the body are signed by the client ({FramedAndSigned}…), and only it could sign them anew: have it send its payload unsigned ({FramedBody}, or in one piece).");
        }

        // An admin's own header of a name is what is sent, and so what is signed.
        var now = request.Custom(Date) is { } date && AwsSignature.TryReadTime(date, out var own) ? own : request.Now;
        var bodyHash = request.Custom(BodyHash) ?? (framing is FramedBody ? framing : request.Body is { } body ? AwsSignature.HashOf(body.Span) : AwsSignature.UnsignedPayload);
        var ours = new List<InjectedValue>
        {
            new(Date, AwsSignature.TimeOf(now), IsSecret: false),
            new(BodyHash, bodyHash, IsSecret: request.IsBodySecret && framing is not FramedBody && request.Body is not null) { Source = "Body" },
        };

        // A role always gives one; a preview doesn't ask for it.
        if ((keys.Value.SessionToken ?? (NeedsToken ? "" : null)) is { } session)
        {
            ours.Add(new InjectedValue(SecurityToken, session, IsSecret: true) { Source = "SessionToken" });
        }

        ours.RemoveAll(header => request.Custom(header.Name) is not null);
        var signer = new AwsSignature.Signer(keys.Value.AccessKeyId, keys.Value.SecretAccessKey, _settings.Region, _settings.Service, now);
        var (header, signature) = AwsSignature.Make(signer, request.Method, request.Path, request.Query, HeadersToSign(request, ours), bodyHash);
        request.NoteSecret(signature);
        ours.Add(new InjectedValue("Authorization", header, IsSecret: true));
        return new RequestInjection(ours, [], []);
    }

    // Host, what is AWS's own and the content type: what may change on the way is left out.
    private static IEnumerable<KeyValuePair<string, string>> HeadersToSign(RequestToSign request, List<InjectedValue> ours) =>
        request.Headers
            .Where(header => IsSigned(header.Key) && !ours.Exists(own => own.Name.Equals(header.Key, StringComparison.OrdinalIgnoreCase)))
            .Concat(ours.Select(own => new KeyValuePair<string, string>(own.Name, Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(own.Value)))))
            .Append(new KeyValuePair<string, string>("Host", request.Host));

    private static bool IsSigned(string name) =>
        name.StartsWith("x-amz-", StringComparison.OrdinalIgnoreCase) || name.Equals("Content-Type", StringComparison.OrdinalIgnoreCase);
}
