namespace Vault.Api.Hosting;

/// <summary>Gives every request its id, on the answer as <c>X-Vault-Request-Id</c>; a caller's own is never taken over.</summary>
internal static class RequestIdMiddleware
{
    /// <summary>The header.</summary>
    public const string Header = "X-Vault-Request-Id";

    /// <summary>Adds the middleware.</summary>
    public static void UseRequestId(this IApplicationBuilder app)
    {
        var time = app.ApplicationServices.GetRequiredService<TimeProvider>();
        app.Use((context, next) =>
        {
            var id = RequestIds.Next(time);
            context.TraceIdentifier = id;
            context.Response.Headers[Header] = id;
            return next(context);
        });
    }
}
