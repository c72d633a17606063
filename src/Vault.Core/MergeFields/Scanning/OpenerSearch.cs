using System.Buffers;

namespace Vault.Core.MergeFields.Scanning;

/// <summary>The fast path: finds where a field may begin in bytes that are no field yet.</summary>
internal static class OpenerSearch
{
    private static readonly SearchValues<byte> FormStarts = SearchValues.Create("{<%"u8);

    /// <summary>Index of the first <c>{!</c> or <c>&lt;!</c>, or of a beginning of one that is cut off by the end; else the length.</summary>
    public static int Find(ReadOnlySpan<byte> bytes, bool isForm) => isForm ? FindInForm(bytes) : FindLiteral(bytes);

    private static int FindLiteral(ReadOnlySpan<byte> bytes)
    {
        // Of the two bytes of an opener, ! is much the rarer one in JSON and in markup.
        for (var from = 0; ;)
        {
            var found = bytes[from..].IndexOf((byte)'!');
            if (found < 0)
            {
                break;
            }

            var at = from + found;
            if (at > 0 && bytes[at - 1] is (byte)'{' or (byte)'<')
            {
                return at - 1;
            }

            from = at + 1;
        }

        return bytes is [.., (byte)'{' or (byte)'<'] ? bytes.Length - 1 : bytes.Length;
    }

    private static int FindInForm(ReadOnlySpan<byte> bytes)
    {
        for (var from = 0; ;)
        {
            var found = bytes[from..].IndexOfAny(FormStarts);
            if (found < 0)
            {
                return bytes.Length;
            }

            var at = from + found;
            if (MayOpen(bytes[at..]))
            {
                return at;
            }

            from = at + 1;
        }
    }

    private static bool MayOpen(ReadOnlySpan<byte> bytes) => bytes switch
    {
        [(byte)'%'] or [(byte)'%', (byte)'7' or (byte)'3'] => true,
        [(byte)'%', (byte)'7', (byte)'B' or (byte)'b', .. var rest] => MayContinue(rest),
        [(byte)'%', (byte)'3', (byte)'C' or (byte)'c', .. var rest] => MayContinue(rest),
        [(byte)'{' or (byte)'<', .. var rest] => MayContinue(rest),
        _ => false,
    };

    private static bool MayContinue(ReadOnlySpan<byte> rest) => rest is [] or [(byte)'!' or (byte)'%', ..];
}
