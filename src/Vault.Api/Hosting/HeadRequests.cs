namespace Vault.Api.Hosting;

/// <summary>Answers HEAD wherever GET is answered (RFC 9110 section 9.3.2); the server leaves the body out. Callouts take HEAD themselves.</summary>
internal static class HeadRequests
{
    private static readonly PathString[] Roots = ["/api/v1", "/healthz", "/metrics"];

    /// <summary>Routes, and routes HEAD as GET. Whoever comes after sees the method that was sent.</summary>
    public static void UseRoutingWithHead(this WebApplication app)
    {
        app.Use(static (context, next) =>
        {
            // Elsewhere a GET may change something: /oauth/callback takes a code that works once.
            if (HttpMethods.IsHead(context.Request.Method) && Array.Exists(Roots, root => context.Request.Path.StartsWithSegments(root)))
            {
                context.Request.Method = HttpMethods.Get;
                context.Items[typeof(HeadRequests)] = true;
            }

            return next(context);
        });
        app.UseRouting();
        app.Use(static (context, next) =>
        {
            if (context.Items.Remove(typeof(HeadRequests)))
            {
                context.Request.Method = HttpMethods.Head;
            }

            return next(context);
        });
    }
}
