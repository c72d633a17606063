using System.Net;
using System.Text;
using Vault.Core.Authentication.Scopes;
using Vault.Core.Authentication.Tokens;
using Vault.Core.MergeFields;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Protocols.Login;

/// <summary>Makes the HTTP request of a step. Its host is checked before any secret is opened.</summary>
internal static class StepMessage
{
    public static Result<HttpRequestMessage> Make(LoginRequest request, TokenAcquisition context, CredentialScope scope)
    {
        // 1 The origin, known without a secret.
        var origin = request.AbsoluteUrl ?? (Uri.TryCreate(context.NamedCredentialUrl, UriKind.Absolute, out var own) ? own : null);
        if (origin is null || !context.IsHostAllowed(origin))
        {
            return new VaultError(ErrorCodes.TokenRequestFailed, $"The host {origin?.Authority} is not in allowedHosts.");
        }

        // 2 The URL.
        var path = request.Url.Resolve(scope, MergeEscaping.Percent);
        if (!path.IsOk)
        {
            return path.Error;
        }

        var query = new StringBuilder();
        foreach (var parameter in request.Query)
        {
            var value = parameter.Template.Resolve(scope, MergeEscaping.Percent, escapeLiterals: true);
            if (!value.IsOk)
            {
                return value.Error;
            }

            query.Append(query.Length == 0 ? "" : "&").Append(Uri.EscapeDataString(parameter.Name)).Append('=').Append(value.Value.Text);
        }

        var url = request.AbsoluteUrl is null ? StepUrl.Join(context.NamedCredentialUrl!, path.Value.Text) : path.Value.Text;
        var message = new HttpRequestMessage(request.Method, StepUrl.Finish(url, query.ToString()))
        {
            Version = origin.Scheme == Uri.UriSchemeHttps ? HttpVersion.Version20 : HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        if (Fill(message, request, scope) is { } error)
        {
            message.Dispose();
            return error;
        }

        return message;
    }

    // 3 Body and headers.
    private static VaultError? Fill(HttpRequestMessage message, LoginRequest request, CredentialScope scope)
    {
        if (request.Body is { } body)
        {
            var text = body.Render(scope);
            if (!text.IsOk)
            {
                return text.Error;
            }

            message.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(text.Value));
            if (body.ContentType is not null)
            {
                message.Content.Headers.TryAddWithoutValidation("Content-Type", body.ContentType);
            }
        }

        foreach (var header in request.Headers)
        {
            var value = header.Template.Resolve(scope, MergeEscaping.None);
            if (!value.IsOk)
            {
                return value.Error;
            }

            if (value.Value.Text.Any(c => char.IsControl(c) && c != '\t'))
            {
                return new VaultError(ErrorCodes.SecretNotAHeaderValue, $"A value for the header {header.Name} has a control character.");
            }

            // Header values are strings of bytes; see docs/decisions/0001.
            var bytes = Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(value.Value.Text));
            message.Headers.Remove(header.Name);
            if (!message.Headers.TryAddWithoutValidation(header.Name, bytes))
            {
                message.Content ??= new ByteArrayContent([]);
                message.Content.Headers.Remove(header.Name);
                message.Content.Headers.TryAddWithoutValidation(header.Name, bytes);
            }
        }

        return null;
    }
}
