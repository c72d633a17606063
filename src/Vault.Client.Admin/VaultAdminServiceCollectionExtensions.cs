using Microsoft.Extensions.Http;
using Microsoft.Extensions.Options;
using Microsoft.Kiota.Http.HttpClientLibrary;
using Vault.Client;
using Vault.Client.Admin;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the client of the admin API.</summary>
public static class VaultAdminServiceCollectionExtensions
{
    private const string ClientName = "Vault.Client.Admin";

    /// <summary>Registers <see cref="VaultAdminClient"/>.</summary>
    /// <param name="services">The app's services.</param>
    /// <param name="configure">Says which vault and whose key: of an admin, operator or auditor. The options are validated when the app starts.</param>
    /// <returns>The same.</returns>
    public static IServiceCollection AddVaultAdminClient(this IServiceCollection services, Action<VaultClientOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        services.AddVaultClientOptions(ClientName, configure);

        // Kiota's own handlers (retries, redirects, decompression) are left out: nothing but what was asked for goes to the vault, once.
        services.AddHttpClient(ClientName)
            .ConfigurePrimaryHttpMessageHandler(static () => new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });

        // The key never gets into a log, whatever the app says of headers in general; of all others what it says holds.
        services.PostConfigure<HttpClientFactoryOptions>(ClientName, options =>
        {
            var asked = options.ShouldRedactHeaderValue;
            options.ShouldRedactHeaderValue = header => header.Equals("X-Vault-Key", StringComparison.OrdinalIgnoreCase) || asked(header);
        });
        services.AddTransient(provider =>
        {
            var options = provider.GetRequiredService<IOptionsMonitor<VaultClientOptions>>();
            var adapter = new HttpClientRequestAdapter(new VaultKeyAuthentication(options, ClientName), httpClient: provider.GetRequiredService<IHttpClientFactory>().CreateClient(ClientName))
            {
                BaseUrl = options.Get(ClientName).Url?.GetLeftPart(UriPartial.Path).TrimEnd('/'),
            };
            return new VaultAdminClient(adapter);
        });
        return services;
    }
}
