using System.Net;

namespace Vault.Api.Hosting;

/// <summary><c>Vault.Api healthcheck</c>: for containers, which have no curl.</summary>
internal static class HealthCheck
{
    /// <summary>0 where the vault in this container is ready, else 1.</summary>
    /// <param name="args">Settings, where the vault got some on its command line: <c>--urls …</c>.</param>
    public static async Task<int> RunAsync(string[] args)
    {
        using var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectTimeout = TimeSpan.FromSeconds(2),

#pragma warning disable CA5359 // A certificate is for the name that callers know; this asks its own machine, and tells nobody a secret.
            SslOptions = { RemoteCertificateValidationCallback = static (_, _, _, _) => true },
#pragma warning restore CA5359
        };
        using var invoker = new HttpMessageInvoker(handler);
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(3));
        try
        {
            var configuration = VaultBuilder.Create(args).Configuration;
            var address = AddressOf(configuration);
            using var request = new HttpRequestMessage(HttpMethod.Get, address.GetLeftPart(UriPartial.Authority) + "/healthz/ready");
            if (HostFilter.NameFor(configuration, address) is { } host)
            {
                request.Headers.TryAddWithoutValidation("Host", host);
            }

            using var response = await invoker.SendAsync(request, timeout.Token);
            return response.IsSuccessStatusCode ? 0 : 1;
        }
        catch (VaultSettingException exception)
        {
            await VaultCommand.TellAsync(Console.Error, exception.Message);
            return 1;
        }
        catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException or UriFormatException or NotSupportedException)
        {
            await Console.Error.WriteLineAsync("vault: not ready");
            return 1;
        }
    }

    /// <summary>Where a vault with these settings is asked: at the first address that needs no TLS, else at the first.</summary>
    /// <exception cref="UriFormatException">It is no address.</exception>
    internal static Uri AddressOf(IConfiguration configuration)
    {
        var addresses = KestrelSetup.Addresses(configuration);
        var address = addresses.FirstOrDefault(url => url.StartsWith("http://", StringComparison.OrdinalIgnoreCase)) ?? addresses[0];
        var url = new Uri(address.Replace("://+", "://localhost", StringComparison.Ordinal).Replace("://*", "://localhost", StringComparison.Ordinal));

        // What isn't an address is any, for a listener.
        var isOne = IPAddress.TryParse(url.Host.Trim('[', ']'), out var ip) && !ip.Equals(IPAddress.Any) && !ip.Equals(IPAddress.IPv6Any);
        return isOne ? url : new UriBuilder(url.Scheme, "localhost", url.Port).Uri;
    }
}
