using System.Net;
using Vault.Core.Callouts.Bodies;
using Vault.Core.Primitives;
using Vault.Core.Redaction;

namespace Vault.Core.Callouts;

/// <summary>Makes an answer fit to hand on: judged, decoded where it has to be read, echoes of secrets masked, counted and timed.</summary>
internal static class AnswerReading
{
    /// <summary>Puts the reading between the answer and whoever takes it.</summary>
    /// <exception cref="HttpRequestException">The answer can't be handed on; the callout's error says why.</exception>
    public static void Wrap(Callout callout, HttpRequestMessage request, HttpResponseMessage answer)
    {
        callout.HasAnswer = true;
        callout.IsDecoded = false;
        if (AnswerHead.Fault(answer, callout.Request.IsUpgrade) is { } fault)
        {
            throw Refuse(callout, new VaultError(ErrorCodes.UpstreamUnreachable, $"The answer of {callout.Host} breaks the rules of HTTP: {fault}."));
        }

        if (answer.StatusCode is HttpStatusCode.SwitchingProtocols)
        {
            answer.Content = new AnswerContent(answer.Content, new AnswerStream(answer.Content.ReadAsStream(), callout, null));
            return;
        }

        // HEAD, 204 and 304 have no body, and their Content-Length speaks of another answer's.
        if (request.Method == HttpMethod.Head || answer.StatusCode is HttpStatusCode.NoContent or HttpStatusCode.NotModified)
        {
            callout.Idle.Pause();
            return;
        }

        var named = callout.Admitted.Named;
        if (named.MaxResponseBytes is { } most && answer.Content.Headers.ContentLength > most)
        {
            throw Refuse(callout, new VaultError(ErrorCodes.UpstreamUnreachable, $"The answer of {callout.Host} is larger than maxResponseBytes."));
        }

        // The head is there, the body comes as it is read: this waits for nothing.
        var body = answer.Content.ReadAsStream();
        var isSearched = callout.Echoes.IsOn && !IsGrpc(answer);
        if (isSearched)
        {
            var decoded = answer.Content.Headers.NonValidated.TryGetValues("Content-Encoding", out var codings)
                ? ContentDecoding.Decode([.. codings], body)
                : body;
            if (!decoded.IsOk)
            {
                throw Refuse(callout, decoded.Error);
            }

            callout.IsDecoded = !ReferenceEquals(decoded.Value, body);
            body = new RedactingStream(decoded.Value, callout.Echoes.Set);
        }

        answer.Content = new AnswerContent(answer.Content, new AnswerStream(body, callout, named.MaxResponseBytes));
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
