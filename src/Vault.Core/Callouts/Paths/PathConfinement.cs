using System.Buffers;
using Vault.Core.Primitives;

namespace Vault.Core.Callouts.Paths;

/// <summary>Keeps a caller's path below the <c>url</c> of the named credential, however often the upstream decodes it.</summary>
public static class PathConfinement
{
    private const int Rounds = 3;
    private static readonly SearchValues<char> Controls = SearchValues.Create([.. Enumerable.Range(0, 0xA0).Select(c => (char)c).Where(char.IsControl)]);

    /// <summary>Null where the raw path may be sent as it is, else <c>request-not-allowed</c>.</summary>
    /// <param name="rawPath">The path.</param>
    /// <param name="isAdmins">
    /// Whether an admin's template made it: then an encoded backslash is a character of a value like <c>DOMAIN\user</c>, though what it might be
    /// read to cut off is still no dot segment.
    /// </param>
    public static VaultError? Check(string rawPath, bool isAdmins = false)
    {
        var path = rawPath;
        for (var round = 0; round <= Rounds; round++)
        {
            if (Fault(path, mayHoldBackslash: isAdmins && round > 0) is { } fault)
            {
                return Refusal(fault);
            }

            if (round == Rounds || !path.Contains('%', StringComparison.Ordinal))
            {
                break;
            }

            // A percent sign that was itself encoded is text after the first round: `100%25` is a legal name.
            var decoded = round == 0 ? PercentDecoding.Decode(path) : PercentDecoding.DecodeAgain(path);
            if (decoded is null)
            {
                return Refusal("has a malformed escape or isn't UTF-8");
            }

            path = decoded;
        }

        return null;
    }

    private static string? Fault(string path, bool mayHoldBackslash)
    {
        if (!mayHoldBackslash && path.Contains('\\', StringComparison.Ordinal))
        {
            return "holds a backslash";
        }

        if (path.AsSpan().ContainsAny(Controls))
        {
            return "holds a control character";
        }

        return DotSegments.Any(path) ? "holds a dot segment" : null;
    }

    private static VaultError Refusal(string fault) => new(ErrorCodes.RequestNotAllowed, $"The path {fault}.");
}
