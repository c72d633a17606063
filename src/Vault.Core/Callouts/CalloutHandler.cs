using Vault.Core.Callouts.Attempts;
using Vault.Core.Egress;

namespace Vault.Core.Callouts;

/// <summary>
/// The way of one callout from its attempt down to the connections and back. Sends it; makes the answer fit to hand on
/// (<see cref="AnswerReading"/>); and where the answer says that the token is dead, or challenges, sends it once more, everything
/// resolved and signed anew (<see cref="SecondAttempt"/>): the caller sees the second answer. One handler rather than a chain: each link
/// of a chain is one more state to keep for every callout.
/// </summary>
internal sealed class CalloutHandler(UpstreamConnections connections, CalloutAttempts attempts, CalloutStanding standing) : HttpMessageHandler
{
    private readonly SecondAttempt _second = new(attempts, standing);

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        throw new InvalidOperationException("Whose message is it?");

    /// <summary>Sends the callout's attempt; the message carries it already, save its body.</summary>
    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, Callout callout, CancellationToken cancellationToken)
    {
        for (var isFirst = true; ; isFirst = false)
        {
            // 1 The body of the attempt, and its sending, timed.
            AttemptContent.PutOn(request, callout);
            HttpResponseMessage answer;
            callout.Idle.Touch();
            try
            {
                // The callout's own token ends with the caller and with its time; YARP's ends with the caller.
                answer = await (callout.Http ?? connections.Invoker).SendAsync(request, callout.Cancellation).ConfigureAwait(false);
            }
            catch (Exception exception) when (callout.Error is null && !callout.Request.Aborted.IsCancellationRequested)
            {
                // YARP turns any exception into an answer; what it was about is known here and nowhere else.
                callout.Error = CalloutFaults.ToError(exception, callout);
                throw;
            }
            finally
            {
                callout.Idle.Touch();
            }

            // 2 The answer; 3 once more, or done.
            try
            {
                AnswerReading.Wrap(callout, request, answer);
                if (!isFirst)
                {
                    _second.NoteLast(callout, answer);
                    return answer;
                }

                if (!await _second.IsNeededAsync(callout, answer, cancellationToken).ConfigureAwait(false))
                {
                    return answer;
                }

                if (callout.Request.Trace?.Replaced is { } told)
                {
                    await told(answer).ConfigureAwait(false);
                }
            }
            catch (Exception exception)
            {
                // Whatever went wrong: nobody else knows of the answer yet. Its connection has to be freed, and it is told and recorded
                // like one that never came.
                answer.Dispose();
                callout.HasAnswer = false;
                callout.Error ??= callout.Request.Aborted.IsCancellationRequested ? null : CalloutFaults.ToError(exception, callout);
                throw;
            }

            await _second.PrepareAsync(request, callout, answer).ConfigureAwait(false);
        }
    }
}
