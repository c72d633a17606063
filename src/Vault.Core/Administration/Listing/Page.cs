namespace Vault.Core.Administration.Listing;

/// <summary>Which part of a list is asked for.</summary>
/// <param name="Size">1 to 500.</param>
/// <param name="After">The name key behind which to go on; null: from the beginning.</param>
/// <param name="Search">Found in name or label, in any case; null: everything.</param>
public sealed record PageRequest(int Size, string? After, string? Search)
{
    /// <summary>Takes the page out of all items.</summary>
    /// <param name="all">In any order.</param>
    /// <param name="key">What they are sorted by, each its own.</param>
    /// <param name="label">Is searched, too.</param>
    /// <param name="name">Is searched in place of the key, where that isn't what the list shows.</param>
    internal (IReadOnlyList<T> Items, string? Next) Take<T>(IEnumerable<T> all, Func<T, string> key, Func<T, string?> label, Func<T, string>? name = null)
    {
        name ??= key;
        var items = all
            .Where(item => Search is null
                || name(item).Contains(Search, StringComparison.OrdinalIgnoreCase)
                || label(item)?.Contains(Search, StringComparison.OrdinalIgnoreCase) is true)
            .Where(item => After is null || string.CompareOrdinal(key(item), After) > 0)
            .OrderBy(key, StringComparer.Ordinal)
            .Take(Size + 1)
            .ToList();
        if (items.Count <= Size)
        {
            return (items, null);
        }

        items.RemoveAt(Size);
        return (items, key(items[^1]));
    }
}

/// <summary>A part of a list.</summary>
/// <param name="Items">In the order of their names.</param>
/// <param name="After">Where the next page begins; null where this is the last.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? After);
