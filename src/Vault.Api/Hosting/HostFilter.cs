using Microsoft.AspNetCore.HostFiltering;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
using Vault.Api.Callouts;
using Vault.Api.Errors;
using Vault.Core.Primitives;

namespace Vault.Api.Hosting;

/// <summary>
/// Refuses what is sent to a host that the setting <c>AllowedHosts</c> doesn't name. What the setting means is ASP.NET Core's; its own
/// filter stands ahead of everything, so that it judges what the forward proxy is asked for, too, and answers with no problem document.
/// </summary>
internal static class HostFilter
{
    private const string Setting = "AllowedHosts";

    private static readonly VaultError Refusal = new(
        ErrorCodes.InvalidRequest, "This vault doesn't answer to the host that the request names; an admin of the vault can add it to the setting AllowedHosts.");

    /// <summary>Takes the place of ASP.NET Core's.</summary>
    public static void AddTo(IServiceCollection services) =>
        services.Remove(services.Single(service => service.ServiceType == typeof(IStartupFilter) && service.ImplementationType?.Name == "HostFilteringStartupFilter"));

    /// <summary>Adds the middleware.</summary>
    /// <exception cref="VaultSettingException">The setting has a name that no host can have.</exception>
    public static void UseHostFilter(this IApplicationBuilder app)
    {
        var options = app.ApplicationServices.GetRequiredService<IOptionsMonitor<HostFilteringOptions>>();
        var names = Read(options.CurrentValue.AllowedHosts);
        options.OnChange(changed => names = Read(changed.AllowedHosts));
        app.Use((context, next) =>
        {
            // HTTP/1.0 needs no host, and HTTP/1.1 may leave it empty. As it was sent: what reads it decodes punycode.
            if (names is not { } named || context.Request.Headers.Host.ToString().Trim() is not { Length: > 0 } host || HostString.MatchesAny(host, named))
            {
                return next(context);
            }

            // A callout that is refused is recorded, this one too.
            return context.Request.Path.StartsWithSegments("/callout")
                ? context.RequestServices.GetRequiredService<CalloutEndpoint>().RefuseAsync(context, Refusal)
                : context.AnswerAsync(Refusal);
        });
    }

    /// <summary>A host by which a vault with these settings can be asked at an address; null: by the address.</summary>
    /// <exception cref="VaultSettingException">The setting has a name that no host can have.</exception>
    public static string? NameFor(IConfiguration configuration, Uri address)
    {
        if (Read((configuration[Setting] ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries)) is not [var first, ..] names || HostString.MatchesAny(address.Authority, names))
        {
            return null;
        }

        // Where all are allowed that are below a name, any will do.
        return first.StartsWith("*.", StringComparison.Ordinal) ? string.Concat("vault", first.AsSpan(1)) : first.ToString();
    }

    // Null: any.
    private static List<StringSegment>? Read(IEnumerable<string> allowed)
    {
        try
        {
            // Requests have names in punycode.
            List<StringSegment> names = [.. allowed.Select(name => new HostString(name).ToUriComponent())];
            return names.Any(name => name.Value is "*" or "[::]" or "0.0.0.0") ? null : names;
        }
        catch (ArgumentException)
        {
            throw new VaultSettingException(Setting, "has a name that no host can have.");
        }
    }
}
