using System.Globalization;

namespace Vault.Cli.Import;

/// <summary>Writes the report as people read it: what came over, what became of the rest line by line, what is to do.</summary>
internal static class ReportText
{
    /// <summary>Writes it.</summary>
    public static void Write(ImportResult result, TextWriter output)
    {
        var report = result.Report;
        foreach (var sentence in report.Imported)
        {
            output.WriteLine(sentence);
        }

        WriteLines(report, Outcome.NotImported, "Not imported:", output);
        WriteLines(report, Outcome.SecretInFile, "Secrets that stand in files:", output);
        WriteLines(report, Outcome.Note, $"Different from {report.Origin}:", output);
        WriteSecrets(report, output);
        if (report.Next.Count > 0)
        {
            Head("Still to do:", output);
            foreach (var sentence in report.Next)
            {
                output.WriteLine("  " + sentence);
            }
        }

        output.WriteLine();
        output.WriteLine(Summary(result));
    }

    /// <summary>The last line.</summary>
    public static string Summary(ImportResult result)
    {
        var report = result.Report;
        return string.Create(CultureInfo.InvariantCulture,
            $"{Count(result.Document.NamedCredentials?.Count ?? 0, "named credential")} and {Count(result.Document.ExternalCredentials?.Count ?? 0, "external credential")} imported, "
            + $"{Count(report.Lines.Count(line => line.Outcome is Outcome.NotImported), "thing")} not imported, {Count(report.Secrets.Count, "value")} to enter.");
    }

    private static void WriteLines(ImportReport report, Outcome outcome, string head, TextWriter output)
    {
        var lines = report.Lines.Where(line => line.Outcome == outcome).ToArray();
        if (lines.Length == 0)
        {
            return;
        }

        Head(head, output);
        foreach (var line in lines)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {Shown.Of(line.File, 300)}:{line.Line}:{line.Column}: {line.Element}: {line.Sentence}"));
        }
    }

    private static void WriteSecrets(ImportReport report, TextWriter output)
    {
        if (report.Secrets.Count == 0)
        {
            return;
        }

        Head(report.Secrets.Any(secret => secret.File is not null)
            ? "To enter (each command asks for the value, or reads it from the file that stands behind <):"
            : "To enter (each command asks for the value):", output);
        foreach (var secret in report.Secrets)
        {
            output.WriteLine($"  {secret.Command}   # {secret.Meaning}{(secret.KnownValue is { } value ? $"; in the {report.Files}: {Shown.Of(value, 300)}" : "")}");
        }
    }

    private static void Head(string text, TextWriter output)
    {
        output.WriteLine();
        output.WriteLine(text);
    }

    private static string Count(int count, string noun) => count == 1 ? $"1 {noun}" : string.Create(CultureInfo.InvariantCulture, $"{count} {noun}s");
}
