using Vault.Core.Redaction;

namespace Vault.Core.Tests.Redaction;

/// <summary>
/// The oracle: every pattern is followed from every byte, with nothing ruled out, nothing shared and no state kept between
/// them. Slow, and short enough to be believed.
/// </summary>
internal static class ExhaustiveSearch
{
    /// <summary>The bytes with every echo overwritten.</summary>
    public static byte[] Redact(RedactionSet set, byte[] bytes)
    {
        var masked = new bool[bytes.Length];
        for (var start = 0; start < bytes.Length; start++)
        {
            foreach (var pattern in set.Patterns)
            {
                for (var index = 0; index <= pattern.StartFrom; index++)
                {
                    var end = Follow(pattern, index, bytes, start);
                    masked.AsSpan(start, Math.Max(0, end - start)).Fill(true);
                }
            }
        }

        return [.. bytes.Select((b, i) => masked[i] ? (byte)'*' : b)];
    }

    /// <summary>Where the longest echo of the pattern that begins here ends; the start where there is none.</summary>
    private static int Follow(EchoPattern pattern, int first, byte[] bytes, int start)
    {
        HashSet<(int Index, EncodingNode Node)> places = [(first, pattern[first])];
        var end = start;
        for (var at = start; at < bytes.Length && places.Count > 0; at++)
        {
            HashSet<(int Index, EncodingNode Node)> next = [];
            foreach (var (index, node) in places)
            {
                if (node.Find(bytes[at]) is not { } child)
                {
                    continue;
                }

                next.Add((index, child));
                if (child.Accepts)
                {
                    end = index + 1 >= pattern.AcceptFrom ? at + 1 : end;
                    if (index + 1 < pattern.Length)
                    {
                        next.Add((index + 1, pattern[index + 1]));
                    }
                }
            }

            places = next;
        }

        return end;
    }
}
