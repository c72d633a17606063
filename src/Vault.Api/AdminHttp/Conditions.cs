using Vault.Core.Administration.Changes;
using Vault.Core.Primitives;

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

    /// <summary><c>?discardSecrets=true</c> or <c>false</c>, in any case; false where it doesn't stand.</summary>
    public static Result<bool> DiscardSecrets(HttpRequest request) => request.Query["discardSecrets"] switch
    {
        [] => false,
        [{ } text] when bool.TryParse(text, out var isSet) => isSet,
        _ => VaultError.Invalid("discardSecrets", "Must be true or false."),
    };
}
