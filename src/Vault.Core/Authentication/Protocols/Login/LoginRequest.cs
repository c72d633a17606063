using Vault.Core.Authentication.Settings;
using Vault.Core.Definitions;
using Vault.Core.MergeFields;

namespace Vault.Core.Authentication.Protocols.Login;

/// <summary>The request of a step; everything in it is a template.</summary>
internal sealed class LoginRequest
{
    private LoginRequest(HttpMethod method, MergeTemplate url, string urlPath, Uri? absoluteUrl, IReadOnlyList<PairTemplate> query, IReadOnlyList<NamedTemplate> headers, LoginBody? body)
    {
        Method = method;
        Url = url;
        UrlPath = urlPath;
        AbsoluteUrl = absoluteUrl;
        Query = query;
        Headers = headers;
        Body = body;
        HeaderReferences = [.. PlacedReference.Of(headers)];
        References = [.. PlacedReference.Of(url, urlPath), .. PlacedReference.Of(query), .. HeaderReferences, .. body?.References ?? []];
    }

    public HttpMethod Method { get; }

    public MergeTemplate Url { get; }

    /// <summary>Where it stands in the settings.</summary>
    public string UrlPath { get; }

    /// <summary>Whether what the admin wrote of it may stand in a request target.</summary>
    public bool IsUrlSendable => StepUrl.IsSendable(string.Join('x', Url.Literals));

    /// <summary>Scheme, host and port of an absolute URL; null where it is relative to the named credential's.</summary>
    public Uri? AbsoluteUrl { get; }

    public IReadOnlyList<PairTemplate> Query { get; }

    public IReadOnlyList<NamedTemplate> Headers { get; }

    public LoginBody? Body { get; }

    /// <summary>Every reference in it.</summary>
    public IReadOnlyList<PlacedReference> References { get; }

    /// <summary>Those of the headers, the only place where the body may be named.</summary>
    public IReadOnlyList<PlacedReference> HeaderReferences { get; }

    /// <summary>Reads a <c>request</c> object; null where something in it is refused.</summary>
    public static LoginRequest? Read(SettingsReader settings, SettingsErrors errors)
    {
        var method = settings.Text("method") ?? "POST";
        var isMethod = NameRules.Cookie(method) is null && method.ToUpperInvariant() is not ("TRACE" or "CONNECT");
        if (!isMethod)
        {
            settings.Refuse("method", "Must be an HTTP method other than TRACE and CONNECT.");
        }

        var url = settings.Template("url", required: true);
        var absolute = url is null ? null : ReadOrigin(settings, url);
        var query = settings.Pairs("query", NameRules.Query);
        var headers = settings.Templates("headers", NameRules.Header);
        var contentType = headers.FirstOrDefault(header => header.Name.Equals("Content-Type", StringComparison.OrdinalIgnoreCase));
        var body = LoginBody.Read(settings, errors, contentType);
        settings.Complete();
        return url is null || !isMethod ? null : new LoginRequest(new HttpMethod(method), url, settings.PathOf("url"), absolute, query, headers, body);
    }

    private static Uri? ReadOrigin(SettingsReader settings, MergeTemplate url)
    {
        var text = url.Text;
        if (text.StartsWith('/') && !text.StartsWith("//", StringComparison.Ordinal))
        {
            return null;
        }

        // Scheme, host and port never hold merge fields, so they are read from the text before the path.
        if (!text.Contains('#', StringComparison.Ordinal) && UrlOrigin.Read(UrlOrigin.DropDot(text)) is { } origin)
        {
            return origin;
        }

        settings.Refuse("url", "Must be an absolute https URL without user info and fragment, or a path that begins with one slash; scheme, host and port can't hold merge fields.");
        return null;
    }
}
