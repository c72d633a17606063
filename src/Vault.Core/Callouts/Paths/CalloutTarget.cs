using Vault.Core.Definitions;
using Vault.Core.Primitives;

namespace Vault.Core.Callouts.Paths;

/// <summary>What a callout asks for, cut from the raw request target so that every byte stays as the caller sent it.</summary>
/// <param name="Name">The named credential.</param>
/// <param name="Path">What follows the name, from its <c>/</c> on; empty where nothing does.</param>
/// <param name="Query">What follows the first <c>?</c>; null without one.</param>
public sealed record CalloutTarget(DeveloperName Name, string Path, string? Query)
{
    /// <summary>What every callout's target begins with.</summary>
    public const string Prefix = "/callout/";

    /// <summary>What stands before <see cref="Path"/>, in the caller's own spelling, by which browsers send cookies back; null where the target is a service's own URL.</summary>
    public ReadOnlyMemory<char>? Base { get; init; }

    /// <summary>What it was found by, where a service's own URL was asked for: elsewhere it must not go; null where the request says the name.</summary>
    public NamedCredential? FoundBy { get; init; }

    /// <summary>Whether a <c>/</c> follows the name, so that upstream's path ends with one, or goes on after one.</summary>
    public bool HasTrailing => Path.Length > 0;

    /// <summary>The path of a raw target of any form, without its query; the absolute form (RFC 9112 section 3.2.2) has it behind scheme and authority.</summary>
    public static string PathOf(string rawTarget)
    {
        var whole = rawTarget.Split('?')[0];
        var authority = whole.StartsWith('/') ? -1 : whole.IndexOf("://", StringComparison.Ordinal);
        var path = authority < 0 ? 0 : whole.IndexOf('/', authority + 3);
        return path < 0 ? "" : whole[path..];
    }

    /// <summary>
    /// Reads a raw target. A malformed name is <c>callout-not-granted</c>, like an unknown one; absolute, asterisk and other forms
    /// are <c>request-not-allowed</c>.
    /// </summary>
    public static Result<CalloutTarget> Parse(string rawTarget)
    {
        if (!rawTarget.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) || rawTarget.Contains('#', StringComparison.Ordinal))
        {
            return new VaultError(ErrorCodes.RequestNotAllowed, "A callout's target is /callout/{name}/{path}.");
        }

        var mark = rawTarget.IndexOf('?', StringComparison.Ordinal);
        var whole = mark < 0 ? rawTarget : rawTarget[..mark];
        var slash = whole.IndexOf('/', Prefix.Length);
        var name = slash < 0 ? whole[Prefix.Length..] : whole[Prefix.Length..slash];
        return DeveloperName.TryParse(name, out var parsed)
            ? new CalloutTarget(parsed, slash < 0 ? "" : whole[slash..], mark < 0 ? null : rawTarget[(mark + 1)..]) { Base = rawTarget.AsMemory(0, Prefix.Length + name.Length) }
            : new VaultError(ErrorCodes.CalloutNotGranted, "There is no such named credential, or it is not granted to this caller.");
    }
}
