using System.Globalization;

namespace Vault.Core.MergeFields.Scanning;

/// <summary>One escape, of a form (<c>%7B</c>) or of a JSON string (<c>\u0026</c>), read byte by byte.</summary>
internal sealed class UnitEscape
{
    private readonly byte[] _bytes = new byte[6];
    private int _count;

    /// <summary>Whether an escape has begun and not ended.</summary>
    public bool IsPending => _count > 0;

    /// <summary>The bytes of the pending escape.</summary>
    public ReadOnlySpan<byte> Pending => _bytes.AsSpan(0, _count);

    /// <summary>Begins with <c>%</c> or a backslash.</summary>
    public void Begin(byte first)
    {
        _bytes[0] = first;
        _count = 1;
    }

    /// <summary>Takes the next byte.</summary>
    /// <param name="next">The byte.</param>
    /// <param name="unit">The byte (form) or UTF-16 code unit (JSON) that the escape stands for, once complete.</param>
    /// <returns>Whether the byte belongs to the escape; if not, what is <see cref="Pending"/> was no escape.</returns>
    public bool TryTake(byte next, out int? unit)
    {
        unit = null;
        var isForm = _bytes[0] == '%';
        if (!isForm && _count == 1 && next != 'u')
        {
            unit = Simple(next);
            _count = unit is null ? _count : 0;
            return unit is not null;
        }

        if (!(char.IsAsciiHexDigit((char)next) || (!isForm && _count == 1)))
        {
            return false;
        }

        _bytes[_count++] = next;
        if (_count == (isForm ? 3 : 6))
        {
            unit = int.Parse(Pending[(isForm ? 1 : 2)..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            _count = 0;
        }

        return true;
    }

    /// <summary>Forgets the pending bytes.</summary>
    public void Reset() => _count = 0;

    private static int? Simple(byte next) => (char)next switch
    {
        '"' or '\\' or '/' => next,
        'b' => '\b',
        'f' => '\f',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        _ => null,
    };
}
