namespace Vault.Core.Authentication.Credentials;

/// <summary>What is kept in memory of an external credential's secrets and tokens.</summary>
public interface ICredentialCache
{
    /// <summary>Forgets all of it; called when a change of secrets or settings is committed.</summary>
    void Evict(Guid externalCredentialId);

    /// <summary>Forgets everything; called where nobody knows what was changed by other processes.</summary>
    void EvictAll();
}
