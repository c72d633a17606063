using System.Net;
using System.Text.RegularExpressions;
using Vault.Core.Audit;
using Vault.Core.Authentication.Credentials;
using Vault.Core.Authentication.SignIns;
using Vault.Core.Callouts.Attempts;
using Vault.Core.Callouts.Bodies;
using Vault.Core.Definitions;
using Vault.Core.Primitives;

namespace Vault.Core.Callouts.Trials;

/// <summary>The request of a trial.</summary>
/// <param name="Method">The method.</param>
/// <param name="Path">The path after the name, raw; empty, or beginning with <c>/</c>.</param>
/// <param name="Query">The query without <c>?</c>; null: none.</param>
/// <param name="Headers">The headers; values are text.</param>
/// <param name="Body">The body; null: none.</param>
/// <param name="Principal">The principal; null: the one of the lowest sequence.</param>
/// <param name="User">The user of a per-user principal; null: none.</param>
public sealed record TrialRequest(
    string Method, string Path, string? Query, IReadOnlyList<KeyValuePair<string, string>> Headers, string? Body, string? Principal, string? User);

/// <summary>Where and why a trial failed.</summary>
/// <param name="Code">The error code that a callout would answer with; <c>upstream-status</c> where the service itself refuses.</param>
/// <param name="Where"><c>request</c>, <c>sign-in</c> or <c>service</c>.</param>
/// <param name="Detail">What went wrong and what to look at, in words.</param>
public sealed record TrialFailure(string Code, string Where, string Detail);

/// <summary>What became of a trial; no body of an answer is in it.</summary>
/// <param name="Ok">Whether the service answered below 400, and its answer wasn't cut off.</param>
/// <param name="Status">What the service answered; null: nothing.</param>
/// <param name="DurationMs">How long all of it took, in milliseconds.</param>
/// <param name="Steps">Every request that was sent, masked.</param>
/// <param name="Failure">Null: it went well.</param>
public sealed record TrialOutcome(bool Ok, int? Status, double DurationMs, IReadOnlyList<TracedStep> Steps, TrialFailure? Failure);

/// <summary>Shows what a callout would send, or sends one and tells what happened; contract section 4.</summary>
public sealed partial class CalloutTrial(
    DefinitionCatalog definitions, CredentialBinder binder, CredentialSets sets, CalloutPreparation preparation, CalloutAttempts attempts, CalloutInvoker invoker,
    IdleTimers timers, TimeProvider time)
{
    /// <summary>The request as it would be sent, every secret masked; nothing is sent.</summary>
    public async Task<Result<MaskedRequest>> PreviewAsync(DeveloperName name, TrialRequest trial, CancellationToken cancellationToken)
    {
        var begun = Begin(name, trial, cancellationToken);
        return begun.IsOk ? await ShowAsync(begun.Value.Request, begun.Value.Admitted, begun.Value.Body, challenge: null, cancellationToken) : begun.Error;
    }

    /// <summary>Signs in anew and sends the request.</summary>
    public async Task<Result<TrialOutcome>> TestAsync(DeveloperName name, TrialRequest trial, CancellationToken cancellationToken)
    {
        var begun = Begin(name, trial, cancellationToken);
        if (!begun.IsOk)
        {
            return begun.Error.Code is ErrorCodes.NotFound or ErrorCodes.InvalidRequest
                ? begun.Error
                : new TrialOutcome(false, null, 0, [], new TrialFailure(begun.Error.Code, "request", begun.Error.Detail));
        }

        var (request, admitted, body) = begun.Value;
        var started = time.GetTimestamp();
        var shown = await ShowAsync(request, admitted, body, challenge: null, cancellationToken);
        if (!shown.IsOk)
        {
            return Failed(shown.Error, "request", started, []);
        }

        // Whether a token is needed, and of which url, is known where the callout itself asks for it: the sign-in is a part of that.
        var trace = new CalloutTrace();
        var prepared = await preparation.PrepareAsync(request with { Body = body.Read(), Trace = trace }, admitted, waited: false, cancellationToken);
        if (!prepared.IsOk)
        {
            return Failed(prepared.Error, trace.HasSignInFailed && prepared.Error.Code is not ErrorCodes.CredentialNotConfigured ? "sign-in" : "request", started, trace.Steps.Steps);
        }

        using var callout = prepared.Value;
        return await SendAsync(callout, body, shown.Value, started, trace, cancellationToken);
    }

    // As a callout has it: an admin's own takes the place of the request's.
    private static string? ContentTypeOf(CalloutRequest request, AdmittedCallout admitted) =>
        CalloutPlan.For(admitted.Named, admitted.External).ContentType is { } own ? own.HasFields ? null : own.Text : request.ContentType;

    private static string Advice(int status) => status switch
    {
        401 => "it does not take these credentials: look at the parameters, at what the protocol puts on the request (preview), and at the clock",
        403 => "it knows the credentials but does not allow this: look at scopes and rights there, and at the path",
        404 => "there is nothing at this address: look at the url and the path",
        405 or 406 or 415 => "it does not take this method or media type: look at the method and the Content-Type",
        407 => "a proxy stands between: look at Vault:Egress:Proxy",
        429 => "it is asked too often: wait, or ask for a higher limit there",
        >= 500 => "it failed by its own account: look at its status page or logs",
        _ => "it does not take the request: look at its documentation for this status",
    };

    private Result<(CalloutRequest Request, AdmittedCallout Admitted, TrialBody Body)> Begin(DeveloperName name, TrialRequest trial, CancellationToken cancellationToken)
    {
        var snapshot = definitions.Current;
        if (!snapshot.NamedCredentials.TryGetValue(name.Key, out var named)
            || !snapshot.ExternalCredentials.TryGetValue(named.ExternalCredentialId, out var external))
        {
            return new VaultError(ErrorCodes.NotFound, $"There is no named credential {name}.");
        }

        var principal = external.Principals
            .Where(candidate => trial.Principal is null || candidate.Name.Value.Equals(trial.Principal, StringComparison.OrdinalIgnoreCase))
            .MinBy(candidate => candidate.Sequence);
        if (principal is null)
        {
            return VaultError.Invalid("$.principal", "Is no principal of the external credential.");
        }

        var bound = binder.Bind(external);
        if (!bound.IsOk)
        {
            return bound.Error;
        }

        var admitted = new AdmittedCallout(named, bound.Value, principal, principal.Type is PrincipalType.PerUser ? trial.User ?? "" : "", trial.User);
        if (AuditOrigin.Current is { } origin)
        {
            origin.Event = origin.Event with { Principal = principal.Name.Value, User = trial.User, Host = admitted.Host };
        }

        var options = CallerHeaders.OptionsIn(trial.Headers.Where(header => header.Key.Equals("Connection", StringComparison.OrdinalIgnoreCase)).Select(header => header.Value));
        var request = new CalloutRequest
        {
            Id = Guid.NewGuid().ToString("N"),
            Method = trial.Method,
            Path = trial.Path,
            Query = trial.Query,
            Headers =
            [
                .. trial.Headers.Where(header => CallerHeaders.IsForwarded(header.Key, options, dropOverrides: named.AllowedRequests is not null))
                    .Select(header => new KeyValuePair<string, string>(header.Key, HeaderText.Encode(header.Value))),
            ],
            Aborted = cancellationToken,
        };
        var body = TrialBody.Of(trial.Body, ContentTypeOf(request, admitted));
        if (!body.IsOk)
        {
            return body.Error;
        }

        request = request with { Body = body.Value.Read(), ContentLength = body.Value.Length };
        return CalloutRules.Judge(request, admitted) is { } refused ? refused : (request, admitted, body.Value);
    }

    private async Task<Result<MaskedRequest>> ShowAsync(
        CalloutRequest request, AdmittedCallout admitted, TrialBody body, object? challenge, CancellationToken cancellationToken)
    {
        var parameters = await sets.GetAsync(admitted.External, admitted.Principal.Id, admitted.User, cancellationToken);
        if (parameters.IsOvertaken)
        {
            return CredentialSet.Overtaken;
        }

        var plan = CalloutPlan.For(admitted.Named, admitted.External);
        if (plan.FindMissing(parameters) is { } missing)
        {
            return missing;
        }

        using var callout = new Callout(request, admitted, plan, parameters, timers, cancellationToken) { Challenge = challenge };
        callout.Body = request.Body is { } reader ? await HeldBody.HoldAsync(reader.AsStream(), request.ContentLength, cancellationToken) : HeldBody.None;
        var attempt = await attempts.PreviewAsync(callout, callout.Body.Whole, cancellationToken);
        if (!attempt.IsOk)
        {
            return attempt.Error;
        }

        return new MaskedRequest(
            request.Method,
            EncodedMask().Replace(attempt.Value.Uri.OriginalString, match => Uri.UnescapeDataString(match.Value)),
            [.. attempt.Value.Headers.Select(header => new MaskedHeader(header.Key, HeaderText.Decode(header.Value)))],
            attempt.Value.Body is { } whole ? body.Show(whole) : null);
    }

    private async Task<TrialOutcome> SendAsync(
        Callout callout, TrialBody body, MaskedRequest shown, long started, CalloutTrace trace, CancellationToken cancellationToken)
    {
        using var message = new HttpRequestMessage(new HttpMethod(callout.Request.Method), "http://unused.invalid/")
        {
            Version = callout.IsHttps ? HttpVersion.Version20 : HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        CalloutMessage.Fill(message, callout);
        var (name, sent) = ("The request", time.GetTimestamp());
        trace.Replaced = async answer =>
        {
            // Unread, as it is for an app.
            Note(answer, bytes: 0);
            var again = await ShowAsync(callout.Request with { Body = body.Read() }, callout.Admitted, body, callout.Challenge, cancellationToken);
            (name, shown, sent) = ("The request, sent once more", again.IsOk ? again.Value : shown, time.GetTimestamp());
        };
        try
        {
            using var answer = await invoker.For(callout).SendAsync(message, cancellationToken);
            var status = (int)answer.StatusCode;
            var (fault, bytes) = await AnswerEnd.ReadAsync(answer, callout, cancellationToken);
            Note(answer, bytes);
            var failure = status >= 400
                ? new TrialFailure("upstream-status", "service", $"{callout.Host} answered with status {status}: {Advice(status)}.")
                : fault is not null ? FailureOf(fault, "service") : null;
            return new TrialOutcome(failure is null, status, Since(started), trace.Steps.Steps, failure);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            var error = callout.Error ?? CalloutFaults.ToError(exception, callout);
            if (trace.HasSignInFailed)
            {
                return Failed(error, "sign-in", started, trace.Steps.Steps);
            }

            trace.Steps.Add(new TracedStep(name, shown.Url, null, Since(sent), shown, null));
            return Failed(error, "service", started, trace.Steps.Steps);
        }

        void Note(HttpResponseMessage answer, long bytes)
        {
            var status = (int)answer.StatusCode;
            var names = new List<string>();
            CalloutMessage.CopyAnswerHeaders(answer, callout, names, static (list, name, _) => list.Add(name));
            trace.Steps.Add(new TracedStep(
                name, shown.Url, status, Since(sent), shown,
                MaskedAnswer.Of(
                    status, AnswerContent.HeadersOf(answer).ContentType?.MediaType, CalloutMessage.AnswerLengthOf(answer, callout) ?? bytes,
                    names)));
        }
    }

    private TrialOutcome Failed(VaultError error, string where, long started, IReadOnlyList<TracedStep> steps) =>
        new(false, null, Since(started), steps, FailureOf(error, where));

    private static TrialFailure FailureOf(VaultError error, string where)
    {
        var detail = error.AuthorizationUrl is { } link ? error.Detail.Replace(link, "(not shown)", StringComparison.Ordinal) : error.Detail;
        return new(error.Code, where, error.Advice is { } advice ? $"{detail} {advice}" : detail);
    }

    private double Since(long timestamp) => Math.Round(time.GetElapsedTime(timestamp).TotalMilliseconds, 1);

    [GeneratedRegex("(?:%E2%80%A2){6}%28[A-Za-z0-9_%.:]*%29", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex EncodedMask();
}
