namespace Vault.Core.Callouts.Paths;

/// <summary>Finds segments that mean a place instead of naming one.</summary>
internal static class DotSegments
{
    /// <summary>Whether a segment, cut at slashes of both kinds, is <c>.</c> or <c>..</c>, also before a <c>;</c>.</summary>
    public static bool Any(ReadOnlySpan<char> path)
    {
        if (!path.Contains('.'))
        {
            return false;
        }

        foreach (var range in path.SplitAny('/', '\\'))
        {
            var segment = path[range];
            var end = segment.IndexOf(';');
            if ((end < 0 ? segment : segment[..end]) is "." or "..")
            {
                return true;
            }
        }

        return false;
    }
}
