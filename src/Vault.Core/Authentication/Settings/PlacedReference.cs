using Vault.Core.MergeFields;

namespace Vault.Core.Authentication.Settings;

/// <summary>A reference and the JSON path of the setting that holds it.</summary>
internal sealed record PlacedReference(MergeReference Reference, string Path)
{
    /// <summary>The references of a template.</summary>
    public static IEnumerable<PlacedReference> Of(MergeTemplate template, string path) =>
        template.References.Select(reference => new PlacedReference(reference, path));

    /// <summary>The references of templates.</summary>
    public static IEnumerable<PlacedReference> Of(IEnumerable<NamedTemplate> templates) =>
        templates.SelectMany(named => Of(named.Template, named.Path));

    /// <summary>The references of pairs.</summary>
    public static IEnumerable<PlacedReference> Of(IEnumerable<PairTemplate> pairs) =>
        pairs.SelectMany(pair => Of(pair.Name, pair.Path).Concat(Of(pair.Value, pair.Path)));
}
