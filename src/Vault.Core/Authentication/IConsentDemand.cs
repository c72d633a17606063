using Vault.Core.Authentication.Tokens;
using Vault.Core.Definitions;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication;

/// <summary>Says that a person has to consent first, and where; implemented by Administration.</summary>
public interface IConsentDemand
{
    /// <summary>The error <c>credential-not-configured</c>, with the link to give consent where there can be one.</summary>
    /// <param name="request">Whose token is missing.</param>
    /// <param name="principal">The principal.</param>
    /// <param name="cancellationToken">Of the caller.</param>
    Task<VaultError> DemandAsync(TokenRequest request, Principal principal, CancellationToken cancellationToken);
}
