namespace Vault.Core.Authentication.Credentials;

/// <summary>What is kept in memory of an external credential's secrets and tokens.</summary>
public interface ICredentialCache
{
    /// <summary>Forgets all of it; called when a change of secrets or settings is committed.</summary>
    void Evict(Guid externalCredentialId);
}
