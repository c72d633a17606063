namespace Vault.Core.Authentication.Credentials;

/// <summary>A parameter as it is stored.</summary>
/// <param name="Id">The row.</param>
/// <param name="User">The user of a per-user principal; else empty.</param>
/// <param name="Name">As it was written.</param>
/// <param name="Version">The row's version.</param>
/// <param name="Sealed">The sealed value.</param>
/// <param name="UpdatedAt">When it was set.</param>
/// <param name="RetiredAt">When it was replaced; null while it is in use.</param>
public sealed record SealedParameter(
    Guid Id, string User, string Name, long Version, byte[] Sealed, DateTimeOffset UpdatedAt, DateTimeOffset? RetiredAt)
{
    /// <summary>Tells one value that a reference led to from another; null: the value is the stored one.</summary>
    public string? Fingerprint { get; init; }
}
