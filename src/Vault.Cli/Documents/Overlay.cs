namespace Vault.Cli.Documents;

/// <summary>
/// Lays what an environment has of its own over a document: objects are merged, lists of things that have a name are merged by it, all else
/// is replaced, and null takes away.
/// </summary>
internal static class Overlay
{
    /// <summary>The document with the overlay in it.</summary>
    public static MappingNode Apply(MappingNode document, MappingNode overlay)
    {
        var entries = document.Entries.ToList();
        foreach (var entry in overlay.Entries)
        {
            var index = entries.FindIndex(known => known.Name == entry.Name);
            if (entry.Value is ScalarNode { IsNull: true })
            {
                entries.RemoveAll(known => known.Name == entry.Name);
            }
            else if (index < 0)
            {
                entries.Add(entry);
            }
            else
            {
                entries[index] = entries[index] with { Value = Merge(entries[index].Value, entry.Value) };
            }
        }

        return document with { Entries = entries };
    }

    private static DocumentNode Merge(DocumentNode under, DocumentNode over) => (under, over) switch
    {
        (MappingNode one, MappingNode other) => Apply(one, other),
        (SequenceNode one, SequenceNode other) when one.Items.Concat(other.Items).All(item => NameOf(item) is not null) => Merge(one, other),
        _ => over,
    };

    private static SequenceNode Merge(SequenceNode under, SequenceNode over)
    {
        var items = under.Items.ToList();
        foreach (var item in over.Items)
        {
            var index = items.FindIndex(known => string.Equals(NameOf(known), NameOf(item), StringComparison.OrdinalIgnoreCase));
            if (index < 0)
            {
                items.Add(item);
            }
            else
            {
                items[index] = Apply((MappingNode)items[index], (MappingNode)item);
            }
        }

        return under with { Items = items };
    }

    private static string? NameOf(DocumentNode node) => ((node as MappingNode)?.Find("name") ?? (node as MappingNode)?.Find("namedCredential")) is ScalarNode name ? name.Text : null;
}
