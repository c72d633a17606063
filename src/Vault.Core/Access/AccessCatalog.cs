namespace Vault.Core.Access;

/// <summary>Holds the apps, keys and grants in force. Reading is free of locks; writers are serialised by Administration.</summary>
public sealed class AccessCatalog
{
    private volatile AccessSnapshot _current = AccessSnapshot.Empty;

    /// <summary>What is in force now.</summary>
    public AccessSnapshot Current => _current;

    /// <summary>Puts another state in force.</summary>
    public void Replace(AccessSnapshot snapshot) => _current = snapshot;
}
