using Vault.Cli.Documents;

namespace Vault.Cli.Import.Postman;

/// <summary>Reads what a collection holds, of whatever shape its version has.</summary>
internal static class PostmanNodes
{
    /// <summary>The text of a property; null where there is none.</summary>
    public static string? TextOf(this DocumentNode? node, string name) => (node as MappingNode)?.Find(name) is ScalarNode { IsNull: false } scalar ? scalar.Text : null;

    /// <summary>What something is called, where that tells nothing: a request without a name of its own is called like its URL.</summary>
    public static string NameOf(DocumentNode node, string otherwise) =>
        node.TextOf("name") is { Length: > 0 and <= 200 } name && name.AsSpan().IndexOfAny('?', '=', '{') < 0 && !name.Contains("://", StringComparison.Ordinal) && !LiteralSecret.IsIn(name) ? name : otherwise;

    /// <summary>The items of a list that is a property.</summary>
    public static IReadOnlyList<DocumentNode> ItemsOf(this DocumentNode? node, string name) => (node as MappingNode)?.Find(name) is SequenceNode sequence ? sequence.Items : [];

    /// <summary>Names and values: an object, or a list of <c>key</c> and <c>value</c>.</summary>
    /// <param name="node">The object or list.</param>
    /// <param name="withDisabled">Whether those that are switched off are among them.</param>
    public static IEnumerable<PostmanPair> Pairs(DocumentNode? node, bool withDisabled = false)
    {
        switch (node)
        {
            case MappingNode mapping:
                return mapping.Entries.Select(entry => new PostmanPair(entry.Name, (entry.Value as ScalarNode)?.Text ?? "", entry.At));
            case SequenceNode sequence:
                return sequence.Items.Where(item => withDisabled || item.TextOf("disabled") != "true" && item.TextOf("enabled") != "false")
                    .Select(item => new PostmanPair(item.TextOf("key") ?? "", item.TextOf("value") ?? "", item.At)).Where(pair => pair.Name.Length > 0);
            default:
                return [];
        }
    }
}

/// <summary>A name and what stands for it, which may be a secret.</summary>
/// <param name="Name">The name.</param>
/// <param name="Text">The text, with variables in it.</param>
/// <param name="At">Where it stands.</param>
internal sealed record PostmanPair(string Name, string Text, Place At)
{
    /// <summary>Never the text.</summary>
    public override string ToString() => Name;
}
