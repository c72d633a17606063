using System.Security.Cryptography;
using System.Text.Json;
using Vault.Core.Access;
using Vault.Core.Primitives;
using Vault.Core.Secrets;
using Vault.Core.Storage.Rows;

namespace Vault.Core.Storage.Codec;

/// <summary>Apps, keys and grants to rows and back. A row whose MAC is wrong is never read.</summary>
public sealed class AccessCodec(IntegrityKey key)
{
    private readonly RowMacs _macs = new(key);
    private readonly SharedValues _shared = new();

    /// <summary>The row of an app.</summary>
    public AppRow ToRow(VaultApp app)
    {
        var row = new AppRow
        {
            Id = app.Id,
            NameKey = app.Name.Key,
            Document = JsonSerializer.Serialize(new AppDocument(app.Name.Value, app.Label, app.MayAssertUser), DocumentJson.Default.AppDocument),
            Version = app.Version,
            CreatedAt = app.CreatedAt,
            UpdatedAt = app.UpdatedAt,
        };
        row.Mac = _macs.Of(row);
        return row;
    }

    /// <summary>The row of a key.</summary>
    public KeyRow ToRow(VaultKey vaultKey)
    {
        var row = new KeyRow
        {
            Id = vaultKey.Id,
            Role = vaultKey.Role.ToString(),
            AppId = vaultKey.AppId,
            Name = vaultKey.Name?.Value,
            NameKey = vaultKey.Name?.Key,
            Hash = [.. vaultKey.Hash],
            CreatedAt = vaultKey.CreatedAt,
            ExpiresAt = vaultKey.ExpiresAt,
        };
        row.Mac = _macs.Of(row);
        return row;
    }

    /// <summary>The row of a grant.</summary>
    public GrantRow ToRow(Grant grant)
    {
        var row = new GrantRow
        {
            AppId = grant.AppId,
            NamedCredentialId = grant.NamedCredentialId,
            Principals = JsonSerializer.Serialize([.. grant.Principals], DocumentJson.Default.StringArray),
        };
        row.Mac = _macs.Of(row);
        return row;
    }

    /// <summary>Reads an app; null where the row is not authentic.</summary>
    public VaultApp? Read(AppRow row)
    {
        if (!CryptographicOperations.FixedTimeEquals(row.Mac, _macs.Of(row))
            || JsonSerializer.Deserialize(row.Document, DocumentJson.Default.AppDocument) is not { } document)
        {
            return null;
        }

        return new VaultApp(row.Id, DeveloperName.Parse(document.Name), document.Label, row.Version, row.CreatedAt, row.UpdatedAt, document.MayAssertUser);
    }

    /// <summary>Reads a key; null where the row is not authentic.</summary>
    public VaultKey? Read(KeyRow row) =>
        CryptographicOperations.FixedTimeEquals(row.Mac, _macs.Of(row)) && Enum.TryParse<VaultRole>(row.Role, out var role)
            ? new VaultKey(row.Id, role, row.AppId, row.Name is null ? null : DeveloperName.Parse(row.Name), [.. row.Hash], row.CreatedAt, row.ExpiresAt)
            : null;

    /// <summary>Reads a grant; null where the row is not authentic.</summary>
    public Grant? Read(GrantRow row) =>
        CryptographicOperations.FixedTimeEquals(row.Mac, _macs.Of(row))
            ? new Grant(row.AppId, row.NamedCredentialId, _shared.Of(row.Principals, static text => [.. JsonSerializer.Deserialize(text, DocumentJson.Default.StringArray) ?? []]))
            : null;
}
