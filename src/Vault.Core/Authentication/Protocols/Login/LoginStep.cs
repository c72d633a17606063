using Vault.Core.JsonPaths;

namespace Vault.Core.Authentication.Protocols.Login;

/// <summary>One request of a sign-in and what is read from its answer.</summary>
/// <param name="Request">The request.</param>
/// <param name="Extract">What becomes <c>$Token.</c> names.</param>
/// <param name="FailWhen">Makes the step fail where it finds something; null: only the status counts.</param>
internal sealed record LoginStep(LoginRequest Request, IReadOnlyList<LoginExtraction> Extract, JsonPathQuery? FailWhen);
