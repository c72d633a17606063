using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Vault.Core.Administration.Consents;
using Vault.Core.ForwardProxy;

namespace Vault.Api.Hosting;

/// <summary><c>Vault:PublicUrl</c>; without it, the first address that the vault listens on. Never what a request says of itself.</summary>
internal sealed class PublicAddress(
    ConsentOptions options, ForwardProxyOptions proxy, IServer server, IConfiguration configuration, IHostEnvironment environment) : IPublicAddress
{
    private const string Default = "http://localhost:5080";

    public string Url => (options.PublicUrl?.AbsoluteUri ?? Listener()).TrimEnd('/');

    private string Listener()
    {
        var address = (server.Features.Get<IServerAddressesFeature>()?.Addresses ?? [])
            .Where(listener => !KestrelSetup.IsForwardProxy(listener, proxy))
            .OrderBy(listener => KestrelSetup.IsHttp2Only(listener, configuration, environment))
            .FirstOrDefault(Default);
        return address
            .Replace("://+", "://localhost", StringComparison.Ordinal).Replace("://*", "://localhost", StringComparison.Ordinal)
            .Replace("://0.0.0.0", "://localhost", StringComparison.Ordinal).Replace("://[::]", "://localhost", StringComparison.Ordinal);
    }
}
