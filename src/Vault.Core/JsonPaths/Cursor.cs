using System.Globalization;
using System.Text;

namespace Vault.Core.JsonPaths;

/// <summary>Reads the text of a query from left to right: characters, blanks, integers and string literals.</summary>
internal sealed class Cursor(string text)
{
    private const long MaxInteger = 9007199254740991;

    public int Position { get; set; }

    /// <summary>The next character; NUL at the end.</summary>
    public char Next => Position < text.Length ? text[Position] : '\0';

    public bool AtEnd => Position >= text.Length;

    public JsonPathSyntaxException Error(string message) => new(Position, message);

    public string Slice(int start) => text[start..Position];

    public void SkipBlanks()
    {
        while (Next is ' ' or '\t' or '\n' or '\r')
        {
            Position++;
        }
    }

    public bool TryTake(char c)
    {
        var taken = !AtEnd && text[Position] == c;
        Position += taken ? 1 : 0;
        return taken;
    }

    public bool TryTake(string token)
    {
        var taken = string.CompareOrdinal(text, Position, token, 0, token.Length) == 0;
        Position += taken ? token.Length : 0;
        return taken;
    }

    public void Take(char c)
    {
        if (!TryTake(c))
        {
            throw Error($"expected '{c}'");
        }
    }

    /// <summary>An integer without leading zeros, within the exact range of I-JSON.</summary>
    public long TakeInteger()
    {
        var start = Position;
        TryTake('-');
        var digits = Position;
        while (char.IsAsciiDigit(Next))
        {
            Position++;
        }

        var slice = Slice(start);
        if (Position == digits || (text[digits] == '0' && slice != "0")
            || !long.TryParse(slice, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            || value is < -MaxInteger or > MaxInteger)
        {
            Position = start;
            throw Error("expected an integer without leading zeros, at most 2^53-1 in size");
        }

        return value;
    }

    /// <summary>A member name after a dot.</summary>
    public string TakeMemberName()
    {
        var start = Position;
        while (!AtEnd && (char.IsAsciiLetter(Next) || Next == '_' || (Position > start && char.IsAsciiDigit(Next)) || Next >= 0x80))
        {
            TakeScalar();
        }

        return Position > start ? Slice(start) : throw Error("expected a member name");
    }

    /// <summary>A string literal in either kind of quotes.</summary>
    public string TakeString()
    {
        var quote = Next;
        Position++;
        var value = new StringBuilder();
        while (Next != quote)
        {
            if (Next < ' ')
            {
                throw Error("a string ends, or holds a control character");
            }

            if (TryTake('\\'))
            {
                TakeEscape(value, quote);
            }
            else
            {
                var start = Position;
                TakeScalar();
                value.Append(text, start, Position - start);
            }
        }

        Position++;
        return value.ToString();
    }

    private void TakeScalar()
    {
        if (!Rune.TryGetRuneAt(text, Position, out var rune))
        {
            throw Error("half a surrogate pair");
        }

        Position += rune.Utf16SequenceLength;
    }

    private void TakeEscape(StringBuilder value, char quote)
    {
        var c = Next;
        if (c == 'u')
        {
            Position++;
            TakeUnicodeEscape(value);
            return;
        }

        value.Append(c switch
        {
            'b' => '\b',
            'f' => '\f',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            '/' or '\\' => c,
            _ when c == quote => c,
            _ => throw Error("unknown escape"),
        });
        Position++;
    }

    private void TakeUnicodeEscape(StringBuilder value)
    {
        var high = TakeHex();
        value.Append(high);
        if (char.IsLowSurrogate(high))
        {
            throw Error("half a surrogate pair");
        }

        if (char.IsHighSurrogate(high))
        {
            if (!TryTake("\\u") || TakeHex() is var low && !char.IsLowSurrogate(low))
            {
                throw Error("half a surrogate pair");
            }

            value.Append(low);
        }
    }

    private char TakeHex()
    {
        if (Position + 4 > text.Length
            || !ushort.TryParse(text.AsSpan(Position, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var unit))
        {
            throw Error("expected four hexadecimal digits");
        }

        Position += 4;
        return (char)unit;
    }
}
