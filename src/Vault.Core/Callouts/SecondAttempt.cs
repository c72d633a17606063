using System.Text;
using Vault.Core.Authentication;
using Vault.Core.Callouts.Attempts;
using Vault.Core.Callouts.Bodies;
using Vault.Core.Redaction;

namespace Vault.Core.Callouts;

/// <summary>Reads from an answer whether the token is dead (<c>refreshOn</c>), or a challenge is to be answered, and makes the second attempt.</summary>
internal sealed class SecondAttempt(CalloutAttempts attempts, CalloutStanding standing)
{
    /// <summary>How much of an answer's body is searched for a sign.</summary>
    private const int SearchLimit = 64 * 1024;

    /// <summary>How much of it is read for that, as it came: no coding makes content that much longer, save one that is there for nothing else.</summary>
    private const int RecordLimit = 2 * SearchLimit;

    /// <summary>Whether the callout is to be sent once more, which it isn't where it wouldn't be let in any more; a token that is dead is given up in any case.</summary>
    public async ValueTask<bool> IsNeededAsync(Callout callout, HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        if (await IsChallengeAsync(callout, answer))
        {
            return await StandsAsync(callout);
        }

        if (answer.StatusCode is System.Net.HttpStatusCode.Unauthorized)
        {
            callout.Credentials.NoteRefused();
        }
        else
        {
            NoteAccepted(callout, answer);
        }

        return callout.Attempt is { Token: not null } attempt && callout.Plan.External.Authentication.Tokens is { } protocol
            && await GiveUpIfDeadAsync(callout, attempt, protocol, answer, cancellationToken);
    }

    /// <summary>The second answer is the caller's, whatever it says; what it says of token and credentials is noted.</summary>
    public void NoteLast(Callout callout, HttpResponseMessage answer)
    {
        if (answer.StatusCode is System.Net.HttpStatusCode.Unauthorized)
        {
            callout.Credentials.NoteRefused();
            return;
        }

        NoteAccepted(callout, answer);
        NoteWorked(callout, answer);
    }

    private async ValueTask<bool> StandsAsync(Callout callout) => await UntimedAsync(callout, standing.JudgeAsync(callout, wasSent: true)) is null;

    // The database or the caller is waited for: timeoutSeconds is upstream's.
    private static async ValueTask<T> UntimedAsync<T>(Callout callout, ValueTask<T> waiting)
    {
        if (waiting.IsCompleted)
        {
            return await waiting;
        }

        callout.PauseTimeout();
        try
        {
            return await waiting;
        }
        finally
        {
            callout.RestartTimeout();
        }
    }

    private static void NoteAccepted(Callout callout, HttpResponseMessage answer)
    {
        if (callout.Attempt?.Signed is { } signed)
        {
            callout.Plan.Signing?.NoteAccepted(signed, ValuesOf(answer, "Authentication-Info"));
        }
    }

    private static string[] ValuesOf(HttpResponseMessage answer, string header) => answer.Headers.NonValidated.TryGetValues(header, out var values) ? [.. values] : [];

    private void NoteWorked(Callout callout, HttpResponseMessage answer)
    {
        if ((int)answer.StatusCode < 400 && callout.Attempt is { Token: not null } attempt)
        {
            attempts.NoteWorked(attempt);
        }
    }

    /// <summary>Puts a second attempt on the message in place of the first, whose answer goes.</summary>
    /// <exception cref="HttpRequestException">There can be no second one; the callout's error says why.</exception>
    public async ValueTask PrepareAsync(HttpRequestMessage request, Callout callout, HttpResponseMessage answer)
    {
        // The first answer goes, and with it whatever still reads the caller's body.
        answer.Dispose();
        callout.HasAnswer = false;
        await callout.StopSendingAsync().WaitAsync(callout.Cancellation).ConfigureAwait(false);

        callout.Idle.Pause();
        var body = await callout.Body.RecallAsync(callout.Cancellation).ConfigureAwait(false);

        // It may have waited for the rest of the body, and then for a token.
        var fallen = await standing.JudgeAsync(callout, wasSent: true).ConfigureAwait(false);
        var second = fallen ?? await attempts.BuildAsync(callout, body, callout.Cancellation).ConfigureAwait(false);
        if ((await standing.JudgeAsync(callout, wasSent: true).ConfigureAwait(false) ?? second.Error) is { } error)
        {
            callout.Error = error;
            throw new HttpRequestException(error.Code);
        }

        callout.Attempt = second.Value!;
        CalloutMessage.Refill(request, callout.Attempt, callout.Request.IsUpgrade);
    }

    // A challenge is part of signing in, not a retry: retryOnUnauthorized has no say in it. Where an admin's own header stands in the place of the answer there is none.
    private static async ValueTask<bool> IsChallengeAsync(Callout callout, HttpResponseMessage answer)
    {
        if (callout.Attempt?.Signed is not { } signed || callout.Plan.Signing is not { } signing || callout.Request.IsGrpc || callout.Plan.CustomHeaderNames.Contains("Authorization"))
        {
            return false;
        }

        var challenges = ValuesOf(answer, "WWW-Authenticate");
        var canRecall = answer.StatusCode is System.Net.HttpStatusCode.Unauthorized && challenges.Length > 0 && await CanRecallAsync(callout);
        callout.Challenge = signing.TakeChallenge(signed, (int)answer.StatusCode, challenges, canRecall);
        return canRecall && callout.Challenge is not null;
    }

    private static ValueTask<bool> CanRecallAsync(Callout callout) =>
        UntimedAsync(callout, callout.Body.CanRecallAsync(callout.Sending?.Sent ?? Task.CompletedTask, callout.Idle.Time, callout.Request.Aborted));

    private async ValueTask<bool> GiveUpIfDeadAsync(
        Callout callout, CalloutAttempt attempt, ITokenProtocol protocol, HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        if (!await IsDeadAsync(callout, answer, protocol.RefreshOn, cancellationToken))
        {
            NoteWorked(callout, answer);
            return false;
        }

        var mayRenew = await UntimedAsync(callout, attempts.GiveUpAsync(attempt, cancellationToken));
        return mayRenew && callout.Admitted.Named.RetryOnUnauthorized && !callout.Request.IsGrpc && !callout.Request.IsUpgrade && await CanRecallAsync(callout)
            && await StandsAsync(callout);
    }

    private static ValueTask<bool> IsDeadAsync(Callout callout, HttpResponseMessage answer, IReadOnlyList<DeadTokenSign> signs, CancellationToken cancellationToken)
    {
        var status = (int)answer.StatusCode;
        List<byte[]>? texts = null;
        foreach (var sign in signs)
        {
            if (sign.Status == status)
            {
                if (sign.BodyContains is null)
                {
                    return ValueTask.FromResult(true);
                }

                (texts ??= []).Add(Encoding.UTF8.GetBytes(sign.BodyContains));
            }
        }

        return texts is null ? ValueTask.FromResult(false) : ContainsAsync(callout, answer, texts, cancellationToken);
    }

    private static async ValueTask<bool> ContainsAsync(Callout callout, HttpResponseMessage answer, List<byte[]> texts, CancellationToken cancellationToken)
    {
        var body = new RecordedStream(await answer.Content.ReadAsStreamAsync(cancellationToken), RecordLimit);
        var head = new byte[SearchLimit];
        var count = 0;
        await using (var plain = Plain(callout, answer, body))
        {
            try
            {
                for (int read; count < SearchLimit && (read = await plain.ReadAsync(head.AsMemory(count), cancellationToken)) > 0; count += read)
                {
                }
            }
            catch (InvalidDataException) when (!callout.IsDecoded)
            {
                // It isn't what its Content-Encoding says, or was cut off. That is for the caller to find; what could be decoded counts.
            }
        }

        answer.Content = new AnswerContent(answer.Content, body.Replay());
        return texts.Exists(text => head.AsSpan(0, count).IndexOf(text) >= 0);
    }

    // What isn't searched for echoes is still coded, and is handed on as it came.
    private static Stream Plain(Callout callout, HttpResponseMessage answer, Stream body) =>
        !callout.IsDecoded && AnswerContent.HeadersOf(answer).NonValidated.TryGetValues("Content-Encoding", out var codings)
        && ContentDecoding.Decode([.. codings], body) is { IsOk: true } decoded
            ? decoded.Value
            : body;
}
