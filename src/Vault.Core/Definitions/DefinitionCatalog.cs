namespace Vault.Core.Definitions;

/// <summary>Holds the definitions in force. Reading is free of locks; writers are serialised by Administration.</summary>
public sealed class DefinitionCatalog
{
    private volatile DefinitionSnapshot _current = DefinitionSnapshot.Empty;

    /// <summary>The definitions in force now.</summary>
    public DefinitionSnapshot Current => _current;

    /// <summary>Puts other definitions in force; requests under way keep those that they began with.</summary>
    public void Replace(DefinitionSnapshot snapshot) => _current = snapshot;
}
