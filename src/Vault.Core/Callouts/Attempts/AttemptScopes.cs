using Vault.Core.Authentication.Scopes;
using Vault.Core.MergeFields;

namespace Vault.Core.Callouts.Attempts;

/// <summary>What references mean at each place of one attempt. All share one token, one clock reading and one nonce.</summary>
/// <param name="Admin">An admin's headers and what the protocol applies.</param>
/// <param name="CallerHeader">A caller's headers.</param>
/// <param name="CallerBody">A caller's body.</param>
/// <param name="Protocol">What the protocol puts together itself.</param>
/// <param name="IsMasked">Whether it is a preview: nothing is fetched, signed or sent, and secrets are masks.</param>
internal sealed record AttemptScopes(IMergeScope Admin, IMergeScope CallerHeader, IMergeScope CallerBody, IMergeScope Protocol, bool IsMasked)
{
    /// <summary>The same for a preview.</summary>
    public AttemptScopes Masked() => new(
        new MaskedScope(Admin), new MaskedScope(CallerHeader), new MaskedScope(CallerBody), new MaskedScope(Admin, masksValues: true), true);
}
