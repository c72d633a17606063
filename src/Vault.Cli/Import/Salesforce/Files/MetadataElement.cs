namespace Vault.Cli.Import.Salesforce.Files;

/// <summary>An element of a metadata file. What nobody takes is reported at the end, so that nothing is dropped in silence.</summary>
/// <param name="name">Its local name.</param>
/// <param name="line">Where it stands, from 1.</param>
/// <param name="column">Where it stands, from 1.</param>
internal sealed class MetadataElement(string name, int line, int column)
{
    private readonly List<MetadataElement> _children = [];
    private readonly HashSet<MetadataElement> _taken = [];

    /// <summary>Its local name.</summary>
    public string Name => name;

    /// <summary>Where it stands, from 1.</summary>
    public int Line => line;

    /// <summary>Where it stands, from 1.</summary>
    public int Column => column;

    /// <summary>Its text, without white space at its ends; may be a secret that somebody left in the file.</summary>
    public string Text { get; private set; } = "";

    /// <summary>Its children, in the order of the file.</summary>
    public IReadOnlyList<MetadataElement> Children => _children;

    /// <summary>The children that nobody took.</summary>
    public IEnumerable<MetadataElement> Untaken => _children.Where(child => !_taken.Contains(child));

    /// <summary>Adds a child; while reading.</summary>
    public void Add(MetadataElement child) => _children.Add(child);

    /// <summary>Sets the text; while reading.</summary>
    public void SetText(string text) => Text = text.Trim();

    /// <summary>The child of this name, or null where there is none or it is empty; of several the last, as in Salesforce.</summary>
    public MetadataElement? Take(string child) => TakeAll(child).LastOrDefault(element => element.Text.Length > 0);

    /// <summary>The text of the child of this name, or null.</summary>
    public string? TakeText(string child) => Take(child)?.Text;

    /// <summary>The children of this name.</summary>
    public IReadOnlyList<MetadataElement> TakeAll(string child)
    {
        MetadataElement[] found = [.. _children.Where(element => element.Name == child)];
        _taken.UnionWith(found);
        return found;
    }

    /// <summary>Marks children as told about elsewhere, or of no meaning here.</summary>
    public void Ignore(params ReadOnlySpan<string> names)
    {
        foreach (var ignored in names)
        {
            TakeAll(ignored);
        }
    }
}
