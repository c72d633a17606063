using Vault.Core.Primitives;

namespace Vault.Api.AdminHttp;

/// <summary>A name in a route: a malformed one is one that nothing has.</summary>
internal static class RouteName
{
    /// <summary>The name, or <c>not-found</c>.</summary>
    public static Result<DeveloperName> Read(string text) => DeveloperName.TryParse(text, out var name)
        ? name
        : new VaultError(ErrorCodes.NotFound, "There is nothing of this name: it is not a name.");
}
