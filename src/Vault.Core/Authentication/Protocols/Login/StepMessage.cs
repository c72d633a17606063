using System.Net;
using System.Text;
using Vault.Core.Authentication.Scopes;
using Vault.Core.Authentication.SignIns;
using Vault.Core.Authentication.Tokens;
using Vault.Core.Egress;
using Vault.Core.MergeFields;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Protocols.Login;

/// <summary>Makes the HTTP request of a step. Its host is checked before any secret is opened.</summary>
internal static class StepMessage
{
    /// <summary>Makes it; the body comes before the headers, which may be made of it.</summary>
    /// <param name="name">What it is, in words.</param>
    /// <param name="request">The settings.</param>
    /// <param name="context">Of the sign-in.</param>
    /// <param name="values">What the steps before gave.</param>
    public static Result<SignInRequest> Make(string name, LoginRequest request, TokenAcquisition context, StepValues values)
    {
        // 1 The origin, known without a secret.
        var origin = request.AbsoluteUrl ?? (Uri.TryCreate(context.NamedCredentialUrl, UriKind.Absolute, out var own) ? own : null);
        if (origin is null)
        {
            return new VaultError(ErrorCodes.TokenRequestFailed, "Its url is relative, and no named credential is in use.");
        }

        if (context.JudgeHost(origin) is { } reason)
        {
            return new VaultError(ErrorCodes.TokenRequestFailed, $"The host {origin.Authority} {reason}.");
        }

        // 2 Every name, before anything is resolved.
        byte[] sent = [];
        var facts = context.FactsOf(request.Method.Method);
        var scope = new CredentialScope(context.Credential, context.Parameters, facts)
        {
            User = context.User,
            EndpointUrl = context.NamedCredentialUrl,
            TokenNames = values.Names,
            Token = values,
            Body = () => sent,
        };
        if (request.References.Select(placed => scope.Check(placed.Reference)).FirstOrDefault(error => error is not null) is { } unknown)
        {
            return unknown;
        }

        // 3 The URL.
        var uri = MakeUrl(request, context, scope, origin);
        if (!uri.IsOk)
        {
            return uri.Error;
        }

        facts.Host = uri.Value.Authority;
        facts.SentPath = uri.Value.AbsolutePath;

        // 4 The body, then the headers.
        if (request.Body is { } body)
        {
            var bytes = body.Render(scope);
            if (!bytes.IsOk)
            {
                return bytes.Error;
            }

            sent = bytes.Value;
        }

        var message = MakeMessage(request, scope, uri.Value, sent);
        return message.IsOk ? new SignInRequest(name, message.Value, () => Mask(request, context, scope, facts, shown => sent = shown)) : message.Error;
    }

    // The same once more with every secret a mask; only for a trace, after the request itself was made.
    private static MaskedRequest Mask(LoginRequest request, TokenAcquisition context, CredentialScope scope, RequestFacts facts, Action<byte[]> setBody)
    {
        var masked = new MaskedScope(scope);
        var path = Show(request.Url.Resolve(masked, MergeEscaping.Percent));
        var query = string.Join('&', request.Query.Select(parameter => parameter.Resolve(masked, MergeEscaping.Percent).Value ?? "(not shown)"));
        var url = request.AbsoluteUrl is null ? StepUrl.Join(context.ShownUrl ?? context.NamedCredentialUrl ?? "", path) : path;
        facts.SentPath = Uri.TryCreate(url, UriKind.Absolute, out var shownUrl) ? shownUrl.AbsolutePath : "";
        var body = request.Body?.Render(masked).Value;
        setBody(body ?? []);
        return new MaskedRequest(
            request.Method.Method,
            query.Length == 0 ? url : url + (url.Contains('?', StringComparison.Ordinal) ? "&" : "?") + query,
            [
                .. request.Headers.Select(header => new MaskedHeader(header.Name, Show(header.Template.Resolve(masked, MergeEscaping.None)))),
                .. request.Body?.ContentType is { } type ? new[] { new MaskedHeader("Content-Type", type) } : [],
            ],
            request.Body is null ? null : body is null ? "(not shown)" : Encoding.UTF8.GetString(body));

        static string Show(Result<MergeOutput> output) => output.IsOk ? output.Value.Text : "(not shown)";
    }

    private static Result<Uri> MakeUrl(LoginRequest request, TokenAcquisition context, CredentialScope scope, Uri origin)
    {
        var path = request.Url.Resolve(scope, MergeEscaping.Percent);
        if (!path.IsOk)
        {
            return path.Error;
        }

        var query = new StringBuilder();
        foreach (var parameter in request.Query)
        {
            var pair = parameter.Resolve(scope, MergeEscaping.Percent);
            if (!pair.IsOk)
            {
                return pair.Error;
            }

            query.Append(query.Length == 0 ? "" : "&").Append(pair.Value);
        }

        var url = request.AbsoluteUrl is null ? StepUrl.Join(context.NamedCredentialUrl ?? "", path.Value.Text) : path.Value.Text;
        return StepUrl.Finish(url, query.ToString(), origin) is { } uri
            ? uri
            : new VaultError(ErrorCodes.TokenRequestFailed, $"The URL for {origin.Authority} is none once it is filled in.");
    }

    private static Result<HttpRequestMessage> MakeMessage(LoginRequest request, CredentialScope scope, Uri uri, byte[] sent)
    {
        var message = new HttpRequestMessage(request.Method, uri)
        {
            Version = uri.Scheme == Uri.UriSchemeHttps ? HttpVersion.Version20 : HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,

            // Without a content HttpClient may send it again where the connection ends before an answer comes.
            Content = request.Body is null && HttpMessages.MayBeRepeated(request.Method) ? null : new ByteArrayContent(request.Body is null ? [] : sent),
        };
        if (request.Body?.ContentType is { } contentType)
        {
            message.Content?.Headers.TryAddWithoutValidation("Content-Type", contentType);
        }

        if (!request.Headers.Any(header => header.Name.Equals("Accept-Encoding", StringComparison.OrdinalIgnoreCase)))
        {
            // The answer is read as it comes; a coding would hide it from extract.
            message.Headers.TryAddWithoutValidation("Accept-Encoding", "identity");
        }

        if (AddHeaders(message, request, scope) is { } error)
        {
            message.Dispose();
            return error;
        }

        return message;
    }

    private static VaultError? AddHeaders(HttpRequestMessage message, LoginRequest request, CredentialScope scope)
    {
        foreach (var header in request.Headers)
        {
            var value = header.Template.Resolve(scope, MergeEscaping.None);
            if (!value.IsOk)
            {
                return value.Error;
            }

            if (!IsHeaderValue(value.Value.Text))
            {
                return new VaultError(ErrorCodes.SecretNotAHeaderValue, $"A value for the header {header.Name} has a control character, or white space at its ends.");
            }

            // Header values are strings of bytes; see docs/decisions/0001.
            var bytes = Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(value.Value.Text));
            if (!message.Headers.TryAddWithoutValidation(header.Name, bytes))
            {
                message.Content ??= new ByteArrayContent([]);
                message.Content.Headers.Remove(header.Name);
                message.Content.Headers.TryAddWithoutValidation(header.Name, bytes);
            }
        }

        return null;
    }

    private static bool IsHeaderValue(string text) =>
        text.All(c => !char.IsControl(c) || c == '\t') && text.AsSpan().Trim(" \t").Length == text.Length;
}
