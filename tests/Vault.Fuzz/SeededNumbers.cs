namespace Vault.Fuzz;

/// <summary>Numbers that look random and are the same for the same seed (SplitMix64): a finding can be made again.</summary>
internal sealed class SeededNumbers(ulong seed)
{
    private ulong _state = seed;

    /// <summary>From 0 up to, and without, <paramref name="end"/>.</summary>
    public int Below(int end)
    {
        _state += 0x9E3779B97F4A7C15;
        var z = _state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return (int)((z ^ (z >> 31)) % (ulong)Math.Max(1, end));
    }
}
