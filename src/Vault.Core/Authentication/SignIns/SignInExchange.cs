using Vault.Core.Authentication.Tokens;
using Vault.Core.Egress;
using Vault.Core.Primitives;
using Vault.Core.Redaction;

namespace Vault.Core.Authentication.SignIns;

/// <summary>Sends the requests of sign-ins: nothing is followed, no cookie is kept, an answer is read up to 1 MiB.</summary>
internal static class SignInExchange
{
    private const int AnswerLimit = 1024 * 1024;

    /// <summary>Sends one; <c>token-request-failed</c> or <c>egress-denied</c> where there is no answer to read. The request is disposed.</summary>
    public static async Task<Result<SignInAnswer>> SendAsync(TokenAcquisition context, SignInRequest request, CancellationToken cancellationToken)
    {
        using var message = request.Message;
        var host = message.RequestUri!.Authority;
        if (context.JudgeHost(message.RequestUri) is { } reason)
        {
            return Failed($"{request.Name}: the host {host} {reason}.");
        }

        var masked = context.Trace is null ? null : request.Masked();
        var started = context.Time.GetTimestamp();
        MaskedAnswer? traced = null;
        try
        {
            using var response = await context.Http.SendAsync(message, cancellationToken);
            var body = await ReadAsync(response, cancellationToken);
            traced = Mask(response, body);
            return body is null
                ? Failed($"{request.Name} to {host} was answered with more than 1 MiB.", SignInAdvice.OfAnotherAnswer)
                : new SignInAnswer(response, body, $"{request.Name} to {host}", message.RequestUri);
        }
        catch (HttpRequestException exception) when (EgressDeniedException.IsCauseOf(exception))
        {
            return new VaultError(ErrorCodes.EgressDenied, $"{request.Name}: {host} may not be reached from this vault (Vault:Egress:AllowedNetworks).");
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            return Failed($"{request.Name} to {host} failed: {Reason(exception)}.", ConnectionAdvice.Of(exception, message.RequestUri.Scheme == Uri.UriSchemeHttps));
        }
        catch (Exception exception) when (exception is InvalidDataException or InvalidOperationException)
        {
            return Failed($"{request.Name} to {host} was answered with a Content-Encoding that can't be decoded.", SignInAdvice.OfAnotherAnswer);
        }
        catch (OperationCanceledException)
        {
            return Failed($"{request.Name} to {host} was not answered in time.", ConnectionAdvice.OfSilence);
        }
        finally
        {
            if (masked is not null)
            {
                context.Trace!.Add(new TracedStep(
                    request.Name, masked.Url, traced?.Status, Math.Round(context.Time.GetElapsedTime(started).TotalMilliseconds, 1), masked, traced));
            }
        }
    }

    /// <summary>A failure of a token request.</summary>
    /// <param name="detail">What went wrong.</param>
    /// <param name="advice">What to look at; null: the detail says it.</param>
    public static VaultError Failed(string detail, string? advice = null) => new(ErrorCodes.TokenRequestFailed, detail) { Advice = advice };

    /// <summary>A failure for the status of an answer.</summary>
    public static VaultError Refused(SignInAnswer answer) => Failed(answer.Outcome + ".", SignInAdvice.Of(answer));

    internal static string Reason(Exception exception) => (exception as HttpRequestException)?.HttpRequestError switch
    {
        _ when exception.InnerException is HttpRequestException { HttpRequestError: HttpRequestError.ProxyTunnelError } =>
            "the proxy (Vault:Egress:Proxy) let no connection through",
        HttpRequestError.NameResolutionError => "its name was not found",
        HttpRequestError.ConnectionError => "no connection could be made",
        HttpRequestError.SecureConnectionError => "TLS failed (certificate, name or version)",
        _ => "the service could not be reached, or did not speak HTTP",
    };

    private static MaskedAnswer Mask(HttpResponseMessage response, byte[]? body) => MaskedAnswer.Of(
        (int)response.StatusCode,
        response.Content.Headers.ContentType?.MediaType,
        body?.Length ?? AnswerLimit + 1L,
        response.Headers.NonValidated.Select(header => header.Key).Concat(response.Content.Headers.NonValidated.Select(header => header.Key)));

    /// <summary>Reads an answer, decoded (some services compress whatever they are asked for); null: it is longer than 1 MiB.</summary>
    /// <exception cref="InvalidDataException">It is in a coding that isn't known, or not in the one that it says.</exception>
    internal static async Task<byte[]?> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        IEnumerable<string> codings = response.Content.Headers.NonValidated.TryGetValues("Content-Encoding", out var named) ? named : Enumerable.Empty<string>();
        var decoded = ContentDecoding.Decode(codings, await response.Content.ReadAsStreamAsync(cancellationToken));
        await using var stream = decoded.IsOk ? decoded.Value : throw new InvalidDataException(decoded.Error.Detail);
        using var memory = new MemoryStream();
        var buffer = new byte[16 * 1024];
        int read;
        while ((read = await stream.ReadAsync(buffer, cancellationToken)) > 0)
        {
            memory.Write(buffer, 0, read);
            if (memory.Length > AnswerLimit)
            {
                return null;
            }
        }

        return memory.ToArray();
    }
}
