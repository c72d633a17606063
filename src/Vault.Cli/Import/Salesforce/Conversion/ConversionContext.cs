using Vault.Cli.Import.Salesforce.Files;
using Vault.Cli.Import.Salesforce.Formulas;
using Vault.Cli.Import.Salesforce.Names;

namespace Vault.Cli.Import.Salesforce.Conversion;

/// <summary>What the conversion of one file has to know of the others.</summary>
/// <param name="options">What the import may do.</param>
/// <param name="report">Where problems go.</param>
/// <param name="files">All files, read.</param>
internal sealed class ConversionContext(ImportOptions options, ImportReport report, IReadOnlyList<(MetadataFile File, MetadataElement Root)> files)
{
    private readonly Dictionary<MetadataFile, TokenProvider?> _providers = [];
    private readonly HashSet<MetadataFile> _used = [];
    private readonly Dictionary<string, ExternalDraft> _externals = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>What the import may do.</summary>
    public ImportOptions Options => options;

    /// <summary>Where problems go.</summary>
    public ImportReport Report => report;

    /// <summary>Names of external credentials.</summary>
    public NameTable ExternalNames { get; } = new();

    /// <summary>Names of named credentials.</summary>
    public NameTable NamedNames { get; } = new();

    /// <summary>The external credentials that came over, by the vault's names.</summary>
    public IReadOnlyDictionary<string, ExternalDraft> Externals => _externals;

    /// <summary>All files of a kind, read.</summary>
    public IEnumerable<(MetadataFile File, MetadataElement Root)> Of(MetadataKind kind) => files.Where(file => file.File.Kind == kind);

    /// <summary>The files of auth. and identity providers that no credential uses.</summary>
    public IEnumerable<(MetadataFile File, MetadataElement Root)> UnusedProviders =>
        files.Where(file => file.File.Kind is MetadataKind.AuthProvider or MetadataKind.IdentityProvider && !_used.Contains(file.File));

    /// <summary>An external credential came over.</summary>
    public void Add(ExternalDraft draft) => _externals.Add(draft.Name, draft);

    /// <summary>The auth. provider that an element names; null where it can't come over, which is reported.</summary>
    public TokenProvider? FindAuthProvider(string file, MetadataElement user, string? name)
    {
        if (Find(MetadataKind.AuthProvider, file, user, name, "AuthProvider") is not { } found)
        {
            return null;
        }

        if (!_providers.TryGetValue(found.File, out var provider))
        {
            _providers[found.File] = provider = AuthProviderConversion.Read(found.File, found.Root, options.AllowHttp, report);
        }

        return provider ?? Unusable(file, user, found.File);
    }

    /// <summary>The external auth identity provider that an element names; null where it can't come over, which is reported.</summary>
    public TokenProvider? FindIdentityProvider(string file, MetadataElement user, string? name, FormulaScope scope) =>
        Find(MetadataKind.IdentityProvider, file, user, name, "ExternalAuthIdentityProvider") is { } found
            ? new IdentityProviderConversion(found.File, scope, options.AllowHttp, report).Read(found.Root) ?? Unusable(file, user, found.File)
            : null;

    private (MetadataFile File, MetadataElement Root)? Find(MetadataKind kind, string file, MetadataElement user, string? name, string type)
    {
        var found = Of(kind).Where(candidate => name is not null && NameTable.IsSame(candidate.File.Name, name)).Take(1).ToArray();
        if (found is [var first])
        {
            _used.Add(first.File);
            return first;
        }

        report.Add(file, user, Outcome.NotImported, name is null
            ? $"It names no {type}, so that nobody can say where its tokens come from."
            : $"Its {type} {Shown.Of(name)} isn't among the files. Get it from the org: sf project retrieve start --metadata {type}:{Shown.Of(name)}");
        return null;
    }

    private TokenProvider? Unusable(string file, MetadataElement user, MetadataFile provider)
    {
        report.Add(file, user, Outcome.NotImported, $"What it gets its tokens from did not come over: see {provider.Path}.");
        return null;
    }
}
