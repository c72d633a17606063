using Vault.Core.Primitives;

namespace Vault.Core.Authentication.SecretSources;

/// <summary>A place outside that keeps secrets.</summary>
public interface ISecretSource
{
    /// <summary>What is wrong with a reference, as a clause ("names no …"), or null; nothing is asked of the source.</summary>
    string? Check(SecretReference reference);

    /// <summary>Gets a value: <c>token-request-failed</c> or <c>egress-denied</c>, in words that hold no secret, where it can't be had.</summary>
    Task<Result<SecretText>> GetAsync(SecretReference reference, CancellationToken cancellationToken);
}
