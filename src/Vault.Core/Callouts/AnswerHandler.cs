using System.Net;
using Vault.Core.Callouts.Bodies;
using Vault.Core.Primitives;
using Vault.Core.Redaction;

namespace Vault.Core.Callouts;

/// <summary>Makes the answer fit to hand on: decoded where it has to be read, echoes of secrets masked, counted and timed.</summary>
internal sealed class AnswerHandler : DelegatingHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var callout = CalloutMessage.Of(request);
        var answer = await base.SendAsync(request, cancellationToken);
        callout.HasAnswer = true;
        callout.IsDecoded = false;
        try
        {
            return await WrapAsync(callout, request, answer, cancellationToken);
        }
        catch
        {
            // Whatever went wrong: nobody else knows of the answer yet, and its connection has to be freed.
            answer.Dispose();
            throw;
        }
    }

    private static async Task<HttpResponseMessage> WrapAsync(
        Callout callout, HttpRequestMessage request, HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        if (AnswerHead.Fault(answer, callout.Request.IsUpgrade) is { } fault)
        {
            throw Refuse(callout, new VaultError(ErrorCodes.UpstreamUnreachable, $"The answer of {callout.Host} breaks the rules of HTTP: {fault}."));
        }

        if (answer.StatusCode is HttpStatusCode.SwitchingProtocols)
        {
            var connection = await answer.Content.ReadAsStreamAsync(cancellationToken);
            answer.Content = new AnswerContent(answer.Content, new AnswerStream(connection, callout, null), false);
            return answer;
        }

        // HEAD, 204 and 304 have no body, and their Content-Length speaks of another answer's.
        if (request.Method == HttpMethod.Head || answer.StatusCode is HttpStatusCode.NoContent or HttpStatusCode.NotModified)
        {
            callout.Idle.Pause();
            return answer;
        }

        if (answer.Content.Headers.ContentLength > callout.Admitted.Named.MaxResponseBytes)
        {
            throw Refuse(callout, new VaultError(ErrorCodes.UpstreamUnreachable, $"The answer of {callout.Host} is larger than maxResponseBytes."));
        }

        var body = await answer.Content.ReadAsStreamAsync(cancellationToken);
        var isSearched = callout.Echoes.IsOn && !IsGrpc(answer);
        if (isSearched)
        {
            var codings = answer.Content.Headers.NonValidated.TryGetValues("Content-Encoding", out var values) ? values.ToArray() : [];
            var decoded = ContentDecoding.Decode(codings, body);
            if (!decoded.IsOk)
            {
                throw Refuse(callout, decoded.Error);
            }

            callout.IsDecoded = !ReferenceEquals(decoded.Value, body);
            body = new RedactingStream(decoded.Value, callout.Echoes.Set);
        }

        body = new AnswerStream(body, callout, callout.Admitted.Named.MaxResponseBytes);
        answer.Content = new AnswerContent(answer.Content, body, callout.IsDecoded);
        return answer;
    }

    private static HttpRequestException Refuse(Callout callout, VaultError error)
    {
        callout.HasAnswer = false;
        callout.Error = error;
        return new HttpRequestException(error.Code);
    }

    private static bool IsGrpc(HttpResponseMessage answer) =>
        answer.Content.Headers.NonValidated.TryGetValues("Content-Type", out var types)
        && types.ToString().StartsWith("application/grpc", StringComparison.OrdinalIgnoreCase);
}
