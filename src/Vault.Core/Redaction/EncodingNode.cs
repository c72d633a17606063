using System.Text;

namespace Vault.Core.Redaction;

/// <summary>
/// A node in the tree of ways in which one character can be written: raw, JSON-escaped, URL-encoded, HTML-escaped. A node
/// may both end a form and begin a longer one (<c>\</c> and <c>\\</c>).
/// </summary>
internal sealed class EncodingNode
{
    private const int MaxLeadingZeros = 8;

    private byte[] _keys = [];
    private EncodingNode[] _next = [];

    /// <summary>Whether a form ends here.</summary>
    public bool Accepts { get; private set; }

    public ReadOnlySpan<byte> Keys => _keys;

    public EncodingNode? Find(byte b)
    {
        var index = _keys.AsSpan().IndexOf(b);
        return index < 0 ? null : _next[index];
    }

    /// <summary>Adds these bytes as they are.</summary>
    public void AddRaw(ReadOnlySpan<byte> bytes)
    {
        var node = this;
        foreach (var b in bytes)
        {
            node = node.Child(b);
        }

        node.Accepts = true;
    }

    /// <summary>Adds bytes, each as it is, as <c>%XX</c> or as <c>%25XX</c> (encoded twice), in any mix.</summary>
    public void AddUrl(ReadOnlySpan<byte> bytes)
    {
        var node = this;
        for (var i = 0; i < bytes.Length; i++)
        {
            var raw = node.Child(bytes[i]);
            var percent = node.Child((byte)'%');
            var last = i == bytes.Length - 1;

            // The last byte gets an end of its own in each form: shared, `%` would loop with `%25`.
            var once = percent.Child(Hex(bytes[i] >> 4)).Child(Hex(bytes[i]), last ? null : raw);
            var twice = percent.Child((byte)'2').Child((byte)'5').Child(Hex(bytes[i] >> 4)).Child(Hex(bytes[i]), last ? null : raw);
            raw.Accepts |= last;
            once.Accepts |= last;
            twice.Accepts |= last;
            node = raw;
        }
    }

    /// <summary>Adds what JSON and HTML make of a character.</summary>
    public void AddEscapes(Rune rune)
    {
        var json = this;
        Span<char> units = stackalloc char[2];
        foreach (var unit in units[..rune.EncodeToUtf16(units)])
        {
            json = json.Child((byte)'\\').Child((byte)'u');
            json = json.Child(Hex(unit >> 12)).Child(Hex(unit >> 8)).Child(Hex(unit >> 4)).Child(Hex(unit));
        }

        json.Accepts = true;
        foreach (var form in ShortForms(rune.Value))
        {
            AddRaw(Encoding.ASCII.GetBytes(form));
        }

        var number = Child((byte)'&').Child((byte)'#');
        number.AddNumber(rune.Value.ToString(System.Globalization.CultureInfo.InvariantCulture));
        number.Child((byte)'x').AddNumber(rune.Value.ToString("x", System.Globalization.CultureInfo.InvariantCulture));
        number.Child("xX"u8, number.Find((byte)'x'));
    }

    private static string[] ShortForms(int value) => value switch
    {
        '"' => ["\\\"", "&quot;", "&QUOT;"],
        '\'' => ["\\'", "&apos;"],
        '\\' => ["\\\\"],
        '/' => ["\\/"],
        '&' => ["&amp;", "&AMP;"],
        '<' => ["&lt;", "&LT;"],
        '>' => ["&gt;", "&GT;"],
        ' ' => ["+"],
        '\b' => ["\\b"],
        '\f' => ["\\f"],
        '\n' => ["\\n"],
        '\r' => ["\\r"],
        '\t' => ["\\t"],
        _ => HtmlNames.Of(value) is { } name ? [$"&{name};"] : [],
    };

    private static byte[] Hex(int nibble)
    {
        var c = "0123456789abcdef"u8[nibble & 15];
        return c >= 'a' ? [c, (byte)(c - 32)] : [c];
    }

    // However many zeros lead to it, the number goes on at the same node.
    private void AddNumber(string digits)
    {
        var first = Hex(Convert.ToInt32(digits[..1], 16));
        var behind = Child(first);
        var end = behind;
        foreach (var digit in digits.AsSpan(1))
        {
            end = end.Child(Hex(Convert.ToInt32(digit.ToString(), 16)));
        }

        end.Child((byte)';').Accepts = true;
        var node = digits == "0" ? behind : this;
        for (var zeros = 0; zeros < MaxLeadingZeros; zeros++)
        {
            node = node.Child((byte)'0');
            if (digits == "0")
            {
                // The number is a zero more itself: to go on at the same node would have no end.
                node.Child((byte)';').Accepts = true;
                continue;
            }

            node.Child(first, behind);
        }
    }

    private EncodingNode Child(byte key) => Child([key]);

    private EncodingNode Child(ReadOnlySpan<byte> keys, EncodingNode? target = null)
    {
        target ??= Find(keys[0]) ?? new EncodingNode();
        foreach (var key in keys)
        {
            if (Find(key) is null)
            {
                _keys = [.. _keys, key];
                _next = [.. _next, target];
            }
        }

        return Find(keys[0]) ?? target;
    }
}
