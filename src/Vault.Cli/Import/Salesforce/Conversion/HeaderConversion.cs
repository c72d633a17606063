using System.Text.RegularExpressions;
using Vault.Cli.Documents;
using Vault.Cli.Import.Salesforce.Formulas;

namespace Vault.Cli.Import.Salesforce.Conversion;

/// <summary>Custom headers: <c>AuthHeader</c> of external credentials, <c>HttpHeader</c> of named ones.</summary>
internal static partial class HeaderConversion
{
    // Headers that frame or route a message; the vault sets them itself.
    private static readonly string[] Framing =
    [
        "Connection", "Content-Length", "Expect", "Host", "HTTP2-Settings", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection", "TE",
        "Trailer", "Transfer-Encoding", "Upgrade",
    ];

    /// <summary>Converts headers.</summary>
    /// <param name="parameters">Lowest sequence first.</param>
    /// <param name="scope">What names in formulas mean.</param>
    /// <param name="file">As it is shown.</param>
    /// <param name="need">Learns what has to be entered.</param>
    /// <param name="report">Where problems go.</param>
    public static IReadOnlyList<CustomHeaderDefinition> Convert(
        IReadOnlyList<CredentialParameter> parameters, FormulaScope scope, string file, Action<FormulaParameter> need, ImportReport report)
    {
        var headers = new List<CustomHeaderDefinition>();
        foreach (var parameter in parameters)
        {
            if (!HeaderName().IsMatch(parameter.Name))
            {
                report.Add(file, parameter, Outcome.NotImported, $"{Shown.Of(parameter.Name)} can't be the name of an HTTP header.");
                continue;
            }

            if (Framing.Contains(parameter.Name, StringComparer.OrdinalIgnoreCase))
            {
                report.Add(file, parameter, Outcome.NotImported, $"The vault sets the header {parameter.Name} itself.");
                continue;
            }

            if (parameter.Group is { } group)
            {
                report.Add(file, parameter, Outcome.Note, $"It is a header of the principal {Shown.Of(group)}; here it is sent for all principals.");
            }

            try
            {
                // A header may stand there twice, each with a secret of its own.
                var times = headers.Count(header => header.Name.Equals(parameter.Name, StringComparison.OrdinalIgnoreCase));
                var translation = TemplateTranslator.Translate(parameter.Value ?? "", scope, times == 0 ? parameter.Name : $"{parameter.Name}_{times + 1}");
                foreach (var needed in translation.Parameters)
                {
                    need(needed);
                }

                foreach (var note in translation.Notes)
                {
                    report.Add(file, parameter, Outcome.Note, note);
                }

                if (translation.HadSecret)
                {
                    report.Add(file, parameter, Outcome.SecretInFile,
                        $"What looks like a secret stands in the header {parameter.Name}; it wasn't copied, a parameter takes its place. Take it out of the repository, and out of its history.");
                }

                headers.Add(new CustomHeaderDefinition { Name = parameter.Name, Value = translation.Text.Trim(' ', '\t'), Sequence = headers.Count + 1 });
            }
            catch (FormulaException exception)
            {
                report.Add(file, parameter, Outcome.NotImported, $"The header {parameter.Name} did not come over: {exception.Message}.");
            }
        }

        return headers;
    }

    [GeneratedRegex("^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex HeaderName();
}
