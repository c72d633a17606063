using System.Text;

namespace Vault.Core.MergeFields.Expressions;

/// <summary>Cuts the text of a field, delimiters aside, into tokens.</summary>
/// <param name="text">The text.</param>
/// <param name="entities">Whether <c>&amp;amp;</c> is the operator too, as it must be written in well-formed markup.</param>
internal sealed class FieldTokenizer(string text, bool entities)
{
    private int _at;

    public FieldToken Next()
    {
        while (_at < text.Length && IsSpace(text[_at]))
        {
            _at++;
        }

        if (_at == text.Length)
        {
            return new FieldToken(FieldTokenKind.End);
        }

        var c = text[_at];
        switch (c)
        {
            case '\'' or '"':
                return String(c);
            case '$':
                return new FieldToken(FieldTokenKind.Reference, Run(dots: true));
            case '&':
                _at += entities && text.AsSpan(_at).StartsWith("&amp;", StringComparison.Ordinal) ? 5 : 1;
                return new FieldToken(FieldTokenKind.Ampersand);
            case '(':
                _at++;
                return new FieldToken(FieldTokenKind.Open);
            case ')':
                _at++;
                return new FieldToken(FieldTokenKind.Close);
            case ',':
                _at++;
                return new FieldToken(FieldTokenKind.Comma);
            default:
                return char.IsAsciiLetter(c)
                    ? new FieldToken(FieldTokenKind.Word, Run(dots: false))
                    : new FieldToken(FieldTokenKind.Invalid, $"unexpected character at position {_at + 1} of the field");
        }
    }

    /// <summary>White space of the language: no more than what JSON and XML agree on.</summary>
    public static bool IsSpace(char c) => c is ' ' or '\t' or '\r' or '\n';

    private string Run(bool dots)
    {
        var start = _at++;
        while (_at < text.Length && (char.IsAsciiLetterOrDigit(text[_at]) || text[_at] == '_' || (dots && text[_at] == '.')))
        {
            _at++;
        }

        return text[start.._at];
    }

    private FieldToken String(char quote)
    {
        var start = _at++;
        var value = new StringBuilder();
        for (; _at < text.Length; _at++)
        {
            var c = text[_at];
            if (c == quote)
            {
                _at++;
                return new FieldToken(FieldTokenKind.Text, value.ToString());
            }

            if (c == '\\')
            {
                _at++;
                if (_at == text.Length || text[_at] is not ('\'' or '"' or '\\'))
                {
                    return new FieldToken(FieldTokenKind.Invalid, $"in a string, a backslash may stand only before a quote or a backslash (position {_at} of the field)");
                }

                c = text[_at];
            }

            value.Append(c);
        }

        return new FieldToken(FieldTokenKind.Invalid, $"the string at position {start + 1} of the field has no closing quote");
    }
}
