using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Vault.Core.Administration.Listing;
using Vault.Core.Primitives;

namespace Vault.Api.AdminHttp;

/// <summary><c>?pageSize=&amp;pageToken=&amp;search=</c>; contract section 1.</summary>
internal static class PageQuery
{
    private const int Default = 50;
    private const int Most = 500;

    /// <summary>Reads it, an empty token as that of the first page; <paramref name="anyKey"/>: keys are printable text, not only names.</summary>
    public static Result<PageRequest> Read(IQueryCollection query, bool anyKey = false)
    {
        var size = Default;
        if (query["pageSize"] is { Count: > 0 } sizes
            && (sizes.Count > 1 || !int.TryParse(sizes[0], NumberStyles.None, CultureInfo.InvariantCulture, out size) || size is < 1 or > Most))
        {
            return VaultError.Invalid("pageSize", $"Must be from 1 to {Most}.");
        }

        string? after = null;
        if (query["pageToken"] is { Count: > 0 } tokens and not [""] && (tokens.Count > 1 || (after = FromToken(tokens[0], anyKey)) is null))
        {
            return VaultError.Invalid("pageToken", "Must be the nextPageToken of the page before.");
        }

        return query["search"] is { Count: > 1 }
            ? VaultError.Invalid("search", "May stand only once.")
            : new PageRequest(size, after, query["search"] is [{ Length: > 0 } search] ? search : null);
    }

    /// <summary>A token for what comes behind a key.</summary>
    public static string? ToToken(string? after) => after is null ? null : Base64Url.EncodeToString(Encoding.UTF8.GetBytes(after));

    private static string? FromToken(string? token, bool anyKey)
    {
        if (string.IsNullOrEmpty(token) || !Base64Url.IsValid(token))
        {
            return null;
        }

        var after = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(token));
        return after.Length > 0 && after.All(c => anyKey ? c is >= ' ' and <= '~' : char.IsAsciiLetterOrDigit(c) || c == '_') ? after : null;
    }
}
