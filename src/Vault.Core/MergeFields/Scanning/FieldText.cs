using System.Text;

namespace Vault.Core.MergeFields.Scanning;

/// <summary>Collects the decoded text of a field unit by unit, as UTF-8.</summary>
internal sealed class FieldText(BodyCharset charset)
{
    private const int MaxLength = (4 * FieldScanner.MaxFieldLength) + 4;

    private byte[] _utf8 = new byte[256];
    private int _length;
    private char _high;
    private bool _isInvalid;

    /// <summary>Bytes collected so far; all of them ASCII while only a function's name was read.</summary>
    public ReadOnlySpan<byte> Utf8 => _utf8.AsSpan(0, _length);

    /// <summary>Starts anew.</summary>
    public void Clear() => (_length, _high, _isInvalid) = (0, '\0', false);

    /// <summary>Adds a byte in the body's charset.</summary>
    public void AddByte(byte b)
    {
        EndSurrogates();
        if (b < 0x80 || charset is BodyCharset.Utf8)
        {
            Add(b);
        }
        else if (charset is BodyCharset.Latin1)
        {
            AddRune(new Rune((char)b));
        }
        else
        {
            _isInvalid = true;
        }
    }

    /// <summary>Adds a UTF-16 code unit that a JSON escape stood for.</summary>
    public void AddUtf16(char unit)
    {
        if (char.IsLowSurrogate(unit) && _high != '\0')
        {
            AddRune(new Rune(_high, unit));
            _high = '\0';
            return;
        }

        EndSurrogates();
        if (char.IsHighSurrogate(unit))
        {
            _high = unit;
        }
        else if (Rune.TryCreate(unit, out var rune))
        {
            AddRune(rune);
        }
        else
        {
            _isInvalid = true;
        }
    }

    /// <summary>The text; null where the bytes weren't text in the charset.</summary>
    public string? Read()
    {
        EndSurrogates();
        return !_isInvalid && System.Text.Unicode.Utf8.IsValid(Utf8) ? Encoding.UTF8.GetString(Utf8) : null;
    }

    private void EndSurrogates()
    {
        _isInvalid |= _high != '\0';
        _high = '\0';
    }

    private void AddRune(Rune rune)
    {
        Span<byte> bytes = stackalloc byte[4];
        foreach (var b in bytes[..rune.EncodeToUtf8(bytes)])
        {
            Add(b);
        }
    }

    private void Add(byte b)
    {
        if (_length == MaxLength)
        {
            // Continuation bytes without a character don't count as characters, and must not fill the memory.
            _isInvalid = true;
            return;
        }

        if (_length == _utf8.Length)
        {
            Array.Resize(ref _utf8, Math.Min(MaxLength, 2 * _length));
        }

        _utf8[_length++] = b;
    }
}
