using System.Text;

namespace Vault.Fuzz;

/// <summary>Cuts an input into the parts that a parser needs; an input that ends early gives zeros and empty rests.</summary>
internal sealed class FuzzInput(byte[] bytes)
{
    private int _at;

    /// <summary>The next byte.</summary>
    public byte Byte() => _at < bytes.Length ? bytes[_at++] : (byte)0;

    /// <summary>One of the choices, by the next byte.</summary>
    public T Choose<T>(params ReadOnlySpan<T> choices) => choices[Byte() % choices.Length];

    /// <summary>What comes before the next line feed, without it.</summary>
    public byte[] Line()
    {
        var length = bytes.AsSpan(_at).IndexOf((byte)'\n');
        var line = length < 0 ? bytes[_at..] : bytes[_at..(_at + length)];
        _at = Math.Min(bytes.Length, _at + line.Length + 1);
        return line;
    }

    /// <summary>The same as UTF-8; what isn't any is replaced.</summary>
    public string Text() => Encoding.UTF8.GetString(Line());

    /// <summary>Everything that is left.</summary>
    public byte[] Rest()
    {
        var rest = bytes[_at..];
        _at = bytes.Length;
        return rest;
    }

    /// <summary>Everything that is left as UTF-8; what isn't any is replaced.</summary>
    public string RestText() => Encoding.UTF8.GetString(Rest());
}
