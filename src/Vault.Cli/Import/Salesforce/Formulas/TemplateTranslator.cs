using System.Text;
using System.Text.RegularExpressions;

namespace Vault.Cli.Import.Salesforce.Formulas;

/// <summary>Makes a template of the vault's of a text of Salesforce's with <c>{!formulas}</c> in it.</summary>
internal static partial class TemplateTranslator
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
        var parts = new List<TemplatePart>();
        var at = 0;
        while (at < text.Length)
        {
            var open = text.IndexOf("{!", at, StringComparison.Ordinal);
            var literal = text[at..(open < 0 ? text.Length : open)];
            parts.Add(TemplatePart.Text(literal));
            if (Bare().IsMatch(literal))
            {
                translation.Note("It has $Credential, or & beside a string, outside of {!…}: that is no formula, and is sent as text.");
            }

            if (open < 0)
            {
                break;
            }

            var close = FindClose(text, open + 2);
            AddFormula(parts, text[(open + 2)..close], new FormulaWriter(scope, target, translation));
            at = close + 1;
        }

        translation.Text = Join(parts, scope, target, translation);
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
        var parts = new List<TemplatePart>();
        AddFormula(parts, formula, new FormulaWriter(scope, target, translation));
        translation.Text = Join(parts, scope, target, translation);
        return translation;
    }

    // The vault opens a field only before $ or a function: strings at the ends of a concatenation stand outside of it, and a formula of strings alone is text.
    private static void AddFormula(List<TemplatePart> parts, string formula, FormulaWriter writer)
    {
        var expression = FormulaParser.Parse(formula);
        var operands = Operands(expression).ToArray();
        var first = Array.FindIndex(operands, operand => operand is not TextExpression);
        if (first < 0)
        {
            parts.AddRange(operands.OfType<TextExpression>().Select(text => TemplatePart.Text(text.Value)));
            return;
        }

        var end = Array.FindLastIndex(operands, operand => operand is not TextExpression) + 1;
        parts.AddRange(operands[..first].OfType<TextExpression>().Select(text => TemplatePart.Text(text.Value)));
        var written = string.Join(" & ", operands[first..end].Select(writer.Write));
        parts.Add(TemplatePart.Field(first == 0 && end == operands.Length && IsSame(formula, written) ? formula : written));
        parts.AddRange(operands[end..].OfType<TextExpression>().Select(text => TemplatePart.Text(text.Value)));
    }

    private static IEnumerable<FormulaExpression> Operands(FormulaExpression expression) =>
        expression is BinaryExpression { Operator: '&' or '+' } joined && EpochTime.Find(joined) is null ? [.. Operands(joined.Left), .. Operands(joined.Right)] : [expression];

    // Text that stood in pieces is one text: a secret may begin in one and end in the next.
    private static string Join(List<TemplatePart> parts, FormulaScope scope, string? target, Translation translation)
    {
        var output = new StringBuilder();
        var isWhole = parts.TrueForAll(part => !part.IsField);
        for (var index = 0; index < parts.Count; index++)
        {
            if (parts[index].IsField)
            {
                output.Append("{!").Append(parts[index].Value).Append('}');
                continue;
            }

            var literal = new StringBuilder(parts[index].Value);
            while (index + 1 < parts.Count && !parts[index + 1].IsField)
            {
                literal.Append(parts[++index].Value);
            }

            AppendLiteral(output, literal.ToString(), isWhole, scope, target, translation);
        }

        return output.Length <= MaxLength ? output.ToString() : throw new FormulaException($"it has more than {MaxLength} characters");
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
        foreach (var opening in (ReadOnlySpan<string>)["<!", "{!"])
        {
            if (literal.Contains(opening, StringComparison.Ordinal))
            {
                throw new FormulaException($"it has {opening} in it, which opens a field here");
            }
        }

        output.Append(literal);
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

    // What is the same but for spaces and quotes comes over to the letter.
    private static bool IsSame(string formula, string written) =>
        Squeezed(formula).Equals(Squeezed(written), StringComparison.Ordinal) && !formula.Contains('\\', StringComparison.Ordinal) && !formula.Any(char.IsControl);

    private static string Squeezed(string text) => string.Concat(text.Where(c => !char.IsWhiteSpace(c)).Select(c => c == '"' ? '\'' : c));

    // A formula that somebody forgot the braces of.
    [GeneratedRegex("""\$(Credential|User|Organization)\.|['"]\s*&|&\s*['"]""", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase | RegexOptions.NonBacktracking)]
    private static partial Regex Bare();
}
