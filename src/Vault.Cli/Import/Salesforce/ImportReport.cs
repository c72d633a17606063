using Vault.Cli.Import.Salesforce.Conversion;
using Vault.Cli.Import.Salesforce.Files;

namespace Vault.Cli.Import.Salesforce;

/// <summary>What an import has to tell beside the definitions.</summary>
internal sealed class ImportReport
{
    private readonly List<ReportLine> _lines = [];
    private readonly List<SecretToEnter> _secrets = [];
    private readonly List<string> _imported = [];
    private readonly List<string> _next = [];

    /// <summary>What became of elements, by file and line.</summary>
    public IReadOnlyList<ReportLine> Lines => [.. _lines.Distinct().OrderBy(line => line.File, StringComparer.Ordinal).ThenBy(line => line.Line).ThenBy(line => line.Column)];

    /// <summary>What has to be entered.</summary>
    public IReadOnlyList<SecretToEnter> Secrets => [.. _secrets.DistinctBy(secret => (secret.ExternalCredential, secret.Principal, secret.Parameter.ToUpperInvariant()))];

    /// <summary>A line for each credential that came over.</summary>
    public IReadOnlyList<string> Imported => _imported;

    /// <summary>What else there is to do.</summary>
    public IReadOnlyList<string> Next => [.. _next.Distinct(StringComparer.Ordinal)];

    /// <summary>A credential came over.</summary>
    public void Import(string sentence) => _imported.Add(sentence);

    /// <summary>Somebody has something to do.</summary>
    public void Do(string sentence) => _next.Add(sentence);

    /// <summary>A parameter has to be entered.</summary>
    public void Enter(SecretToEnter secret) => _secrets.Add(secret);

    /// <summary>Says what became of an element.</summary>
    public void Add(string file, MetadataElement element, Outcome outcome, string sentence) =>
        _lines.Add(new ReportLine(file, element.Line, element.Column, outcome, Shown.Of(element.Name), sentence));

    /// <summary>Says what became of a parameter.</summary>
    public void Add(string file, CredentialParameter parameter, Outcome outcome, string sentence) =>
        _lines.Add(new ReportLine(file, parameter.Element.Line, parameter.Element.Column, outcome, Shown.Of(parameter.Type == parameter.Name ? parameter.Type : $"{parameter.Type} {parameter.Name}"), sentence));

    /// <summary>A whole file did not come over.</summary>
    public void Refuse(string file, Problem? problem) =>
        _lines.Add(new ReportLine(file, problem?.Line ?? 1, problem?.Column ?? 1, Outcome.NotImported, "file", problem?.Sentence ?? "The file holds nothing."));

    /// <summary>Reports each child that nobody took; it is called when a conversion is through with an element.</summary>
    public void Complete(string file, MetadataElement element)
    {
        foreach (var child in element.Untaken)
        {
            Add(file, child, Outcome.NotImported, $"<{Shown.Of(child.Name)}> isn't known to this import.");
        }
    }
}
