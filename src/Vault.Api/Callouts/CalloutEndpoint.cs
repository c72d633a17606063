using Microsoft.AspNetCore.Http.Features;
using Vault.Api.Callers;
using Vault.Api.Errors;
using Vault.Core.Access;
using Vault.Core.Callouts;
using Vault.Core.Callouts.Paths;
using Vault.Core.Primitives;
using Yarp.ReverseProxy.Forwarder;

namespace Vault.Api.Callouts;

/// <summary><c>ANY /callout/{name}/{path}</c>: the way of one callout through the vault; contract sections 5 and 9.</summary>
internal sealed class CalloutEndpoint(
    CallerResolver callers, CalloutAdmission admission, CalloutPreparation preparation, CalloutInvoker invoker, IHttpForwarder forwarder)
{
    /// <summary>
    /// Judges the request in the contract's order, the first failure answers: (1) who calls, (2) what was granted, (3) is it
    /// enabled, (4) may this request be sent, (5) is it small enough, (6) are secrets, fields and token there. Then (7) YARP
    /// streams it through the chain of handlers.
    /// </summary>
    public async Task InvokeAsync(HttpContext context)
    {
        // 1
        var key = CallerKeys.OfCallout(context.Request.Headers);
        var caller = callers.Resolve(key.Key);
        if (!caller.IsOk)
        {
            await context.AnswerAsync(caller.Error);
            return;
        }

        // 2, 3
        var rawTarget = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var target = CalloutTarget.Parse(rawTarget);
        if (!target.IsOk)
        {
            await context.AnswerAsync(target.Error);
            return;
        }

        var admitted = Admit(context, caller.Value, target.Value.Name.Value);
        if (!admitted.IsOk)
        {
            await context.AnswerAsync(admitted.Error);
            return;
        }

        // 4, 5
        var named = admitted.Value.Named;
        var isUpgrade = CallerRequest.IsUpgrade(context);
        var request = CallerRequest.Read(context, target.Value, key.Header, dropMethodOverrides: named.AllowedRequests is not null, isUpgrade);
        if (CalloutRules.Judge(request, admitted.Value) is { } refused)
        {
            await context.AnswerAsync(refused);
            return;
        }

        // 6
        CallerRequest.LiftLimits(context);
        var callout = await preparation.PrepareAsync(request, admitted.Value, context.RequestAborted);
        if (!callout.IsOk)
        {
            await context.AnswerAsync(callout.Error);
            return;
        }

        // 7
        using (callout.Value)
        {
            await ForwardAsync(context, callout.Value);
        }
    }

    private Result<AdmittedCallout> Admit(HttpContext context, Caller caller, string name)
    {
        var headers = context.Request.Headers;
        var principal = headers["X-Vault-Principal"];
        var user = headers["X-Vault-User"];
        return principal.Count > 1 || user.Count > 1
            ? new VaultError(ErrorCodes.CalloutNotGranted, "X-Vault-Principal and X-Vault-User may stand only once.")
            : admission.Admit(caller.AppId, name, principal.Count == 1 ? principal[0] : null, user.Count == 1 ? user[0] : null);
    }

    private async Task ForwardAsync(HttpContext context, Callout callout)
    {
        var error = await forwarder.SendAsync(
            context, "http://unused.invalid/", invoker.Invoker, UpstreamVersion.For(callout), new CalloutTransformer(callout));
        if (error is ForwarderError.None || context.RequestAborted.IsCancellationRequested)
        {
            return;
        }

        if (context.Response.HasStarted || callout.HasAnswer)
        {
            // The head was upstream's: nothing else can be said but that the rest is missing.
            context.Abort();
            return;
        }

        var exception = context.GetForwarderErrorFeature()?.Exception;
        await context.AnswerAsync(callout.Error ?? CalloutFaults.ToError(exception, callout));
    }
}
