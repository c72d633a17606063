using System.Text;
using Microsoft.Extensions.Primitives;
using Vault.Core.Access;
using Vault.Core.Primitives;

namespace Vault.Api.Callers;

/// <summary>Where a request carries its vault key; contract section 2.</summary>
internal static class CallerKeys
{
    private const string VaultKeyHeader = "X-Vault-Key";
    private const string ApiKeyHeader = "x-api-key";

    /// <summary>A key and the header that held it.</summary>
    internal readonly record struct FoundKey(string? Key, string? Header)
    {
        /// <summary>Never the key.</summary>
        public override string ToString() => Header ?? "";
    }

    /// <summary>The key of a callout: <c>X-Vault-Key</c>, else <c>Proxy-Authorization</c>, else <c>Authorization</c> or <c>x-api-key</c> in the form of a vault key.</summary>
    public static FoundKey OfCallout(IHeaderDictionary headers)
    {
        if (headers.TryGetValue(VaultKeyHeader, out var own))
        {
            return new FoundKey(Single(own), VaultKeyHeader);
        }

        if (headers.TryGetValue("Proxy-Authorization", out var proxy))
        {
            return new FoundKey(FromAuthorization(Single(proxy)), "Proxy-Authorization");
        }

        foreach (var name in new[] { "Authorization", ApiKeyHeader })
        {
            if (headers.TryGetValue(name, out var values) && Single(values) is { } value && KeyIn(name, value) is { } key)
            {
                return new FoundKey(key, name);
            }
        }

        return default;
    }

    /// <summary>The key of a request through the forward proxy: nothing but <c>Proxy-Authorization</c>, Bearer, or Basic with the key as the password.</summary>
    public static string? InProxyAuthorization(StringValues values) => FromAuthorization(Single(values));

    /// <summary>The key of a request to the admin API: <c>X-Vault-Key</c>, else <c>Authorization: Bearer</c>.</summary>
    public static string? OfAdmin(IHeaderDictionary headers)
    {
        if (headers.TryGetValue(VaultKeyHeader, out var own))
        {
            return Single(own);
        }

        return headers.TryGetValue("Authorization", out var values) && Single(values) is { } value ? AfterScheme(value, "Bearer") : null;
    }

    /// <summary>Whether a header's value has the form of a vault key, and so never goes upstream.</summary>
    public static bool IsKey(string header, string value)
    {
        var name = WireText.Canonical(header);
        return (name.Equals("Authorization", StringComparison.OrdinalIgnoreCase) || name.Equals(ApiKeyHeader, StringComparison.OrdinalIgnoreCase))
            && (KeyIn(name, value) is not null || VaultKeyForm.IsIn(value) || (AfterScheme(value, "Basic") is { } basic && Decode(basic) is { } pair && VaultKeyForm.IsIn(pair)));
    }

    /// <summary>
    /// A vault key in a query is refused although another let the caller in: queries are logged and handed on by everything on
    /// their way, so the key has to be replaced, and whoever put it there has to be told.
    /// </summary>
    public static VaultError? InQuery(string target) =>
        target.IndexOf('?', StringComparison.Ordinal) is >= 0 and var start && VaultKeyForm.IsIn(target.AsSpan(start))
            ? new VaultError(ErrorCodes.InvalidRequest, "A vault key stands in the query, where it is logged on its way. Send it in a header, and replace this one.")
            : null;

    // Two values of one header: nobody can say which was meant.
    private static string? Single(StringValues values) => values.Count == 1 ? values[0] : null;

    private static string? KeyIn(string header, string value)
    {
        var key = header.Equals(ApiKeyHeader, StringComparison.OrdinalIgnoreCase) ? value : FromAuthorization(value);
        return key?.StartsWith(VaultKeyText.Prefix, StringComparison.Ordinal) is true ? key : null;
    }

    private static string? FromAuthorization(string? value)
    {
        if (value is null)
        {
            return null;
        }

        if (AfterScheme(value, "Bearer") is { } bearer)
        {
            return bearer;
        }

        if (AfterScheme(value, "Basic") is not { } basic)
        {
            return null;
        }

        // The key is the password, whatever the user name.
        return Decode(basic) is { } text && text.IndexOf(':', StringComparison.Ordinal) is >= 0 and var colon ? text[(colon + 1)..] : null;
    }

    private static string? Decode(string base64)
    {
        var bytes = new byte[base64.Length];
        return Convert.TryFromBase64String(base64, bytes, out var length) ? Encoding.UTF8.GetString(bytes, 0, length) : null;
    }

    private static string? AfterScheme(string value, string scheme) =>
        value.Length > scheme.Length && value[scheme.Length] == ' ' && value.StartsWith(scheme, StringComparison.OrdinalIgnoreCase)
            ? value[(scheme.Length + 1)..].Trim()
            : null;
}
