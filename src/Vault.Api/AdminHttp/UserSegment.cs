using Microsoft.AspNetCore.Http.Features;
using Vault.Core.Callouts.Paths;
using Vault.Core.Primitives;

namespace Vault.Api.AdminHttp;

/// <summary>
/// The <c>{user}</c> behind <c>/users/</c>, the ninth segment. Read from the raw target, since routing decodes everything but
/// <c>%2F</c>, so that two ids could look alike.
/// </summary>
internal static class UserSegment
{
    private const int Position = 8;

    /// <summary>The id, decoded; null where it is none.</summary>
    public static string? Read(HttpContext context)
    {
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var segments = CalloutTarget.PathOf(target).Split('/');
        var user = segments.Length > Position ? Uri.UnescapeDataString(segments[Position]) : "";
        return UserName.IsLegal(user) ? user : null;
    }
}
