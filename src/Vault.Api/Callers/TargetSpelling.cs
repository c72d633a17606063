using Vault.Core.Access;
using Vault.Core.Definitions;
using Vault.Core.Primitives;

namespace Vault.Api.Callers;

/// <summary>Names in routes as they are kept: whoever looks for a target in the audit finds what was done to it by another spelling, too.</summary>
internal static class TargetSpelling
{
    /// <summary>The spelling of what a part of the route names; as it was written where nothing of that name is known.</summary>
    /// <param name="context">Of the request.</param>
    /// <param name="part">Which part of the route.</param>
    /// <param name="written">What stands there.</param>
    public static string Of(HttpContext context, string part, string written) => part switch
    {
        "app" => App(context, written),
        "namedCredential" => Named(context, written),
        "principal" => context.Request.RouteValues["name"] is string external ? Principal(context, external, written) : written,
        "name" when IsBelow(context, "/api/v1/apps/") => App(context, written),
        "name" when IsBelow(context, "/api/v1/named-credentials/") => Named(context, written),
        "name" when IsBelow(context, "/api/v1/external-credentials/") => External(context, written)?.Name.Value ?? written,
        "name" when IsBelow(context, "/api/v1/admin-keys/") => Person(context, written),
        _ => written,
    };

    private static bool IsBelow(HttpContext context, string path) => context.Request.Path.Value?.StartsWith(path, StringComparison.OrdinalIgnoreCase) is true;

    private static string App(HttpContext context, string written)
    {
        var access = context.RequestServices.GetRequiredService<AccessCatalog>().Current;
        return DeveloperName.TryParse(written, out var name) && access.AppIds.TryGetValue(name.Key, out var id) && access.Apps.TryGetValue(id, out var app) ? app.Name.Value : written;
    }

    private static string Person(HttpContext context, string written) =>
        DeveloperName.TryParse(written, out var name)
        && context.RequestServices.GetRequiredService<AccessCatalog>().Current.Keys.Values.FirstOrDefault(key => key.Name == name) is { Name: { } known } ? known.Value : written;

    private static string Named(HttpContext context, string written) =>
        DeveloperName.TryParse(written, out var name)
        && context.RequestServices.GetRequiredService<DefinitionCatalog>().Current.NamedCredentials.TryGetValue(name.Key, out var named) ? named.Name.Value : written;

    private static ExternalCredential? External(HttpContext context, string written) =>
        DeveloperName.TryParse(written, out var name)
        && context.RequestServices.GetRequiredService<DefinitionCatalog>().Current.ExternalCredentialNames.TryGetValue(name.Key, out var external) ? external : null;

    private static string Principal(HttpContext context, string external, string written) =>
        External(context, external)?.Principals.FirstOrDefault(principal => principal.Name.Value.Equals(written, StringComparison.OrdinalIgnoreCase))?.Name.Value ?? written;
}
