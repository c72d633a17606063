namespace Vault.Api.Callouts;

/// <summary>Maps the callout proxy.</summary>
internal static class CalloutEndpoints
{
    /// <summary>Registers what callouts need in the web server.</summary>
    public static IServiceCollection AddCalloutEndpoint(this IServiceCollection services)
    {
        services.AddHttpForwarder();
        services.AddSingleton<CalloutMetrics>();
        services.AddSingleton<CalloutEndpoint>();
        return services;
    }

    /// <summary>
    /// Any method; name and path are cut from the raw target, not from what the server decoded. Callouts leave the pipeline here: of
    /// routing, Swagger and the rest they need nothing, and each would cost every callout a little.
    /// </summary>
    public static void UseCallouts(this IApplicationBuilder app)
    {
        var endpoint = app.ApplicationServices.GetRequiredService<CalloutEndpoint>();
        app.Use((context, next) => context.Request.Path.StartsWithSegments("/callout") ? endpoint.InvokeAsync(context, NamedCallout.Instance) : next(context));
    }
}
