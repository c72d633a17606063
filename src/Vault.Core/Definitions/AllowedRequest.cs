namespace Vault.Core.Definitions;

/// <summary>A rule of <c>allowedRequests</c>: what an app may send.</summary>
/// <param name="Methods">In upper case; empty is any.</param>
/// <param name="Path">A pattern with <c>*</c> and <c>**</c>; null is any.</param>
public sealed record AllowedRequest(IReadOnlyList<string> Methods, string? Path);
