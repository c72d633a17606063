using System.Text;
using Vault.Core.Authentication;
using Vault.Core.Callouts.Attempts;
using Vault.Core.Callouts.Bodies;

namespace Vault.Core.Callouts;

/// <summary>
/// Reads from the answer whether the token is dead (<c>refreshOn</c>), or a challenge is to be answered. Then the callout is sent
/// once more, everything resolved and signed anew; the caller sees the second answer.
/// </summary>
internal sealed class DeadTokenHandler(CalloutAttempts attempts) : DelegatingHandler
{
    /// <summary>How much of an answer's body is searched for a sign.</summary>
    private const int SearchLimit = 64 * 1024;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var callout = CalloutMessage.Of(request);
        var answer = await base.SendAsync(request, cancellationToken);
        if (IsChallenge(callout, answer))
        {
            return callout.Body.CanRecall ? await SendAgainAsync(request, callout, answer, cancellationToken) : answer;
        }

        if (callout.Attempt is not { Token: not null } attempt || callout.Plan.External.Authentication.Tokens is not { } protocol)
        {
            return answer;
        }

        if (!await IsDeadAsync(answer, protocol.RefreshOn, cancellationToken))
        {
            NoteWorked(callout, answer);
            return answer;
        }

        var mayRenew = await attempts.GiveUpAsync(attempt, cancellationToken);
        var isReplayable = callout.Admitted.Named.RetryOnUnauthorized && !callout.Request.IsGrpc && !callout.Request.IsUpgrade && callout.Body.CanRecall;
        return mayRenew && isReplayable ? await SendAgainAsync(request, callout, answer, cancellationToken) : answer;
    }

    // A challenge is part of signing in, not a retry: retryOnUnauthorized has no say in it.
    private static bool IsChallenge(Callout callout, HttpResponseMessage answer) =>
        callout.Attempt?.Signed is { } signed && callout.Plan.Signing is { } signing && !callout.Request.IsGrpc
        && signing.TakeChallenge(
            signed, (int)answer.StatusCode, answer.Headers.NonValidated.TryGetValues("WWW-Authenticate", out var values) ? [.. values] : []);

    private async Task<HttpResponseMessage> SendAgainAsync(
        HttpRequestMessage request, Callout callout, HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        // The first answer goes, and with it whatever still reads the caller's body.
        answer.Dispose();
        callout.HasAnswer = false;
        if (callout.Sending is { } sending)
        {
            await sending.Sent.WaitAsync(callout.Cancellation);
        }

        callout.Idle.Pause();
        var body = await callout.Body.RecallAsync(callout.Cancellation);
        var second = await attempts.BuildAsync(callout, body, callout.Cancellation);
        if (!second.IsOk)
        {
            callout.Error = second.Error;
            throw new HttpRequestException(second.Error.Code);
        }

        callout.Attempt = second.Value;
        CalloutMessage.Fill(request, second.Value);
        var secondAnswer = await base.SendAsync(request, cancellationToken);
        NoteWorked(callout, secondAnswer);
        return secondAnswer;
    }

    private void NoteWorked(Callout callout, HttpResponseMessage answer)
    {
        if ((int)answer.StatusCode < 400 && callout.Attempt is { Token: not null } attempt)
        {
            attempts.NoteWorked(attempt);
        }
    }

    private static async Task<bool> IsDeadAsync(HttpResponseMessage answer, IReadOnlyList<DeadTokenSign> signs, CancellationToken cancellationToken)
    {
        var status = (int)answer.StatusCode;
        var texts = new List<byte[]>();
        foreach (var sign in signs)
        {
            if (sign.Status == status)
            {
                if (sign.BodyContains is null)
                {
                    return true;
                }

                texts.Add(Encoding.UTF8.GetBytes(sign.BodyContains));
            }
        }

        if (texts.Count == 0)
        {
            return false;
        }

        var body = await answer.Content.ReadAsStreamAsync(cancellationToken);
        var head = new byte[SearchLimit];
        var count = await body.ReadAtLeastAsync(head, SearchLimit, throwOnEndOfStream: false, cancellationToken);
        answer.Content = new AnswerContent(answer.Content, new PrefixedStream(head.AsMemory(0, count), body, ownsRest: true), isDecoded: false);
        return texts.Exists(text => head.AsSpan(0, count).IndexOf(text) >= 0);
    }
}
