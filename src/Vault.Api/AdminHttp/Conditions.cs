using Vault.Core.Administration.Changes;

namespace Vault.Api.AdminHttp;

/// <summary>Reads what a change is conditional on.</summary>
internal static class Conditions
{
    /// <summary><c>If-Match</c> and <c>If-None-Match</c>.</summary>
    public static Precondition Read(HttpRequest request)
    {
        var match = request.Headers.IfMatch;
        return new Precondition(
            match.Count == 0 ? null : [.. match.SelectMany(value => (value ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))],
            request.Headers.IfNoneMatch is ["*"]);
    }

    /// <summary>Whether <c>?discardSecrets=true</c> was said.</summary>
    public static bool DiscardSecrets(HttpRequest request) => request.Query["discardSecrets"] is ["true"];
}
