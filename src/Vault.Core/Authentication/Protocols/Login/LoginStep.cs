using Vault.Core.JsonPaths;

namespace Vault.Core.Authentication.Protocols.Login;

/// <summary>One request of a sign-in and what is read from its answer.</summary>
/// <param name="Request">The request.</param>
/// <param name="Extract">What becomes <c>$Token.</c> names.</param>
/// <param name="FailWhen">Makes the step fail where it finds something; null: only the status counts.</param>
internal sealed record LoginStep(LoginRequest Request, IReadOnlyList<LoginExtraction> Extract, JsonPathQuery? FailWhen);

/// <summary>All requests of a login.</summary>
/// <param name="SignIn">Those that sign in.</param>
/// <param name="Refresh">Those that turn old values into new ones; none: the whole login runs.</param>
/// <param name="Logout">Those that run when the secrets are removed or replaced.</param>
internal sealed record LoginSteps(IReadOnlyList<LoginStep> SignIn, IReadOnlyList<LoginStep> Refresh, IReadOnlyList<LoginStep> Logout)
{
    /// <summary>All of them.</summary>
    public IEnumerable<LoginStep> All => [.. SignIn, .. Refresh, .. Logout];
}
