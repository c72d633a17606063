using Vault.Core.MergeFields;

namespace Vault.Core.Authentication;

/// <summary>A computed name of <c>$Credential.</c>: which values it is made of, and how.</summary>
/// <param name="Parts">The references, resolved in order.</param>
/// <param name="Compose">Makes the text of the parts' texts.</param>
public sealed record ComposedValue(IReadOnlyList<MergeReference> Parts, Func<IReadOnlyList<string>, string> Compose)
{
    /// <summary>An empty text.</summary>
    public static ComposedValue Empty { get; } = new([], static _ => "");

    /// <summary>The text of one reference.</summary>
    public static ComposedValue Of(MergeReference reference) => new([reference], static parts => parts[0]);
}
