using System.Buffers;
using System.Text;

namespace Vault.Core.MergeFields.Scanning;

/// <summary>What is known of a field, or of what may become one, while its characters come in.</summary>
internal sealed class CandidateField(MergeBodyFormat format)
{
    private const int LongestShownName = 100;

    private static readonly SearchValues<byte> NameBytes =
        SearchValues.Create("$._ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"u8);

    private readonly bool _isUtf8 = format.Charset is BodyCharset.Utf8;
    private char _quote;
    private bool _backslash;

    /// <summary>Its text without the delimiters, as far as it was added.</summary>
    public FieldText Text { get; } = new(format.Charset);

    /// <summary>Where it begins.</summary>
    public TextPosition At { get; private set; }

    /// <summary>The character that closes it.</summary>
    public char Close { get; private set; }

    /// <summary>Characters so far, opener included.</summary>
    public int Length { get; private set; }

    /// <summary>How it begins, for messages: the reference or the function, never a string.</summary>
    public string Name
    {
        get
        {
            var text = Text.Utf8;
            var length = text.IndexOfAnyExcept(NameBytes);
            length = Math.Min(length < 0 ? text.Length : length, LongestShownName);
            return length == 0 ? "it" : Encoding.ASCII.GetString(text[..length]) + "…";
        }
    }

    /// <summary>Whether it has more characters than a field may have.</summary>
    public bool IsTooLong => Length > FieldScanner.MaxFieldLength;

    /// <summary>Begins with a bracket.</summary>
    public void Begin(char bracket, TextPosition at)
    {
        Close = bracket == '{' ? '}' : '>';
        At = at;
        Length = 1;
        Text.Clear();
        (_quote, _backslash) = ('\0', false);
    }

    /// <summary>Counts a decoded unit, if it begins a character.</summary>
    public void Count(int unit, bool isUtf16)
    {
        var continues = isUtf16 ? char.IsLowSurrogate((char)unit) : _isUtf8 && (unit & 0xC0) == 0x80;
        Length += continues ? 0 : 1;
    }

    /// <summary>Takes a unit of a field that has opened; false where it is the closing delimiter.</summary>
    public bool TryAdd(int unit, bool isUtf16)
    {
        if (_quote == '\0')
        {
            if (unit == Close)
            {
                return false;
            }

            _quote = unit is '\'' or '"' ? (char)unit : '\0';
        }
        else if (_backslash)
        {
            _backslash = false;
        }
        else if (unit == '\\')
        {
            _backslash = true;
        }
        else if (unit == _quote)
        {
            _quote = '\0';
        }

        if (isUtf16)
        {
            Text.AddUtf16((char)unit);
        }
        else
        {
            Text.AddByte((byte)unit);
        }

        return true;
    }
}
