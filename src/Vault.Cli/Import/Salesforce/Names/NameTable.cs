namespace Vault.Cli.Import.Salesforce.Names;

/// <summary>Which name in the vault stands for which of Salesforce's; both without regard to case.</summary>
internal sealed class NameTable
{
    private readonly Dictionary<string, string> _names = new(StringComparer.OrdinalIgnoreCase);
    private readonly FreeNames _given = new();

    /// <summary>Gives a name of the vault's that nothing else has.</summary>
    /// <param name="name">As Salesforce has it.</param>
    /// <param name="wished">What to make the name of, where it isn't <paramref name="name"/>.</param>
    /// <param name="mayBeComputed">Whether names with a meaning in merge fields are fine.</param>
    public string Give(string name, string? wished = null, bool mayBeComputed = false)
    {
        var free = _given.Give(wished ?? name, mayBeComputed);
        _names[name] = free;
        return free;
    }

    /// <summary>Whether this name of the vault's is given.</summary>
    public bool IsGiven(string vaultName) => _given.IsGiven(vaultName);

    /// <summary>The vault's name for one of Salesforce's, with or without its namespace; null where nothing of that name came over.</summary>
    public string? Find(string name) => _names.TryGetValue(name, out var found) || (Unprefixed(name) is { } bare && _names.TryGetValue(bare, out found)) ? found : null;

    /// <summary>Whether the two mean the same: a project calls its own things without the namespace that a package gives them.</summary>
    public static bool IsSame(string name, string other) =>
        name.Equals(other, StringComparison.OrdinalIgnoreCase)
        || Unprefixed(name) is { } left && left.Equals(other, StringComparison.OrdinalIgnoreCase)
        || Unprefixed(other) is { } right && right.Equals(name, StringComparison.OrdinalIgnoreCase);

    private static string? Unprefixed(string name)
    {
        var at = name.IndexOf("__", StringComparison.Ordinal);
        return at is > 0 and <= 15 && at + 2 < name.Length ? name[(at + 2)..] : null;
    }
}
