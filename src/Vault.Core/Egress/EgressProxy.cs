using System.Buffers;
using System.Globalization;
using System.Text;
using Vault.Core.Primitives;

namespace Vault.Core.Egress;

/// <summary>The proxy through which all upstream traffic goes: <c>Vault:Egress:Proxy</c>. Its own address is the operator's, and is not judged.</summary>
/// <param name="Host">Its name or address.</param>
/// <param name="Port">Its port.</param>
/// <param name="Credentials">What follows <c>Basic</c> in <c>Proxy-Authorization</c>; null: none is sent.</param>
public sealed record EgressProxy(string Host, int Port, SecretText? Credentials)
{
    private static readonly SearchValues<char> NotInTheUrl = SearchValues.Create("\\?# \t\r\n");

    /// <summary>Reads <c>http://[user:password@]host[:port]</c>; null where it is anything else. User and password may be percent-encoded.</summary>
    public static EgressProxy? Parse(string text)
    {
        if (!Ascii.IsValid(text)
            || text.AsSpan().ContainsAny(NotInTheUrl)
            || !Uri.TryCreate(text, UriKind.Absolute, out var url)
            || url.Scheme != Uri.UriSchemeHttp || url.IdnHost.Length == 0 || url.Port is 0 || url.AbsolutePath != "/")
        {
            return null;
        }

        if (url.UserInfo.Length == 0)
        {
            return new EgressProxy(url.IdnHost, url.Port, null);
        }

        // A colon in the user's name couldn't be told from the one before the password (RFC 7617 section 2).
        var colon = url.UserInfo.IndexOf(':', StringComparison.Ordinal);
        var user = Uri.UnescapeDataString(colon < 0 ? url.UserInfo : url.UserInfo[..colon]);
        var password = colon < 0 ? "" : Uri.UnescapeDataString(url.UserInfo[(colon + 1)..]);
        return user.Contains(':', StringComparison.Ordinal) || (user + password).Any(char.IsControl)
            ? null
            : new EgressProxy(url.IdnHost, url.Port, new SecretText(Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}"))));
    }

    /// <summary>Host and port; never the credentials.</summary>
    public override string ToString() => Host + ":" + Port.ToString(CultureInfo.InvariantCulture);
}
