namespace Vault.Api.Callouts;

/// <summary>Maps the callout proxy.</summary>
internal static class CalloutEndpoints
{
    /// <summary>Registers what callouts need in the web server.</summary>
    public static IServiceCollection AddCalloutEndpoint(this IServiceCollection services)
    {
        services.AddHttpForwarder();
        services.AddSingleton<CalloutEndpoint>();
        return services;
    }

    /// <summary>Any method; name and path are cut from the raw target, not from what routing decoded.</summary>
    public static void MapCallouts(this IEndpointRouteBuilder endpoints)
    {
        var endpoint = endpoints.ServiceProvider.GetRequiredService<CalloutEndpoint>();
        endpoints.Map("/callout/{**target}", endpoint.InvokeAsync).ExcludeFromDescription();
    }
}
