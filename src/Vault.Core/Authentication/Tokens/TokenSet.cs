using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Tokens;

/// <summary>What a sign-in gave: named values, and when they end.</summary>
/// <param name="Id">Of this sign-in.</param>
/// <param name="Values">By the names of <c>extract</c>.</param>
/// <param name="ObtainedAt">When.</param>
/// <param name="ExpiresAt">When they end; null: when the upstream says so.</param>
public sealed record TokenSet(
    Guid Id, IReadOnlyDictionary<string, SecretText> Values, DateTimeOffset ObtainedAt, DateTimeOffset? ExpiresAt)
{
    /// <summary>Never the values.</summary>
    public override string ToString() => "***";
}
