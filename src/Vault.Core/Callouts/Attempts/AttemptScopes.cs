using Vault.Core.MergeFields;

namespace Vault.Core.Callouts.Attempts;

/// <summary>What references mean at each place of one attempt. All share one token, one clock reading and one nonce.</summary>
/// <param name="Admin">An admin's headers and what the protocol applies.</param>
/// <param name="CallerHeader">A caller's headers.</param>
/// <param name="CallerBody">A caller's body.</param>
internal sealed record AttemptScopes(IMergeScope Admin, IMergeScope CallerHeader, IMergeScope CallerBody);
