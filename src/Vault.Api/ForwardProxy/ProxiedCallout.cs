using Vault.Api.Callers;
using Vault.Api.Callouts;
using Vault.Core.Access;
using Vault.Core.Callouts.Paths;
using Vault.Core.Definitions;
using Vault.Core.ForwardProxy;
using Vault.Core.Primitives;

namespace Vault.Api.ForwardProxy;

/// <summary>One request through the forward proxy: it names a service's own URL, and the named credential is found by it.</summary>
internal sealed class ProxiedCallout(ForwardedRequests forwarded, ProxiedConnection connection) : ICalloutSource
{
    private const string KeyHeader = "Proxy-Authorization";
    private string _scheme = "";
    private string _host = "";
    private int _port;
    private bool _isConnect;

    public string? Host => _host.Length == 0 ? null
        : _port == (_scheme == Uri.UriSchemeHttp ? 80 : 443) ? Bracketed
        : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Bracketed}:{_port}");

    private string Bracketed => _host.Contains(':', StringComparison.Ordinal) ? $"[{_host}]" : _host;

    public CallerKeys.FoundKey KeyOf(HttpContext context) => connection.Tunnel is { } tunnel
        ? new CallerKeys.FoundKey(tunnel.Key, null)
        : new CallerKeys.FoundKey(CallerKeys.InProxyAuthorization(context.Request.Headers[KeyHeader]), KeyHeader);

    public Result<CalloutTarget> Read(HttpContext context, string rawTarget) =>
        connection.Tunnel is { } tunnel ? ReadInside(context, rawTarget, tunnel)
        : HttpMethods.IsConnect(context.Request.Method) ? ReadConnect(rawTarget)
        : ReadAbsolute(rawTarget);

    public async ValueTask<Result<CalloutTarget>> FindAsync(CalloutTarget target, Caller caller, CancellationToken cancellationToken)
    {
        if (!_isConnect)
        {
            return await forwarded.FindAsync(caller, UrlOrigin.KeyOf(_scheme, _host, _port), target.Path, target.Query, cancellationToken);
        }

        // What could be opened never comes here, unless it came behind another request, or in a form that could be read in two ways.
        if (connection.Refusal is { } refusal)
        {
            return refusal;
        }

        var leads = await forwarded.LeadsAsync(caller, _host, _port, cancellationToken);
        return !leads.IsOk ? leads.Error
            : leads.Value ? new VaultError(ErrorCodes.InvalidRequest, "CONNECT has to be the first request on its connection, with nothing but a plain head.")
            : new VaultError(ErrorCodes.CalloutNotGranted, $"No named credential that was granted to this caller leads to {Host}, so the forward proxy doesn't go there (Vault:ForwardProxy:UnmatchedHosts).");
    }

    // Inside of a tunnel the vault stands for the service, and a service doesn't ask for a proxy's key.
    public VaultError Refusal(VaultError error) => error.Code == ErrorCodes.Unauthenticated && connection.Tunnel is null
        ? new VaultError(ErrorCodes.ProxyAuthenticationRequired, "The forward proxy needs a vault key (vk_…) as the password of the proxy, or as Bearer: none was sent, or it is unknown, expired or revoked.")
        : error;

    private Result<CalloutTarget> ReadInside(HttpContext context, string rawTarget, ProxiedTunnel tunnel)
    {
        (_scheme, _host, _port) = (context.Request.IsHttps ? Uri.UriSchemeHttps : Uri.UriSchemeHttp, tunnel.Host, tunnel.Port);
        if (!rawTarget.StartsWith('/'))
        {
            return new VaultError(ErrorCodes.RequestNotAllowed, "Inside of a tunnel a request's target is its path.");
        }

        // The tunnel was opened to one host: a request for another one was sent here by mistake, or to get past who looks at tunnels only.
        return UrlOrigin.Read($"{_scheme}://{context.Request.Host.Value}") is { } named
            && (UrlOrigin.HostOf(named) ?? "").Equals(tunnel.Host, StringComparison.OrdinalIgnoreCase) && named.Port == tunnel.Port
                ? Cut(rawTarget)
                : new VaultError(ErrorCodes.MisdirectedRequest, $"This tunnel leads to {Host}; the request is for another host.");
    }

    private Result<CalloutTarget> ReadConnect(string rawTarget)
    {
        _isConnect = true;
        if (ConnectHead.Read(rawTarget) is not { } origin)
        {
            return new VaultError(ErrorCodes.RequestNotAllowed, "The target of CONNECT is a host and its port.");
        }

        (_scheme, _host, _port) = (Uri.UriSchemeHttps, UrlOrigin.HostOf(origin) ?? origin.Host, origin.Port);
        return new CalloutTarget(default, "", null);
    }

    private Result<CalloutTarget> ReadAbsolute(string rawTarget)
    {
        if (UrlOrigin.Read(rawTarget) is not { } origin)
        {
            return new VaultError(ErrorCodes.RequestNotAllowed, "A request to the forward proxy names a whole URL, http or https; callouts by name and the admin API are on the vault's other address.");
        }

        (_scheme, _host, _port) = (origin.Scheme, UrlOrigin.HostOf(origin) ?? origin.Host, origin.Port);
        var rest = rawTarget[UrlOrigin.Cut(rawTarget).Length..];
        return Cut(rest.StartsWith('/') ? rest : "/" + rest);
    }

    // Before anything is looked up by it: what is judged and what was asked for must be the same path.
    private static Result<CalloutTarget> Cut(string target)
    {
        if (RawTargetGuard.Refusal(target) is { } refusal)
        {
            return new VaultError(ErrorCodes.RequestNotAllowed, refusal);
        }

        if (target.Contains('#', StringComparison.Ordinal))
        {
            return new VaultError(ErrorCodes.RequestNotAllowed, "A request's target has no fragment.");
        }

        var mark = target.IndexOf('?', StringComparison.Ordinal);
        return mark < 0 ? new CalloutTarget(default, target, null) : new CalloutTarget(default, target[..mark], target[(mark + 1)..]);
    }
}
