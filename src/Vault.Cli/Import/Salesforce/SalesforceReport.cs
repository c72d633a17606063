using Vault.Cli.Import.Salesforce.Conversion;
using Vault.Cli.Import.Salesforce.Files;

namespace Vault.Cli.Import.Salesforce;

/// <summary>Tells of metadata in a report.</summary>
internal static class SalesforceReport
{
    /// <summary>Says what became of an element.</summary>
    public static void Add(this ImportReport report, string file, MetadataElement element, Outcome outcome, string sentence) =>
        report.Add(new ReportLine(file, element.Line, element.Column, outcome, Shown.Of(element.Name), sentence));

    /// <summary>Says what became of a parameter.</summary>
    public static void Add(this ImportReport report, string file, CredentialParameter parameter, Outcome outcome, string sentence) =>
        report.Add(new ReportLine(
            file, parameter.Element.Line, parameter.Element.Column, outcome, Shown.Of(parameter.Type == parameter.Name ? parameter.Type : $"{parameter.Type} {parameter.Name}"), sentence));

    /// <summary>A whole file did not come over.</summary>
    public static void Refuse(this ImportReport report, string file, Problem? problem) =>
        report.Add(new ReportLine(file, problem?.Line ?? 1, problem?.Column ?? 1, Outcome.NotImported, "file", problem?.Sentence ?? "The file holds nothing."));

    /// <summary>Reports each child that nobody took; it is called when a conversion is through with an element.</summary>
    public static void Complete(this ImportReport report, string file, MetadataElement element)
    {
        foreach (var child in element.Untaken)
        {
            report.Add(file, child, Outcome.NotImported, $"<{Shown.Of(child.Name)}> isn't known to this import.");
        }
    }
}
