using Vault.Core.Authentication;
using Vault.Core.Authentication.Scopes;
using Vault.Core.Primitives;

namespace Vault.Core.Callouts.Attempts;

/// <summary>What the protocol would put on a request, with masks for what is secret.</summary>
internal static class AttemptPreview
{
    /// <summary>An authorization that was put together of masks; where that can't be done, one mask stands for it.</summary>
    public static RequestInjection Show(IBoundAuthentication authentication, Result<RequestInjection> applied)
    {
        if (!applied.IsOk)
        {
            var name = string.Join(", ", authentication.ProtocolParameters.Where(authentication.IsSecret));
            return new RequestInjection([new InjectedValue("Authorization", MaskedScope.MaskOf(name), IsSecret: true)], [], []);
        }

        // A mask in base64 says nothing to anybody.
        return applied.Value with
        {
            Headers =
            [
                .. applied.Value.Headers.Select(header => authentication.AuthorizationMethod == "Basic" && header.IsSecret
                    ? header with { Value = "Basic " + MaskedScope.MaskOf(string.Join(":", authentication.ProtocolParameters)) }
                    : header),
            ],
        };
    }

    /// <summary>A header of a signature, masked where it is secret.</summary>
    public static InjectedValue Show(Callout callout, InjectedValue header) => header.IsSecret
        ? new InjectedValue(header.Name, MaskedScope.MaskOf(header.Source ?? "signature of " + callout.Plan.External.Definition.Protocol), IsSecret: true)
        : header;
}
