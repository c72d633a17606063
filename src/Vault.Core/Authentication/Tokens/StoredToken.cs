namespace Vault.Core.Authentication.Tokens;

/// <summary>A token as it is stored.</summary>
/// <param name="Id">The row.</param>
/// <param name="Key">Whose it is.</param>
/// <param name="Version">The row's version.</param>
/// <param name="Sealed">The sealed values.</param>
/// <param name="ObtainedAt">When it was got.</param>
/// <param name="ExpiresAt">When it ends, if it says so.</param>
/// <param name="RetiredAt">When it was replaced or given up; null while it is in use.</param>
/// <param name="IsRenewable">Whether it holds what renews it, and the service hasn't refused that: then it is kept after its end.</param>
public sealed record StoredToken(
    Guid Id, TokenKey Key, long Version, byte[] Sealed, DateTimeOffset ObtainedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? RetiredAt, bool IsRenewable = false);
