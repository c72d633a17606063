using Microsoft.Extensions.Http;
using Microsoft.Extensions.Options;
using Vault.Client;
using Vault.Client.Callouts;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Sends the requests of an HTTP client through the vault.</summary>
public static class VaultHttpClientBuilderExtensions
{
    /// <summary>
    /// Sends requests to <c>callout:{name}/{path}</c> through the vault, and leaves all others alone. Typed clients, Refit and plain
    /// <see cref="HttpClient"/> code work unchanged. Redirects are handed back and cookies aren't kept, since both are the service's and not the vault's.
    /// </summary>
    /// <param name="builder">Of the HTTP client.</param>
    /// <returns>The same.</returns>
    public static IHttpClientBuilder UseVault(this IHttpClientBuilder builder) => UseVault(builder, static _ => { });

    /// <inheritdoc cref="UseVault(IHttpClientBuilder)" />
    /// <param name="builder">Of the HTTP client.</param>
    /// <param name="configure">Sets the options; they are validated when the app starts.</param>
    public static IHttpClientBuilder UseVault(this IHttpClientBuilder builder, Action<VaultCalloutOptions> configure) => Add(builder, null, configure);

    /// <summary>
    /// Sends every request through the vault to one service. Its base address stands for the service: <c>client.GetAsync("record")</c> and
    /// <c>client.GetAsync("/record")</c> both call the path <c>/record</c> below the named credential's URL. <c>callout:</c> works too; a request to
    /// any other address is refused with an <see cref="InvalidOperationException"/>.
    /// </summary>
    /// <param name="builder">Of the HTTP client.</param>
    /// <param name="namedCredential">The name of the named credential.</param>
    /// <returns>The same.</returns>
    /// <exception cref="ArgumentException">It can't be the name of a named credential.</exception>
    public static IHttpClientBuilder UseVault(this IHttpClientBuilder builder, string namedCredential) => UseVault(builder, namedCredential, static _ => { });

    /// <inheritdoc cref="UseVault(IHttpClientBuilder, string)" />
    /// <param name="builder">Of the HTTP client.</param>
    /// <param name="namedCredential">The name of the named credential.</param>
    /// <param name="configure">Sets the options; they are validated when the app starts.</param>
    public static IHttpClientBuilder UseVault(this IHttpClientBuilder builder, string namedCredential, Action<VaultCalloutOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        if (!CalloutUri.IsName(namedCredential))
        {
            throw new ArgumentException("A named credential's name begins with a letter and has letters, digits and single underscores.", nameof(namedCredential));
        }

        builder.ConfigureHttpClient(client => client.BaseAddress = CalloutUri.ServiceAddress);
        return Add(builder, namedCredential, configure);
    }

    private static IHttpClientBuilder Add(IHttpClientBuilder builder, string? namedCredential, Action<VaultCalloutOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        builder.Services.AddOptionsWithValidateOnStart<VaultCalloutOptions>(builder.Name).Configure(configure);

        // The retries are outside, so that each attempt asks for the key anew.
        builder.AddResilienceHandler("vault", (pipeline, context) => CalloutRetries.Configure(
            pipeline, context.ServiceProvider.GetRequiredService<IOptionsMonitor<VaultCalloutOptions>>().Get(builder.Name), context.ServiceProvider.GetService<TimeProvider>()));
        builder.AddHttpMessageHandler(services => new CalloutHandler(
            services.GetRequiredService<IOptionsMonitor<VaultClientOptions>>(), services.GetRequiredService<IOptionsMonitor<VaultCalloutOptions>>(), builder.Name, namedCredential));

        // Last of all, so that what the app sets is seen to, as well: a primary handler, and which headers logs may show.
        builder.Services.PostConfigure<HttpClientFactoryOptions>(builder.Name, options =>
        {
            options.HttpMessageHandlerBuilderActions.Add(handlers => Restrain(handlers.PrimaryHandler));
            HideKey(options);
        });
        return builder;
    }

    // The key never gets into a log; of all other headers what the app says holds, and the framework's default where it says nothing.
    private static void HideKey(HttpClientFactoryOptions options)
    {
        var asked = options.ShouldRedactHeaderValue;
        options.ShouldRedactHeaderValue = header => header.Equals(CalloutHandler.KeyHeader, StringComparison.OrdinalIgnoreCase) || asked(header);
    }

    // A redirect that is followed would take the vault's key to wherever a service points; cookies of a service would be shared by all users of the client.
    private static void Restrain(HttpMessageHandler handler)
    {
        switch (handler)
        {
            // One that is in use already throws where it isn't as it has to be.
            case SocketsHttpHandler { AllowAutoRedirect: false, UseCookies: false } or HttpClientHandler { AllowAutoRedirect: false, UseCookies: false }:
                break;
            case SocketsHttpHandler sockets:
                (sockets.AllowAutoRedirect, sockets.UseCookies) = (false, false);
                break;
            case HttpClientHandler client:
                (client.AllowAutoRedirect, client.UseCookies) = (false, false);
                break;
            case DelegatingHandler { InnerHandler: { } inner }:
                Restrain(inner);
                break;
        }
    }
}
