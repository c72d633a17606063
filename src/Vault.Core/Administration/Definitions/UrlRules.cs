using Vault.Core.Administration.Changes;
using Vault.Core.Callouts.Paths;
using Vault.Core.Definitions;
using Vault.Core.MergeFields;

namespace Vault.Core.Administration.Definitions;

/// <summary>What a named credential's <c>url</c> may be; contract section 4.</summary>
internal static class UrlRules
{
    private const int MaxLength = 4096;
    private const string Path = "$.url";

    /// <summary>Reads it; null where it is refused.</summary>
    public static (MergeTemplate Template, Uri Origin)? Read(string? url, bool allowHttp, InputErrors errors)
    {
        if (url is not { Length: > 0 and <= MaxLength })
        {
            errors.Add(Path, $"Is required: an absolute URL of at most {MaxLength} characters.");
            return null;
        }

        url = UrlOrigin.DropDot(url);
        if (UrlOrigin.Read(url) is not { } origin)
        {
            errors.Add(Path, "Must be an absolute https URL, without user info, and with no merge field or escape in scheme, host or port.");
            return null;
        }

        if (origin.Scheme == Uri.UriSchemeHttp && !allowHttp)
        {
            errors.Add(Path, "Must be https: this vault doesn't allow http (Vault:Egress:AllowHttp).");
            return null;
        }

        var template = MergeTemplate.Parse(url);
        if (!template.IsOk)
        {
            errors.Add(Path, template.Error.Detail);
            return null;
        }

        if (Judge(url) is { } mistake)
        {
            errors.Add(Path, mistake);
            return null;
        }

        return (template.Value, origin);
    }

    private static string? Judge(string url)
    {
        // Fields are taken out: what they hold is percent-encoded, so it can't add a segment.
        var literal = FieldPlaces.Remove(url);
        if (literal.Any(c => char.IsControl(c) || char.IsWhiteSpace(c)) || literal.Contains('\\', StringComparison.Ordinal))
        {
            return "Must hold no white space, control character or backslash.";
        }

        if (literal.Contains('#', StringComparison.Ordinal))
        {
            return "Must have no fragment.";
        }

        var path = literal.AsSpan(literal.IndexOf("://", StringComparison.Ordinal) + 3);
        var slash = path.IndexOfAny('/', '?');
        var rest = slash < 0 ? "" : path[slash..].ToString();
        if (rest.Any(c => c > 0x7e))
        {
            return "Path and query must be ASCII; percent-encode what isn't.";
        }

        var question = rest.IndexOf('?', StringComparison.Ordinal);
        return PathConfinement.Check(question < 0 ? rest : rest[..question]) is null ? null : "Must have no dot segment and no malformed escape in its path.";
    }
}
