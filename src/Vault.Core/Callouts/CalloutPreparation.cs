using Vault.Core.Authentication.Credentials;
using Vault.Core.Callouts.Attempts;
using Vault.Core.Callouts.Bodies;
using Vault.Core.Egress;
using Vault.Core.Primitives;

namespace Vault.Core.Callouts;

/// <summary>Makes a callout ready to be sent, or finds out why it can't be; nothing is sent upstream before it is done.</summary>
public sealed class CalloutPreparation(CredentialSets credentials, CalloutAttempts attempts, EgressPolicy egress, TimeProvider time)
{
    /// <summary>Prepares; the callout belongs to the caller, who disposes it.</summary>
    public async ValueTask<Result<Callout>> PrepareAsync(CalloutRequest request, AdmittedCallout admitted, CancellationToken cancellationToken)
    {
        var plan = CalloutPlan.For(admitted.Named, admitted.External);

        // Where the secrets may go is judged before one is opened.
        if (plan.JudgeHost(egress.AllowHttp) is { } host)
        {
            return host;
        }

        var parameters = await credentials.GetAsync(admitted.External, admitted.Principal.Id, "", cancellationToken);
        if (plan.FindMissing(parameters) is { } missing)
        {
            return missing;
        }

        var callout = new Callout(request, admitted, plan, parameters, time, cancellationToken);
        VaultError? outcome = null;
        var isReady = false;
        try
        {
            outcome = await HoldAndBuildAsync(callout, cancellationToken);
            isReady = outcome is null;
        }
        finally
        {
            if (!isReady)
            {
                callout.Dispose();
            }
        }

        return outcome is null ? callout : outcome;
    }

    private async ValueTask<VaultError?> HoldAndBuildAsync(Callout callout, CancellationToken cancellationToken)
    {
        var request = callout.Request;
        if (request.Body is { } body)
        {
            var isHeld = !request.IsGrpc && (callout.Plan.Named.AllowMergeFieldsInBody || callout.Plan.NeedsBody);
            callout.Body = isHeld
                ? await HeldBody.HoldAsync(body, request.ContentLength, cancellationToken)
                : HeldBody.Streamed(body, request.ContentLength);
        }

        var attempt = await attempts.BuildAsync(callout, callout.Body.Whole, cancellationToken);
        callout.Attempt = attempt.Value;
        return attempt.Error;
    }
}
