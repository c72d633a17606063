using System.Buffers.Text;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Vault.Core.Audit;

/// <summary>
/// What retention removed: the records of a whole segment. It is the target of an <c>audit.pruned</c> record, so it is chained and
/// authenticated like every other, and the log that is left is verified from there.
/// </summary>
/// <param name="From">The first record that was removed.</param>
/// <param name="To">The last.</param>
/// <param name="Segment">Of these records.</param>
/// <param name="Hash">Of the last record, which the first that is left follows.</param>
public sealed partial record PrunedRange(long From, long To, int Segment, byte[] Hash)
{
    /// <summary>The action of the record that tells of it.</summary>
    public const string Action = "audit.pruned";

    /// <summary>The end of what was removed.</summary>
    public AuditHead Head => new(To, Segment, Hash);

    /// <summary>Reads one from a record's target; null where it isn't one.</summary>
    public static PrunedRange? Parse(string target)
    {
        if (Pattern().Match(target) is not { Success: true } match
            || !long.TryParse(match.Groups["from"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var from)
            || !long.TryParse(match.Groups["to"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var to)
            || !int.TryParse(match.Groups["segment"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var segment))
        {
            return null;
        }

        var range = new PrunedRange(from, to, segment, Base64Url.DecodeFromChars(match.Groups["hash"].ValueSpan));
        return range.ToString() == target ? range : null;
    }

    /// <summary>As in <c>1-10000 (10000 records, segment 3, last hash …)</c>.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{From}-{To} ({To - From + 1} records, segment {Segment}, last hash {Base64Url.EncodeToString(Hash)})");

    [GeneratedRegex(@"^(?<from>\d+)-(?<to>\d+) \(\d+ records, segment (?<segment>\d+), last hash (?<hash>[A-Za-z0-9_-]{43})\)\z", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Pattern();
}
