using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Vault.Core.Primitives;

namespace Vault.Core.Definitions;

/// <summary>An entry of <c>allowedHosts</c>, normalised: lower case, punycode, no trailing dot, IPv6 in brackets.</summary>
/// <param name="Scheme"><c>https</c>, or <c>http</c> where the entry says so.</param>
/// <param name="Host">The host; of a wildcard, what follows <c>*.</c>.</param>
/// <param name="Port">The port; the scheme's own where the entry has none.</param>
/// <param name="IsWildcard"><c>*.</c>: one or more labels before <paramref name="Host"/>.</param>
public sealed record AllowedHost(string Scheme, string Host, int Port, bool IsWildcard)
{
    private const int MaxLength = 300;
    private static readonly SearchValues<char> NotInAHost = SearchValues.Create("/\\?#@*%!{}<> \t\r\n");

    /// <summary>Reads an entry: <c>host</c>, <c>host:port</c>, <c>*.host</c>, each also with <c>http://</c> or <c>https://</c> before it.</summary>
    public static Result<AllowedHost> Parse(string text)
    {
        var scheme = "https";
        var rest = text;
        foreach (var known in new[] { "https", "http" })
        {
            if (text.StartsWith(known + "://", StringComparison.OrdinalIgnoreCase))
            {
                scheme = known;
                rest = text[(known.Length + 3)..];
                break;
            }
        }

        var isWildcard = rest.StartsWith("*.", StringComparison.Ordinal);
        var authority = isWildcard ? rest[2..] : rest;
        if (authority.Length is 0 or > MaxLength || authority.AsSpan().ContainsAny(NotInAHost)
            || UrlOrigin.Read(UrlOrigin.DropDot($"{scheme}://{authority}")) is not { } uri
            || Normalize(uri) is not { } host)
        {
            return Refuse("Must be a host, host:port or *.host, with http:// before it where http is meant.");
        }

        var isAddress = uri.HostNameType is UriHostNameType.IPv4 or UriHostNameType.IPv6 || IPAddress.TryParse(host, out _);
        if (isWildcard && isAddress)
        {
            return Refuse("A star can't stand before an address.");
        }

        return isWildcard && !host.Contains('.', StringComparison.Ordinal)
            ? Refuse("Behind *. there must be at least two labels.")
            : new AllowedHost(scheme, host, uri.Port, isWildcard);

        static VaultError Refuse(string message) => new(ErrorCodes.InvalidRequest, message);
    }

    /// <summary>The entry for a URL's own scheme, host and port.</summary>
    public static AllowedHost Of(Uri url) => new(url.Scheme, Normalize(url) ?? url.Host, url.Port, IsWildcard: false);

    /// <summary>Whether the URL's scheme, host and port are what this entry allows.</summary>
    public bool Matches(Uri url)
    {
        if (url.Scheme != Scheme || url.Port != Port || Normalize(url) is not { } host)
        {
            return false;
        }

        return IsWildcard
            ? host.Length > Host.Length + 1 && host.EndsWith(Host, StringComparison.Ordinal) && host[^(Host.Length + 1)] == '.'
            : host == Host;
    }

    /// <summary>Whether everything that the other entry allows is allowed by this one.</summary>
    public bool Covers(AllowedHost other) =>
        other.Scheme == Scheme && other.Port == Port && (IsWildcard
            ? (other.IsWildcard && other.Host == Host) || other.Host.EndsWith("." + Host, StringComparison.Ordinal)
            : !other.IsWildcard && other.Host == Host);

    /// <summary>As it is written: without the scheme where it is https, without the port where it is the scheme's own.</summary>
    public override string ToString()
    {
        var isOwnPort = Port == (Scheme == "https" ? 443 : 80);
        return (Scheme == "https" ? "" : Scheme + "://") + (IsWildcard ? "*." : "") + Host + (isOwnPort ? "" : ":" + Port.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    private static string? Normalize(Uri url)
    {
        if (UrlOrigin.HostOf(url) is not { } idn)
        {
            return null;
        }

        var host = url.HostNameType is UriHostNameType.IPv6 && IPAddress.TryParse(idn, out var address) && address.AddressFamily is AddressFamily.InterNetworkV6
            ? $"[{address}]"
            : idn.ToLowerInvariant();
        host = host.EndsWith('.') ? host[..^1] : host;

        // Where a label is too long for punycode, IdnHost gives the name as it was written.
        return host.Length == 0 || !System.Text.Ascii.IsValid(host) || host.StartsWith('.') || host.EndsWith('.') || host.Contains("..", StringComparison.Ordinal) ? null : host;
    }
}
