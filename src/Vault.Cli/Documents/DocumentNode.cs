namespace Vault.Cli.Documents;

/// <summary>Where something stands in a file; lines and columns begin at 1.</summary>
internal readonly record struct Place(string File, int Line, int Column)
{
    /// <summary>As editors and compilers write it.</summary>
    public override string ToString() => $"{File}:{Line}:{Column}";
}

/// <summary>A part of a file, with its place.</summary>
internal abstract record DocumentNode(Place At);

/// <summary>Names and values.</summary>
internal sealed record MappingNode(Place At, IReadOnlyList<DocumentEntry> Entries) : DocumentNode(At)
{
    /// <summary>The value of a name; null where it isn't there.</summary>
    public DocumentNode? Find(string name) => Entries.FirstOrDefault(entry => entry.Name == name)?.Value;
}

/// <summary>A name and its value.</summary>
internal sealed record DocumentEntry(Place At, string Name, DocumentNode Value);

/// <summary>A list.</summary>
internal sealed record SequenceNode(Place At, IReadOnlyList<DocumentNode> Items) : DocumentNode(At);

/// <summary>A text, number, truth value or null; which, a plain one leaves to who reads it.</summary>
internal sealed record ScalarNode(Place At, string Text, bool IsPlain) : DocumentNode(At)
{
    /// <summary>Whether it is null.</summary>
    public bool IsNull => IsPlain && YamlScalars.ToJson(Text) is null;
}
