namespace Vault.Core.Primitives;

/// <summary>What a <see cref="KeyedMap{TKey, TValue, TKeys}"/> is made of: nothing, an array of entries (those in use come first), or a branch.</summary>
internal static class KeyedNodes
{
    public const int Bits = 4;
    public const int Branches = 1 << Bits;
    public const int HashBits = 32;
    public const int MostInALeaf = 32;
    public const int Growth = 4;

    public static int IndexOf(uint hash, int shift) => (int)(hash >> shift) & (Branches - 1);

    public static int InUse<TValue>(KeyedEntry<TValue>[] leaf)
        where TValue : class
    {
        var count = leaf.Length;
        while (count > 0 && leaf[count - 1].Value is null)
        {
            count--;
        }

        return count;
    }

    public static KeyedEntry<TValue>[]? RemoveAt<TValue>(KeyedEntry<TValue>[] leaf, int index)
        where TValue : class
    {
        var count = InUse(leaf);
        if (count == 1)
        {
            return null;
        }

        var copy = new KeyedEntry<TValue>[count - 1];
        leaf.AsSpan(0, index).CopyTo(copy);
        leaf.AsSpan(index + 1, count - index - 1).CopyTo(copy.AsSpan(index));
        return copy;
    }

    public static KeyedBranch Split<TValue>(KeyedEntry<TValue>[] leaf, int shift)
        where TValue : class
    {
        var branch = new KeyedBranch();
        Span<int> counts = stackalloc int[Branches];
        counts.Clear();
        foreach (var entry in leaf)
        {
            counts[IndexOf(entry.Hash, shift)]++;
        }

        for (var index = 0; index < Branches; index++)
        {
            branch.Nodes[index] = counts[index] == 0 ? null : new KeyedEntry<TValue>[RoundedUp(counts[index])];
        }

        counts.Clear();
        foreach (var entry in leaf)
        {
            var index = IndexOf(entry.Hash, shift);
            if (branch.Nodes[index] is KeyedEntry<TValue>[] below)
            {
                below[counts[index]++] = entry;
            }
        }

        return branch;
    }

    private static int RoundedUp(int count) => (count + Growth - 1) / Growth * Growth;

    public static IEnumerable<TValue> Under<TValue>(object? node)
        where TValue : class
    {
        switch (node)
        {
            case KeyedEntry<TValue>[] leaf:
                for (var index = 0; index < leaf.Length && Volatile.Read(ref leaf[index].Value) is { } value; index++)
                {
                    yield return value;
                }

                break;
            case KeyedBranch branch:
                for (var index = 0; index < Branches; index++)
                {
                    if (Volatile.Read(ref branch.Nodes[index]) is { } below)
                    {
                        foreach (var value in Under<TValue>(below))
                        {
                            yield return value;
                        }
                    }
                }

                break;
            default:
                break;
        }
    }
}
