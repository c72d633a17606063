using System.Globalization;
using System.Text;

namespace Vault.Cli.Import.Salesforce.Formulas;

/// <summary>Reads the part of Salesforce's formula language that credentials are written in.</summary>
internal sealed class FormulaParser
{
    private const int MaxDepth = 32;
    private const int MaxLength = 3900;

    private readonly string _text;
    private int _at;
    private int _depth;

    private FormulaParser(string text) => _text = text;

    /// <summary>Reads a whole formula.</summary>
    /// <exception cref="FormulaException">It can't be read.</exception>
    public static FormulaExpression Parse(string text)
    {
        if (text.Length > MaxLength)
        {
            throw new FormulaException($"the formula is over {MaxLength} characters");
        }

        var parser = new FormulaParser(text);
        var expression = parser.Concatenation();
        return parser.Peek() == '\0' ? expression : throw parser.Unexpected();
    }

    private FormulaExpression Concatenation() => Chain(Sum, "&");

    private FormulaExpression Sum() => Chain(Product, "+-");

    private FormulaExpression Product() => Chain(Primary, "*/");

    private FormulaExpression Chain(Func<FormulaExpression> part, string operators)
    {
        var left = part();
        while (Peek() is var sign && sign != '\0' && operators.Contains(sign, StringComparison.Ordinal))
        {
            _at++;
            left = new BinaryExpression(sign, left, part());
        }

        return left;
    }

    private FormulaExpression Primary()
    {
        if (++_depth > MaxDepth)
        {
            throw new FormulaException($"the formula is nested more than {MaxDepth} deep");
        }

        var c = Peek();
        FormulaExpression expression;
        switch (c)
        {
            case '\'' or '"':
                expression = new TextExpression(Text(c));
                break;
            case '(':
                _at++;
                expression = Concatenation();
                Expect(')');
                break;
            case '$':
                expression = new GlobalExpression(Run(dots: true).Split('.'));
                break;
            case >= '0' and <= '9':
                expression = Number();
                break;
            default:
                expression = char.IsAsciiLetter(c) ? Call() : throw Unexpected();
                break;
        }

        _depth--;
        return expression;
    }

    private CallExpression Call()
    {
        var name = Run(dots: true);
        if (Peek() != '(')
        {
            throw new FormulaException($"{Shown.Of(name)} is neither a function nor a global");
        }

        _at++;
        var arguments = new List<FormulaExpression>();
        while (Peek() != ')')
        {
            if (arguments.Count > 0)
            {
                Expect(',');
            }

            arguments.Add(Concatenation());
        }

        _at++;
        return new CallExpression(name.ToUpperInvariant(), arguments);
    }

    private NumberExpression Number()
    {
        var start = _at;
        while (_at < _text.Length && (char.IsAsciiDigit(_text[_at]) || _text[_at] == '.'))
        {
            _at++;
        }

        return decimal.TryParse(_text.AsSpan(start, _at - start), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value)
            ? new NumberExpression(value)
            : throw new FormulaException($"there is no number at position {start + 1} of the formula");
    }

    private string Text(char quote)
    {
        var start = _at++;
        var value = new StringBuilder();
        while (_at < _text.Length)
        {
            var c = _text[_at++];
            if (c == quote)
            {
                return value.ToString();
            }

            value.Append(c == '\\' && _at < _text.Length ? Unescape(_text[_at++]) : c);
        }

        throw new FormulaException($"the string at position {start + 1} of the formula has no closing quote");
    }

    private static char Unescape(char c) => c switch { 'n' => '\n', 'r' => '\r', 't' => '\t', _ => c };

    private string Run(bool dots)
    {
        var start = _at++;
        while (_at < _text.Length && (char.IsAsciiLetterOrDigit(_text[_at]) || _text[_at] == '_' || (dots && _text[_at] == '.')))
        {
            _at++;
        }

        return _text[start.._at];
    }

    private char Peek()
    {
        while (_at < _text.Length && char.IsWhiteSpace(_text[_at]))
        {
            _at++;
        }

        return _at < _text.Length ? _text[_at] : '\0';
    }

    private void Expect(char sign)
    {
        if (Peek() != sign)
        {
            throw Unexpected();
        }

        _at++;
    }

    private FormulaException Unexpected() => new(_at < _text.Length
        ? $"it has an operator or a sign that the vault's merge fields don't have, at position {_at + 1} of the formula"
        : "the formula ends too early");
}
