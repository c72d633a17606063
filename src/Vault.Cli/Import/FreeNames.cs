namespace Vault.Cli.Import;

/// <summary>Gives names of the vault's, each once, without regard to case.</summary>
internal sealed class FreeNames
{
    private readonly HashSet<string> _given = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The nearest legal name that nothing else has.</summary>
    /// <param name="wished">What to make it of.</param>
    /// <param name="mayBeComputed">Whether names with a meaning in merge fields are fine.</param>
    public string Give(string wished, bool mayBeComputed = false)
    {
        var legal = VaultName.Of(wished);
        if (!mayBeComputed && VaultName.IsComputed(legal))
        {
            legal += "_Login";
        }

        var free = legal;
        for (var number = 2; !_given.Add(free); number++)
        {
            free = VaultName.Numbered(legal, number);
        }

        return free;
    }

    /// <summary>Whether this name is given.</summary>
    public bool IsGiven(string name) => _given.Contains(name);
}
