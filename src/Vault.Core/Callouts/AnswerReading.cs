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
        if (AnswerHead.Fault(answer, callout.Request) is { } fault)
        {
            throw Refuse(callout, new VaultError(ErrorCodes.UpstreamUnreachable, $"The answer of {callout.Host} breaks the rules of HTTP: {fault}."));
        }

        if (answer.StatusCode is HttpStatusCode.SwitchingProtocols)
        {
            answer.Content = new AnswerContent(answer.Content, new AnswerStream(answer.Content.ReadAsStream(), callout, null));
            return;
        }

        // HEAD, 204 and 304 have no body, and the headers of HEAD and 304 speak of the answer to a GET, which would have been decoded.
        if (request.Method == HttpMethod.Head || answer.StatusCode is HttpStatusCode.NoContent or HttpStatusCode.NotModified)
        {
            callout.IsDecoded = answer.StatusCode is not HttpStatusCode.NoContent && IsSearched(callout, answer)
                && Decode(answer, Stream.Null) is { IsOk: true } plain && plain.Value != Stream.Null;
            if (answer.Version.Major > 1 && request.Method != HttpMethod.Head)
            {
                ExpectNothing(callout, answer);
                return;
            }

            callout.Idle.Pause();
            return;
        }

        // It has none either, but may say so in any way (RFC 9110 section 15.3.6).
        if (answer.StatusCode is HttpStatusCode.ResetContent)
        {
            ExpectNothing(callout, answer);
            return;
        }

        var named = callout.Admitted.Named;

        // The head is there, the body comes as it is read: this waits for nothing.
        var body = answer.Content.ReadAsStream();
        if (IsSearched(callout, answer))
        {
            // Many pieces may have to come before there is one to hand on.
            var content = answer.Content.Headers.NonValidated.Contains("Content-Encoding") ? new TimedStream(body, callout.Idle, MostCoded(named.MaxResponseBytes), () => TooLarge(callout)) : body;
            var decoded = Decode(answer, content);
            if (!decoded.IsOk)
            {
                throw Refuse(callout, decoded.Error);
            }

            callout.IsDecoded = !ReferenceEquals(decoded.Value, content);
            body = new RedactingStream(decoded.Value, callout.Echoes.Set, callout.Echoes.Work);
        }

        // Decoded bytes count. How many those will be nobody knows yet, but there is no need for many more coded ones.
        if (answer.Content.Headers.ContentLength > (callout.IsDecoded ? MostCoded(named.MaxResponseBytes) : named.MaxResponseBytes))
        {
            throw Refuse(callout, TooLarge(callout));
        }

        // Whether it is what its Content-Encoding says shows in its first bytes. Not for a caller who may wait for the head: events may be long in
        // coming, and more of the request may follow only then.
        var holdsHead = callout.IsDecoded && !IsOf(answer, "text/event-stream") && callout.Sending is not { Sent.IsCompleted: false };
        answer.Content = new AnswerContent(answer.Content, new AnswerStream(body, callout, named.MaxResponseBytes, holdsHead, callout.IsDecoded ? null : answer.Content.Headers.ContentLength));
    }

    // Over HTTP/2 nobody below looks whether something comes all the same; none of it can be handed on.
    private static void ExpectNothing(Callout callout, HttpResponseMessage answer) =>
        answer.Content = new AnswerContent(answer.Content, new AnswerStream(answer.Content.ReadAsStream(), callout, null, holdsHead: true, length: 0));

    // Pieces that are handed on one by one get longer when they are coded; this stops what nothing, or next to nothing, is decoded from.
    private static long? MostCoded(long? most) => most < long.MaxValue / 32 ? (most * 16) + (64 * 1024) : null;

    /// <summary>The error of an answer that has more than it may have.</summary>
    public static VaultError TooLarge(Callout callout) =>
        new(ErrorCodes.UpstreamUnreachable, $"The answer of {callout.Host} is larger than maxResponseBytes.");

    private static HttpRequestException Refuse(Callout callout, VaultError error)
    {
        callout.HasAnswer = false;
        callout.Error = error;
        return new HttpRequestException(error.Code);
    }

    private static bool IsSearched(Callout callout, HttpResponseMessage answer) => callout.Echoes.IsOn && !(callout.Request.IsGrpc && IsOf(answer, "application/grpc"));

    private static Result<Stream> Decode(HttpResponseMessage answer, Stream body) =>
        answer.Content.Headers.NonValidated.TryGetValues("Content-Encoding", out var codings) ? ContentDecoding.Decode([.. codings], body) : body;

    private static bool IsOf(HttpResponseMessage answer, string type) =>
        answer.Content.Headers.NonValidated.TryGetValues("Content-Type", out var types)
        && types.ToString().StartsWith(type, StringComparison.OrdinalIgnoreCase);
}
