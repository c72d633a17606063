using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Vault.Core.Administration.Listing;
using Vault.Core.Primitives;

namespace Vault.Api.AdminHttp;

/// <summary><c>?pageSize=&amp;pageToken=&amp;search=</c>; contract section 1.</summary>
internal static class PageQuery
{
    private const int Default = 50;
    private const int Most = 500;
    private const int ListLength = 8;

    /// <summary>Reads it, an empty token as that of the first page; <paramref name="anyKey"/>: keys are printable text, not only names.</summary>
    public static Result<PageRequest> Read(HttpRequest request, bool anyKey = false)
    {
        var query = request.Query;
        var size = Default;
        if (query["pageSize"] is { Count: > 0 } sizes
            && (sizes.Count > 1 || !int.TryParse(sizes[0], NumberStyles.None, CultureInfo.InvariantCulture, out size) || size is < 1 or > Most))
        {
            return VaultError.Invalid("pageSize", $"Must be from 1 to {Most}.");
        }

        string? after = null;
        if (query["pageToken"] is { Count: > 0 } tokens and not [""] && (tokens.Count > 1 || (after = FromToken(request, tokens[0], anyKey)) is null))
        {
            return VaultError.Invalid("pageToken", "Must be the nextPageToken of the page before, of this list and search.");
        }

        return query["search"] is { Count: > 1 }
            ? VaultError.Invalid("search", "May stand only once.")
            : new PageRequest(size, after, query["search"] is [{ Length: > 0 } search] ? search : null);
    }

    /// <summary>A token for what comes behind a key in the list that the request asks for.</summary>
    public static string? ToToken(HttpRequest request, string? after) => after is null ? null : Base64Url.EncodeToString([.. ListOf(request), .. Encoding.UTF8.GetBytes(after)]);

    private static string? FromToken(HttpRequest request, string? token, bool anyKey)
    {
        if (string.IsNullOrEmpty(token) || !Base64Url.IsValid(token))
        {
            return null;
        }

        var bytes = Base64Url.DecodeFromChars(token);
        if (!bytes.AsSpan().StartsWith(ListOf(request)))
        {
            return null;
        }

        var after = Encoding.UTF8.GetString(bytes.AsSpan(ListLength));
        return after.Length > 0 && after.All(c => anyKey ? c is >= ' ' and <= '~' : char.IsAsciiLetterOrDigit(c) || c == '_') ? after : null;
    }

    // A token of another list or search would cut this one anywhere. Names are the same in any case.
    private static ReadOnlySpan<byte> ListOf(HttpRequest request) =>
        SHA256.HashData(Encoding.UTF8.GetBytes($"{request.Path.Value?.TrimEnd('/').ToUpperInvariant()}?{request.Query["search"]}")).AsSpan(0, ListLength);
}
