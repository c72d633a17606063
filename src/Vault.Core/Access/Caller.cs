namespace Vault.Core.Access;

/// <summary>Who is calling.</summary>
/// <param name="Role">What it may do.</param>
/// <param name="AppId">The app; null for people.</param>
/// <param name="Actor">Who it is in the audit: the key's name, or the app's; with a token, its issuer's name and its subject too.</param>
/// <param name="User">The subject of a token, where it may be the user of a per-user principal; null: a key, or no such subject.</param>
public sealed record Caller(VaultRole Role, Guid? AppId, string Actor, string? User = null)
{
    /// <summary>The key that it called with; null: a token.</summary>
    internal VaultKey? Key { get; init; }
}
