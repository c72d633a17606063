namespace Vault.Core.Access;

/// <summary>How many equal processes serve the same apps now, this one included; each gives an app its share of a rate.</summary>
public sealed class LiveReplicas
{
    private int _count = 1;

    /// <summary>At least 1.</summary>
    public int Count
    {
        get => Volatile.Read(ref _count);
        set => Volatile.Write(ref _count, Math.Max(1, value));
    }
}
