using System.Text;

namespace Vault.Cli.Import.Salesforce.Formulas;

/// <summary>Makes a template of the vault's of a text of Salesforce's with <c>{!formulas}</c> in it.</summary>
internal static class TemplateTranslator
{
    // The vault takes a template of a header up to this size.
    private const int MaxLength = 16 * 1024;

    /// <summary>Translates a text.</summary>
    /// <param name="text">As it stands in the metadata.</param>
    /// <param name="scope">What names mean.</param>
    /// <param name="target">The header that the value is for; null where no secret is looked for in it.</param>
    /// <exception cref="FormulaException">The vault has nothing like it.</exception>
    public static Translation Translate(string text, FormulaScope scope, string? target)
    {
        var translation = new Translation();
        var output = new StringBuilder();
        var at = 0;
        while (at < text.Length)
        {
            var open = text.IndexOf("{!", at, StringComparison.Ordinal);
            AppendLiteral(output, text[at..(open < 0 ? text.Length : open)], isWhole: at == 0 && open < 0, scope, target, translation);
            if (open < 0)
            {
                break;
            }

            var close = FindClose(text, open + 2);
            var formula = text[(open + 2)..close];
            var written = new FormulaWriter(scope, target, translation).Write(FormulaParser.Parse(formula));
            output.Append("{!").Append(IsSame(formula, written) ? formula : written).Append('}');
            at = close + 1;
        }

        translation.Text = output.Length <= MaxLength ? output.ToString() : throw new FormulaException($"it has more than {MaxLength} characters");
        return translation;
    }

    /// <summary>Translates a text that is a formula as a whole, without <c>{!</c> around it: subjects of legacy named credentials.</summary>
    /// <exception cref="FormulaException">The vault has nothing like it.</exception>
    public static Translation TranslateFormula(string formula, FormulaScope scope, string? target)
    {
        if (formula.StartsWith("{!", StringComparison.Ordinal))
        {
            return Translate(formula, scope, target);
        }

        var translation = new Translation();
        translation.Text = "{!" + new FormulaWriter(scope, target, translation).Write(FormulaParser.Parse(formula)) + "}";
        return translation;
    }

    private static void AppendLiteral(StringBuilder output, string literal, bool isWhole, FormulaScope scope, string? target, Translation translation)
    {
        if (literal.Any(c => char.IsControl(c) && c != '\t'))
        {
            throw new FormulaException("it has a line break or another control character");
        }

        if (target is not null && LiteralSecret.Find(target, literal) is { } secret)
        {
            var name = scope.ParameterFor(target);
            translation.HadSecret = true;
            translation.Needs(name, FormulaWriter.Meaning(target));
            output.Append(isWhole ? secret.Prefix.TrimStart() : secret.Prefix).Append("{!$Credential.").Append(scope.Name).Append('.').Append(name).Append('}');
            return;
        }

        // What the vault would take for a field, and Salesforce doesn't.
        var opening = literal.IndexOf("<!", StringComparison.Ordinal);
        output.Append(opening < 0 ? literal : throw new FormulaException("it has <! in it, which opens a field here"));
    }

    private static int FindClose(string text, int from)
    {
        char? quote = null;
        for (var index = from; index < text.Length; index++)
        {
            var c = text[index];
            if (quote is not null)
            {
                if (c == '\\')
                {
                    index++;
                }
                else if (c == quote)
                {
                    quote = null;
                }
            }
            else if (c is '\'' or '"')
            {
                quote = c;
            }
            else if (c == '}')
            {
                return index;
            }
        }

        throw new FormulaException("a {! has no closing brace");
    }

    // What is the same but for white space and quotes comes over to the letter.
    private static bool IsSame(string formula, string written) => Bare(formula).Equals(Bare(written), StringComparison.Ordinal) && !formula.Contains('\\', StringComparison.Ordinal);

    private static string Bare(string text) => string.Concat(text.Where(c => !char.IsWhiteSpace(c)).Select(c => c == '"' ? '\'' : c));
}
