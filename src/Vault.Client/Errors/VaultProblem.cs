using System.Text.Json;

namespace Vault.Client.Errors;

/// <summary>Reads the vault's problem documents (RFC 9457).</summary>
internal static class VaultProblem
{
    /// <summary>On every answer that the vault made itself, and on none of a service.</summary>
    public const string ErrorHeader = "X-Vault-Error";

    private const int MaxLength = 64 * 1024;

    /// <summary>The exception for an answer, which is disposed of.</summary>
    public static async Task<VaultException> ReadAsync(HttpResponseMessage response, string code, CancellationToken cancellationToken)
    {
        using (response)
        {
            var problem = await ReadProblemAsync(response, cancellationToken).ConfigureAwait(false);
            var detail = Text(problem, "detail") ?? Text(problem, "title") ?? "The vault refused the call.";
            var status = response.StatusCode;
            var requestId = response.Headers.TryGetValues("X-Vault-Request-Id", out var ids) ? ids.FirstOrDefault() : null;
            var wait = response.Headers.RetryAfter?.Delta;
            return code switch
            {
                VaultErrorCodes.Unauthenticated or VaultErrorCodes.CalloutNotGranted or VaultErrorCodes.RequestNotAllowed or VaultErrorCodes.NamedCredentialDisabled
                    or VaultErrorCodes.EgressDenied => new VaultAccessException(code, detail, status) { RequestId = requestId, RetryAfter = wait },
                VaultErrorCodes.CredentialNotConfigured or VaultErrorCodes.UserRequired => new VaultNotConfiguredException(code, detail, status)
                {
                    RequestId = requestId,
                    RetryAfter = wait,
                    AuthorizationUrl = Uri.TryCreate(Text(problem, "authorizationUrl"), UriKind.Absolute, out var url) ? url : null,
                },
                VaultErrorCodes.MergeFieldInvalid or VaultErrorCodes.MergeUnsupportedContent or VaultErrorCodes.SecretNotAHeaderValue or VaultErrorCodes.BodyTooLarge =>
                    new VaultRequestException(code, detail, status) { RequestId = requestId, RetryAfter = wait },
                VaultErrorCodes.RateLimited => new VaultRateLimitedException(code, detail, status) { RequestId = requestId, RetryAfter = wait },
                VaultErrorCodes.TokenRequestFailed or VaultErrorCodes.UpstreamUnreachable or VaultErrorCodes.UpstreamTimeout or VaultErrorCodes.ResponseNotInspectable =>
                    new VaultUpstreamException(code, detail, status) { RequestId = requestId, RetryAfter = wait },
                VaultErrorCodes.AuditUnavailable or VaultErrorCodes.StorageUnavailable => new VaultUnavailableException(code, detail, status) { RequestId = requestId, RetryAfter = wait },
                _ => new VaultException(code, detail, status) { RequestId = requestId, RetryAfter = wait },
            };
        }
    }

    private static async Task<JsonElement?> ReadProblemAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        using var body = new MemoryStream();
        using var stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        var buffer = new byte[4096];
        int read;
        while (body.Length < MaxLength && (read = await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
        {
            body.Write(buffer, 0, read);
        }

        try
        {
            return JsonSerializer.Deserialize<JsonElement>(body.GetBuffer().AsSpan(0, (int)body.Length));
        }
        catch (JsonException)
        {
            // An answer to HEAD has no body; the code says enough.
            return null;
        }
    }

    private static string? Text(JsonElement? problem, string property) =>
        problem is { ValueKind: JsonValueKind.Object } document && document.TryGetProperty(property, out var value) && value.ValueKind is JsonValueKind.String ? value.GetString() : null;
}
