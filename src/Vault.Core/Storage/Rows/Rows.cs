namespace Vault.Core.Storage.Rows;

#pragma warning disable CS1591 // Columns; what they mean is said where they are mapped and in docs/architecture.md.

/// <summary>An external credential; everything but keys and times is in <see cref="Document"/>, authenticated by <see cref="Mac"/>.</summary>
public sealed class ExternalCredentialRow
{
    public Guid Id { get; set; }
    public string NameKey { get; set; } = "";
    public string Document { get; set; } = "";
    public long Version { get; set; }
    public DateTimeOffset CreatedAt { get; set; }
    public DateTimeOffset UpdatedAt { get; set; }
    public byte[] Mac { get; set; } = [];
}

/// <summary>A named credential, likewise.</summary>
public sealed class NamedCredentialRow
{
    public Guid Id { get; set; }
    public string NameKey { get; set; } = "";
    public Guid ExternalCredentialId { get; set; }
    public string Document { get; set; } = "";
    public long Version { get; set; }
    public DateTimeOffset CreatedAt { get; set; }
    public DateTimeOffset UpdatedAt { get; set; }
    public byte[] Mac { get; set; } = [];
}

/// <summary>A sealed parameter of a principal. A replaced value stays, retired, for 24 hours so that echoes of it are redacted.</summary>
public sealed class SecretRow
{
    public Guid Id { get; set; }
    public Guid ExternalCredentialId { get; set; }
    public Guid PrincipalId { get; set; }
    public string User { get; set; } = "";
    public string Name { get; set; } = "";
    public string NameKey { get; set; } = "";
    public long Version { get; set; }
    public byte[] Sealed { get; set; } = [];
    public DateTimeOffset UpdatedAt { get; set; }
    public DateTimeOffset? RetiredAt { get; set; }
}

/// <summary>A sealed token. A replaced one stays, retired, for 24 hours.</summary>
public sealed class TokenRow
{
    public Guid Id { get; set; }
    public Guid ExternalCredentialId { get; set; }
    public Guid PrincipalId { get; set; }
    public string User { get; set; } = "";
    public Guid? NamedCredentialId { get; set; }
    public string Stamp { get; set; } = "";
    public long Version { get; set; }
    public byte[] Sealed { get; set; } = [];
    public DateTimeOffset ObtainedAt { get; set; }
    public DateTimeOffset? ExpiresAt { get; set; }
    public DateTimeOffset? RetiredAt { get; set; }
}

public sealed class AppRow
{
    public Guid Id { get; set; }
    public string NameKey { get; set; } = "";
    public string Document { get; set; } = "";
    public long Version { get; set; }
    public DateTimeOffset CreatedAt { get; set; }
    public DateTimeOffset UpdatedAt { get; set; }
    public byte[] Mac { get; set; } = [];
}

/// <summary>An app key or the key of a person; <see cref="Hash"/> authenticates id, role, owner, expiry and secret.</summary>
public sealed class KeyRow
{
    public string Id { get; set; } = "";
    public string Role { get; set; } = "";
    public Guid? AppId { get; set; }
    public string? Name { get; set; }
    public string? NameKey { get; set; }
    public byte[] Hash { get; set; } = [];
    public DateTimeOffset CreatedAt { get; set; }
    public DateTimeOffset? ExpiresAt { get; set; }
    public DateTimeOffset? LastUsedAt { get; set; }
    public byte[] Mac { get; set; } = [];
}

public sealed class GrantRow
{
    public Guid AppId { get; set; }
    public Guid NamedCredentialId { get; set; }
    public string Principals { get; set; } = "";
    public byte[] Mac { get; set; } = [];
}

/// <summary>A vault key (32 bytes) or the integrity key, protected by Data Protection.</summary>
public sealed class VaultKeyRow
{
    public Guid Id { get; set; }
    public string Purpose { get; set; } = "";
    public byte[] Protected { get; set; } = [];
    public byte[] CheckValue { get; set; } = [];
    public byte[] Canary { get; set; } = [];
    public bool IsActive { get; set; }
    public DateTimeOffset CreatedAt { get; set; }
}

/// <summary>A key of the Data Protection ring: XML, encrypted under the master key.</summary>
public sealed class KeyRingRow
{
    public long Id { get; set; }
    public string FriendlyName { get; set; } = "";
    public string Xml { get; set; } = "";
}

/// <summary>Facts about the vault itself: the master key's check value, whether there ever was an admin key.</summary>
public sealed class VaultFactRow
{
    public string Name { get; set; } = "";
    public byte[] Value { get; set; } = [];
}
#pragma warning restore CS1591
