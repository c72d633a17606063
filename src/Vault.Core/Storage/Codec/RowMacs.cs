using Vault.Core.Secrets;
using Vault.Core.Storage.Rows;

namespace Vault.Core.Storage.Codec;

/// <summary>What authenticates each kind of row: every column that decides anything.</summary>
internal sealed class RowMacs(IntegrityKey key)
{
    public byte[] Of(ExternalCredentialRow row) => key.Mac(LengthPrefixed.Begin(CryptographicLabels.ExternalCredentialRow)
        .Add(row.Id).Add(row.NameKey).Add(row.Version).Add(row.CreatedAt).Add(row.UpdatedAt).Add(row.Document));

    public byte[] Of(NamedCredentialRow row) => key.Mac(LengthPrefixed.Begin(CryptographicLabels.NamedCredentialRow)
        .Add(row.Id).Add(row.NameKey).Add(row.ExternalCredentialId).Add(row.Version).Add(row.CreatedAt).Add(row.UpdatedAt).Add(row.Document));

    public byte[] Of(AppRow row) => key.Mac(LengthPrefixed.Begin(CryptographicLabels.AppRow)
        .Add(row.Id).Add(row.NameKey).Add(row.Version).Add(row.CreatedAt).Add(row.UpdatedAt).Add(row.Document));

    public byte[] Of(GrantRow row) => key.Mac(LengthPrefixed.Begin(CryptographicLabels.GrantRow)
        .Add(row.AppId).Add(row.NamedCredentialId).Add(row.Principals));

    public byte[] Of(KeyRow row) => key.Mac(LengthPrefixed.Begin(CryptographicLabels.KeyRow)
        .Add(row.Id).Add(row.Role).Add(row.AppId?.ToString("N")).Add(row.Name).Add(row.NameKey).Add(row.Hash).Add(row.CreatedAt).Add(row.ExpiresAt));
}
