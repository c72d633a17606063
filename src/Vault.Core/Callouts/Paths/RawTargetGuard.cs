using Vault.Core.Primitives;

namespace Vault.Core.Callouts.Paths;

/// <summary>Looks at the target as it was sent: the server collapses dot segments before it routes.</summary>
public static class RawTargetGuard
{
    /// <summary>Why the target is refused on every route, in a sentence; null where it may be routed.</summary>
    public static string? Refusal(string rawTarget)
    {
        if (!WireText.IsTarget(rawTarget))
        {
            return "The target has a character that must be percent-encoded.";
        }

        return HasDotSegment(rawTarget) ? "The path has a dot segment." : null;
    }

    /// <summary>
    /// Whether the path of the raw target has a segment that is <c>.</c> or <c>..</c> as it stands or decoded up to three times.
    /// What can't be decoded is left as it is, so that it doesn't hide the rest.
    /// </summary>
    public static bool HasDotSegment(string rawTarget)
    {
        var end = rawTarget.AsSpan().IndexOfAny('?', '#');
        var path = end < 0 ? rawTarget : rawTarget[..end];
        for (var round = 0; round < 4; round++)
        {
            if (DotSegments.Any(path))
            {
                return true;
            }

            var decoded = PercentDecoding.DecodeLoosely(path);
            if (ReferenceEquals(decoded, path))
            {
                return false;
            }

            path = decoded;
        }

        return false;
    }
}
