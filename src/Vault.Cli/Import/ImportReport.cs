using Vault.Cli.Documents;

namespace Vault.Cli.Import;

/// <summary>What an import has to tell beside the definitions.</summary>
/// <param name="origin">What it imports from, as in <c>Different from Salesforce</c>.</param>
/// <param name="files">What its files are called, as in <c>in the metadata</c>.</param>
internal sealed class ImportReport(string origin, string files)
{
    private readonly List<ReportLine> _lines = [];
    private readonly List<SecretToEnter> _secrets = [];
    private readonly List<string> _imported = [];
    private readonly List<string> _next = [];

    /// <summary>What it imports from.</summary>
    public string Origin => origin;

    /// <summary>What its files are called.</summary>
    public string Files => files;

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

    /// <summary>Says what became of something.</summary>
    public void Add(ReportLine line) => _lines.Add(line);

    /// <summary>Says what became of something.</summary>
    /// <param name="at">Where it stands.</param>
    /// <param name="outcome">What became of it.</param>
    /// <param name="element">What it is called.</param>
    /// <param name="sentence">Why.</param>
    public void Add(Place at, Outcome outcome, string element, string sentence) => Add(new ReportLine(at.File, at.Line, at.Column, outcome, Shown.Of(element), sentence));
}
