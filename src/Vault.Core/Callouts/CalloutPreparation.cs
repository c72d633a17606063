using Vault.Core.Authentication;
using Vault.Core.Authentication.Connections;
using Vault.Core.Authentication.Credentials;
using Vault.Core.Authentication.Scopes;
using Vault.Core.Authentication.Signing;
using Vault.Core.Authentication.Tokens;
using Vault.Core.Callouts.Attempts;
using Vault.Core.Callouts.Bodies;
using Vault.Core.Definitions;
using Vault.Core.Egress;
using Vault.Core.Primitives;

namespace Vault.Core.Callouts;

/// <summary>Makes a callout ready to be sent, or finds out why it can't be; nothing is sent upstream before it is done.</summary>
public sealed class CalloutPreparation(
    CredentialSets credentials, TokenSource tokens, IConsentDemand consent, NamedCredentialConnections connections, CalloutAttempts attempts, CalloutStanding standing,
    EgressPolicy egress, IdleTimers timers, TimeProvider time)
{
    /// <summary>Prepares; the callout belongs to the caller, who disposes it.</summary>
    /// <param name="request">The request.</param>
    /// <param name="admitted">What it was let in by.</param>
    /// <param name="waited">Whether something had to be waited for since.</param>
    /// <param name="cancellationToken">Of the caller.</param>
    public async ValueTask<Result<Callout>> PrepareAsync(CalloutRequest request, AdmittedCallout admitted, bool waited, CancellationToken cancellationToken)
    {
        var plan = CalloutPlan.For(admitted.Named, admitted.External);

        // Where the secrets may go is judged before one is opened.
        if (plan.JudgeHost(egress.AllowHttp) is { } host)
        {
            return host;
        }

        // A secret source, the database, a body and a sign-in take their time: then what the callout goes by is judged once more.
        var loading = credentials.GetAsync(admitted.External, admitted.Principal.Id, admitted.User, cancellationToken);
        waited |= !loading.IsCompleted;
        var parameters = await loading;
        if (parameters.IsOvertaken)
        {
            return CredentialSet.Overtaken;
        }

        if (waited && await standing.JudgeAsync(request, admitted, parameters, wasSent: false, cancellationToken) is { } fallen)
        {
            return fallen;
        }

        var finding = FindMissingAsync(admitted, plan, parameters, cancellationToken);
        waited = !finding.IsCompleted;
        if (await finding is { } missing)
        {
            return missing;
        }

        var http = connections.Of(admitted.Named, parameters);
        if (!http.IsOk)
        {
            return http.Error;
        }

        var callout = new Callout(request, admitted, plan, parameters, timers, cancellationToken) { Http = http.Value };
        VaultError? outcome = null;
        var isReady = false;
        try
        {
            outcome = await HoldAndBuildAsync(callout, waited, cancellationToken);
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

    private async ValueTask<VaultError?> FindMissingAsync(AdmittedCallout admitted, CalloutPlan plan, CredentialSet parameters, CancellationToken cancellationToken)
    {
        var authentication = admitted.External.Authentication;
        if (plan.FindMissing(parameters) is { } missing)
        {
            return missing;
        }

        if (parameters.Failure is { } failure)
        {
            return failure;
        }

        // A user's consent is what says who that is, also where nothing but a caller's content may name the token.
        if (authentication.Tokens is { ConsentParameters: not null } && (plan.NeedsToken || admitted.Principal.Type is PrincipalType.PerUser))
        {
            // Its URL plays no part where tokens aren't a named credential's own. One that has no value is refused in its turn.
            var url = authentication.UsesNamedCredentialUrl ? ResolvedUrl.Of(admitted.Named, admitted.External, parameters, admitted.User, time) : admitted.Named.Url.Text;
            if (url is null)
            {
                return null;
            }

            var request = new TokenRequest(admitted.External, admitted.Principal.Id, admitted.User, parameters, admitted.Named.Id, url)
            {
                Http = connections.Of(admitted.Named, parameters).Value,
                UrlTemplate = admitted.Named.Url,
                HasClientCertificate = admitted.Named.ClientCertificate is not null,
            };
            return await tokens.Consents.IsNeededAsync(request, plan.NeedsToken, cancellationToken) ? await consent.DemandAsync(request, admitted.Principal, cancellationToken) : null;
        }

        return admitted.External.FindUnproven(admitted.Principal, parameters);
    }

    private async ValueTask<VaultError?> HoldAndBuildAsync(Callout callout, bool waited, CancellationToken cancellationToken)
    {
        var request = callout.Request;
        if (request.Body is { } body)
        {
            var isHeld = !request.IsGrpc && !request.IsUpgrade && (callout.Plan.Named.AllowMergeFieldsInBody || callout.NeedsBody || callout.SignatureNeed is not BodyNeed.None);
            try
            {
                if (isHeld)
                {
                    var holding = HeldBody.HoldAsync(new CallerBody(body, callout), request.ContentLength, cancellationToken);
                    waited |= !holding.IsCompleted;
                    callout.Body = await holding;
                }
                else
                {
                    callout.Body = HeldBody.Streamed(new CallerBody(body, callout), request.ContentLength);
                }
            }
            catch (CalloutAbortedException aborted)
            {
                return aborted.Error;
            }
        }

        if (waited && await JudgeAgainAsync(callout) is { } fallen)
        {
            return fallen;
        }

        var building = attempts.BuildAsync(callout, callout.Body.Whole, cancellationToken);
        waited = !building.IsCompleted;
        var attempt = await building;
        callout.Attempt = attempt.Value;
        return (waited ? await JudgeAgainAsync(callout) : null) ?? attempt.Error;
    }

    private async ValueTask<VaultError?> JudgeAgainAsync(Callout callout)
    {
        var fallen = await standing.JudgeAsync(callout, wasSent: false);
        if (fallen is not null)
        {
            callout.Request.Again = callout.Body.Unsent();
        }

        return fallen;
    }
}
