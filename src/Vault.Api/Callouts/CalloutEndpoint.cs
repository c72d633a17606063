using Microsoft.AspNetCore.Http.Features;
using Vault.Api.Callers;
using Vault.Api.Errors;
using Vault.Api.Hosting;
using Vault.Core.Access;
using Vault.Core.Audit;
using Vault.Core.Authentication.Credentials;
using Vault.Core.Callouts;
using Vault.Core.Callouts.Paths;
using Vault.Core.ForwardProxy;
using Vault.Core.Primitives;
using Yarp.ReverseProxy.Forwarder;

namespace Vault.Api.Callouts;

/// <summary>The way of one callout through the vault, <c>/callout/{name}/{path}</c> or by the forward proxy; contract sections 5 and 9.</summary>
internal sealed class CalloutEndpoint(
    CallerResolver callers, RefusedSignIns refusals, CalloutAdmission admission, CalloutPreparation preparation, CalloutInvoker invoker, IHttpForwarder forwarder,
    OpenTunnels tunnels, AuditLog log, AuditOptions options, CalloutMetrics metrics, TimeProvider time, ILogger<CalloutEndpoint> logger)
{
    // Each change of an external credential that overtakes it begins it anew.
    private const int MostTries = 100;
    private static readonly TimeSpan LongestJudging = TimeSpan.FromSeconds(5);

    private static readonly string[] UnreadEnds = ["#", "%3F", "vk_", "vk%5F"];

    /// <summary>
    /// Judges the request in the contract's order, the first failure answers: (1) who calls, (2) what was granted, (3) is it
    /// enabled, (4) may this request be sent, (5) is it small enough, (6) can it be recorded, (7) are secrets, fields and token
    /// there. Then (8) YARP streams it through the chain of handlers. Every outcome is recorded before it is told.
    /// </summary>
    public async Task InvokeAsync(HttpContext context, ICalloutSource source)
    {
        var audit = new CalloutAudit(context, log, options.Durability, time);
        metrics.Began();
        try
        {
            var callout = await JudgeAsync(context, source, audit, counted: null);
            var since = audit.Elapsed;
            for (var tries = 1; IsOvertaken(callout.Error) && audit.Way is { } admitted && tries < MostTries && audit.Elapsed - since < LongestJudging; tries++)
            {
                // What the callout goes by was changed on its way. All is judged anew, from the key on: it may lead elsewhere now, or nowhere.
                // Nothing was sent, and what was read of the body is there still.
                if (ReferenceEquals(callout.Error, CredentialSet.Overtaken))
                {
                    await admission.OvertakenAsync(admitted, context.RequestAborted);
                }

                context.Request.Body = audit.Request?.Again ?? context.Request.Body;
                audit.Again();
                callout = await JudgeAsync(context, source, audit, admitted.Named.Id);
            }

            if (!callout.IsOk)
            {
                await audit.RefuseAsync(callout.Error);
                return;
            }

            // 8
            using (callout.Value)
            {
                audit.Sending(callout.Value);
                using var tunnel = callout.Value.Request.IsUpgrade ? Watch(context, source, callout.Value, audit) : null;
                BrokenAnswers.Tell(context);
                var transformer = new CalloutTransformer(callout.Value, audit);
                var error = await forwarder.SendAsync(
                    context, "http://unused.invalid/", invoker.For(callout.Value), UpstreamVersion.For(callout.Value), transformer);

                // An HTTP/2 upstream may answer, or refuse, before it has the body. Only what nobody reads any more can the server read to its end.
                await callout.Value.StopSendingAsync();
                await EndAsync(context, source, callout.Value, audit, transformer, error);
            }
        }
        catch (Exception exception)
        {
            // A boundary: whatever ends a callout is recorded, then answered where that can still be done.
            var isGone = context.RequestAborted.IsCancellationRequested;
            var error = isGone && exception is OperationCanceledException ? null : context.FaultOf(exception, logger);
            if (error is null || isGone || context.Response.HasStarted)
            {
                await audit.BreakAsync(error?.Code);
                context.Abort();
                return;
            }

            // Where nothing was sent, a client may be told to do it again.
            await audit.RefuseAsync(error.Code == ErrorCodes.StorageUnavailable && !audit.IsSending ? error with { RetryAfter = TimeSpan.FromSeconds(1) } : error);
        }
        finally
        {
            metrics.Ended(context, audit);
        }
    }

    /// <summary>Refuses, and records, a callout that is never routed because of its raw target; whoever has a key is named.</summary>
    public async Task RefuseAsync(HttpContext context, VaultError error)
    {
        var audit = new CalloutAudit(context, log, options.Durability, time);
        var rawTarget = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        NoteTarget(audit, CalloutTarget.Parse(rawTarget), rawTarget);
        var caller = await callers.ResolveAsync(CallerKeys.OfCallout(context.Request.Headers).Key, context.Connection.RemoteIpAddress, context.RequestAborted);
        if (caller.IsOk)
        {
            audit.Actor(caller.Value.Actor);
        }
        else if (!refusals.MayRecord(context.Connection.RemoteIpAddress))
        {
            audit.OnlyCounted();
        }

        await audit.RefuseAsync(error);
    }

    private async ValueTask<Result<Callout>> JudgeAsync(HttpContext context, ICalloutSource source, CalloutAudit audit, Guid? counted)
    {
        // 1
        var key = source.KeyOf(context);
        var rawTarget = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var target = source.Read(context, rawTarget);
        audit.Asked(source.Host);
        if (target.IsOk || source.Host is null)
        {
            NoteTarget(audit, target, rawTarget);
        }

        var caller = await callers.ResolveAsync(key.Key, context.Connection.RemoteIpAddress, context.RequestAborted, context.Features.Get<ConnectionKey>());
        if (!caller.IsOk)
        {
            if (!refusals.MayRecord(context.Connection.RemoteIpAddress))
            {
                audit.OnlyCounted();
            }

            return source.Refusal(caller.Error);
        }

        audit.Actor(caller.Value.Actor, caller.Value.AppId);
        if (CallerKeys.InQuery(rawTarget) is { } misplaced)
        {
            return misplaced;
        }

        // 2, 3
        var found = target.IsOk ? await source.FindAsync(target.Value, caller.Value, context.RequestAborted) : target;
        if (!found.IsOk)
        {
            return found.Error;
        }

        var admitting = admission.AdmitAsync(caller.Value, found.Value.Name.Value, WishOf(context.Request.Headers), counted, context.RequestAborted);
        var waited = !admitting.IsCompleted;
        var admitted = await admitting;
        if (!admitted.IsOk)
        {
            return admitted.Error;
        }

        audit.Admitted(admitted.Value, found.Value.Path);
        if (found.Value.FoundBy is { } by && (by.Id != admitted.Value.Named.Id || by.Url.Text != admitted.Value.Named.Url.Text))
        {
            // It moved since: what was asked of one service is no other's.
            return CalloutStanding.Changed;
        }

        if (LoopMiddleware.IsOwn(context))
        {
            return LoopMiddleware.Refusal;
        }

        // 4, 5
        var named = admitted.Value.Named;
        var isUpgrade = CallerRequest.IsUpgrade(context);
        if (!isUpgrade && context.Request.Headers.Upgrade.Count > 0)
        {
            // YARP would go by it, and send a GET whatever was judged.
            context.Request.Headers.Upgrade = default;
        }

        var request = CallerRequest.Read(context, found.Value, key.Header, dropOverrides: named.AllowedRequests is not null, isUpgrade);
        audit.Sends(request);
        if (CalloutRules.Judge(request, admitted.Value) is { } refused)
        {
            return refused;
        }

        // 6
        var recording = audit.MaySendAsync();
        waited |= !recording.IsCompleted;
        if (!await recording)
        {
            // Retry-After only here: it is how a client knows that a POST can't have been done already.
            return new VaultError(ErrorCodes.AuditUnavailable, "The audit record can't be kept, so nothing was sent. Try again.") { RetryAfter = TimeSpan.FromSeconds(1) };
        }

        // 7
        CallerRequest.LiftLimits(context);
        var prepared = await preparation.PrepareAsync(request, admitted.Value, waited, context.RequestAborted);
        return IsOfTheRequest(prepared.Error) && CalloutRules.TooLarge(request, admitted.Value) is { } tooLarge ? tooLarge : prepared;
    }

    // What the request or the definitions lack, not what goes by, nor what a person is asked for.
    private static bool IsOfTheRequest(VaultError? error) => error is
    {
        Code: ErrorCodes.CredentialNotConfigured or ErrorCodes.MergeUnsupportedContent or ErrorCodes.MergeFieldInvalid or ErrorCodes.SecretNotAHeaderValue,
        AuthorizationUrl: null,
    };

    private static bool IsOvertaken(VaultError? error) => ReferenceEquals(error, CredentialSet.Overtaken) || ReferenceEquals(error, CalloutStanding.Changed);

    private static void NoteTarget(CalloutAudit audit, Result<CalloutTarget> target, string rawTarget)
    {
        if (target.IsOk)
        {
            audit.Target(target.Value.Name.Value, target.Value.Path);
            return;
        }

        // It isn't known what stands where: neither what may be a query nor a key is kept.
        var path = CalloutTarget.PathOf(rawTarget);
        foreach (var end in UnreadEnds)
        {
            path = path.IndexOf(end, StringComparison.OrdinalIgnoreCase) is >= 0 and var cut ? path[..cut] : path;
        }

        audit.Target("", path);
    }

    // A WebSocket may outlive what it was let in by.
    private IDisposable Watch(HttpContext context, ICalloutSource source, Callout callout, CalloutAudit audit) => tunnels.Open(
        source.KeyOf(context).Key ?? "", context.Features.Get<ConnectionKey>() ?? new ConnectionKey(), context.Abort,
        () => audit.App is { } app && admission.IsWithdrawn(app, callout.Admitted));

    private static CallerWish WishOf(IHeaderDictionary headers)
    {
        var (principal, user) = (headers["X-Vault-Principal"], headers["X-Vault-User"]);
        return new CallerWish(principal.Count == 1 ? principal[0] : null, user.Count == 1 ? user[0] : null, principal.Count > 1 || user.Count > 1);
    }

    private static Task EndAsync(HttpContext context, ICalloutSource source, Callout callout, CalloutAudit audit, CalloutTransformer transformer, ForwarderError error)
    {
        if (transformer.IsUnrecorded)
        {
            return audit.RefuseAsync(new VaultError(ErrorCodes.AuditUnavailable, "The service answered, but the audit record can't be kept, so its answer isn't handed on."));
        }

        var isGone = context.RequestAborted.IsCancellationRequested;
        if (error is not ForwarderError.None && !isGone && !context.Response.HasStarted)
        {
            // Also where upstream's head is on record: it never reached the caller, and the second record says so. YARP took it off again, with all else.
            context.Response.Headers[RequestIdMiddleware.Header] = context.TraceIdentifier;
            return audit.RefuseAsync(callout.Error is { } fault ? source.Refusal(fault) : CalloutFaults.ToError(context.GetForwarderErrorFeature()?.Exception, callout, callout.HasAnswer));
        }

        if (transformer.IsRecorded)
        {
            audit.Ended(callout.BytesOut, error is ForwarderError.None && !isGone);
        }

        if (error is not ForwarderError.None && !isGone)
        {
            // The head was upstream's: nothing else can be said but that the rest is missing. What was sent is on record all the same.
            context.Abort();
            return transformer.IsRecorded ? Task.CompletedTask : audit.BreakAsync(ErrorCodes.UpstreamUnreachable);
        }

        return transformer.IsRecorded ? Task.CompletedTask : audit.BreakAsync(null);
    }
}
