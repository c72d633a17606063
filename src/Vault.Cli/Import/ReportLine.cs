namespace Vault.Cli.Import;

/// <summary>What became of an element.</summary>
internal enum Outcome
{
    /// <summary>It came over, but somebody should know how.</summary>
    Note,

    /// <summary>It has no equivalent here, or there is something wrong with it: it did not come over.</summary>
    NotImported,

    /// <summary>A secret stands in the file; it wasn't copied.</summary>
    SecretInFile,
}

/// <summary>A line of the report. Its sentence never holds a value that could be a secret.</summary>
/// <param name="File">As it is shown.</param>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1.</param>
/// <param name="Outcome">What became of it.</param>
/// <param name="Element">Which element.</param>
/// <param name="Sentence">Why.</param>
internal sealed record ReportLine(string File, int Line, int Column, Outcome Outcome, string Element, string Sentence);
