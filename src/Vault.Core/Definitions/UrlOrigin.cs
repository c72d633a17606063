using System.Buffers;
using System.Net;
using System.Text;

namespace Vault.Core.Definitions;

/// <summary>Scheme, host and port of a URL, read so that nothing after can read them otherwise: what is judged, the SNI and <c>Host</c> are one text.</summary>
public static class UrlOrigin
{
    // User info, percent-encoding, zone ids, merge fields, and what parsers of URLs are known to disagree about.
    private static readonly SearchValues<char> NotInAnOrigin = SearchValues.Create("!@\\{}<>%*^|`\"' \t\r\n");

    private static readonly SearchValues<char> NotInAHost = SearchValues.Create("/?#@\\%:[] ");

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdefABCDEF");

    /// <summary>Cuts the origin off an absolute URL: up to the first <c>/</c>, <c>?</c> or <c>#</c> after <c>://</c>.</summary>
    public static string Cut(string url)
    {
        var colon = url.IndexOf("://", StringComparison.Ordinal);
        var end = colon < 0 ? -1 : url.AsSpan(colon + 3).IndexOfAny('/', '?', '#');
        return end < 0 ? url : url[..(colon + 3 + end)];
    }

    /// <summary>Reads the origin of an absolute http or https URL; null where it is none, or could be read in two ways.</summary>
    public static Uri? Read(string url) =>
        Cut(url) is var origin
        && origin.Contains("://", StringComparison.Ordinal)
        && !origin.AsSpan().ContainsAny(NotInAnOrigin)
        && !origin.Any(c => char.IsControl(c) || char.IsWhiteSpace(c))
        && !origin.EndsWith(':')
        && Uri.TryCreate(origin, UriKind.Absolute, out var uri)
        && uri.Scheme is "https" or "http"
        && uri.HostNameType is UriHostNameType.Dns or UriHostNameType.IPv4 or UriHostNameType.IPv6
        && uri.UserInfo.Length == 0
        && uri.PathAndQuery == "/"
        && uri.Port is > 0 and <= 65535
        && HostOf(uri) is { } host
        && (uri.HostNameType is not UriHostNameType.Dns || IsPlain(host))
            ? uri
            : null;

    /// <summary>The URL without the dot that may stand at the end of its host: <c>Host</c> would have it, and the SNI never has.</summary>
    public static string DropDot(string url)
    {
        var origin = Cut(url);
        var scheme = origin.IndexOf("://", StringComparison.Ordinal);
        var colon = origin.LastIndexOf(':');
        var end = colon > scheme ? colon : origin.Length;
        return scheme > 0 && origin[end - 1] == '.' && origin[end - 2] is not ('.' or '/') ? url.Remove(end - 1, 1) : url;
    }

    /// <summary>The URL with its host as it is looked up and sent: in punycode, without a dot at its end. As it is where it has no origin.</summary>
    public static string Sendable(string url)
    {
        var plain = DropDot(url);
        return Read(plain) is { HostNameType: UriHostNameType.Dns } origin && !Ascii.IsValid(Cut(plain)) && HostOf(origin) is { } host
            ? $"{origin.Scheme}://{host}{(origin.IsDefaultPort ? "" : string.Create(System.Globalization.CultureInfo.InvariantCulture, $":{origin.Port}"))}{plain[Cut(plain).Length..]}"
            : plain;
    }

    /// <summary>The one form of an origin by which it is looked up: scheme, host in punycode and lower case, port.</summary>
    public static string KeyOf(Uri url) => KeyOf(url.Scheme, HostOf(url) ?? url.Host, url.Port);

    /// <summary>The same of its parts.</summary>
    public static string KeyOf(string scheme, string host, int port) =>
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{scheme}://{host.ToLowerInvariant()}:{port}");

    /// <summary>The host in punycode, as it is looked up and sent; null where it can't be written so, which <see cref="Uri"/> finds out only here.</summary>
    public static string? HostOf(Uri url)
    {
        try
        {
            // What punycode can't write (a label that grows over 63 characters) comes back as it was.
            return url.IdnHost is var host && Ascii.IsValid(host) ? host : null;
        }
        catch (UriFormatException)
        {
            return null;
        }
    }

    // Full-width and circled characters have become plain ones here. No label is empty; what ends in a number is an IPv4 address
    // in its usual form, or to some readers one and to others a name.
    private static bool IsPlain(string host) =>
        host.Length is > 0 and <= 255
        && host[0] != '.'
        && host[^1] != '.'
        && !host.Contains("..", StringComparison.Ordinal)
        && !host.AsSpan().ContainsAny(NotInAHost)
        && (!IsNumber(host.AsSpan(host.LastIndexOf('.') + 1)) || (IPAddress.TryParse(host, out var address) && address.ToString() == host));

    private static bool IsNumber(ReadOnlySpan<char> label) =>
        !label.ContainsAnyExceptInRange('0', '9')
        || (label.StartsWith("0x", StringComparison.OrdinalIgnoreCase) && !label[2..].ContainsAnyExcept(HexDigits));
}
