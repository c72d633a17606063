namespace Vault.Core.Authentication.Credentials;

/// <summary>Where sealed parameters are kept; implemented by Storage.</summary>
public interface ICredentialStore
{
    /// <summary>The current parameters of a principal and user, those that the principal's users share included, and the ones retired since <paramref name="retiredSince"/>.</summary>
    Task<IReadOnlyList<SealedParameter>> LoadAsync(
        Guid externalCredentialId, Guid principalId, string user, DateTimeOffset retiredSince, CancellationToken cancellationToken);

    /// <summary>The version of the external credential that the parameters are sealed to by now; null: there is none.</summary>
    Task<long?> VersionOfAsync(Guid externalCredentialId, CancellationToken cancellationToken);

    /// <summary>Whether a fault of the above says that the store is away, so that it may go well later.</summary>
    bool IsUnavailable(Exception exception);
}
