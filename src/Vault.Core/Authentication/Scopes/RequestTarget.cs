namespace Vault.Core.Authentication.Scopes;

/// <summary>Parts of a URL as they go on the wire, not as <see cref="Uri"/> would rather have them.</summary>
public static class RequestTarget
{
    /// <summary>The host, with a port that isn't the scheme's.</summary>
    public static string HostOf(Uri url)
    {
        var host = url.HostNameType is UriHostNameType.IPv6 ? url.Host : url.IdnHost;
        return url.IsDefaultPort ? host : $"{host}:{url.Port}";
    }

    /// <summary>The path.</summary>
    public static string PathOf(Uri url)
    {
        var text = url.OriginalString;
        var start = text.IndexOf('/', text.IndexOf("://", StringComparison.Ordinal) + 3);
        var question = text.IndexOf('?', StringComparison.Ordinal);
        if (start < 0 || (question >= 0 && question < start))
        {
            return "/";
        }

        return question < 0 ? text[start..] : text[start..question];
    }
}
