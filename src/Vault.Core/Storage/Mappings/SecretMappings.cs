using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Vault.Core.Storage.Rows;

namespace Vault.Core.Storage.Mappings;

internal sealed class SecretMapping : IEntityTypeConfiguration<SecretRow>
{
    public void Configure(EntityTypeBuilder<SecretRow> builder)
    {
        builder.ToTable("secrets").HasKey(row => row.Id);
        builder.HasOne<ExternalCredentialRow>().WithMany().HasForeignKey(row => row.ExternalCredentialId).OnDelete(DeleteBehavior.Cascade);
        builder.Property(row => row.User).HasMaxLength(256);
        builder.Property(row => row.NameKey).HasMaxLength(80);
        builder.HasIndex(row => new { row.PrincipalId, row.User, row.NameKey, row.Version }).IsUnique();
        builder.HasIndex(row => row.RetiredAt);
    }
}

internal sealed class TokenMapping : IEntityTypeConfiguration<TokenRow>
{
    public void Configure(EntityTypeBuilder<TokenRow> builder)
    {
        builder.ToTable("tokens").HasKey(row => row.Id);
        builder.HasOne<ExternalCredentialRow>().WithMany().HasForeignKey(row => row.ExternalCredentialId).OnDelete(DeleteBehavior.Cascade);
        builder.Property(row => row.User).HasMaxLength(256);
        builder.Property(row => row.Stamp).HasMaxLength(64);
        builder.HasIndex(row => new { row.PrincipalId, row.User });
        builder.HasIndex(row => row.RetiredAt);
    }
}

internal sealed class AuthorizationRequestMapping : IEntityTypeConfiguration<AuthorizationRequestRow>
{
    public void Configure(EntityTypeBuilder<AuthorizationRequestRow> builder)
    {
        builder.ToTable("authorization_requests").HasKey(row => row.Id);
        builder.HasOne<ExternalCredentialRow>().WithMany().HasForeignKey(row => row.ExternalCredentialId).OnDelete(DeleteBehavior.Cascade);
        builder.Property(row => row.User).HasMaxLength(256);
        builder.Property(row => row.StateHash).HasMaxLength(64);
        builder.HasIndex(row => row.StateHash).IsUnique();
        builder.HasIndex(row => row.ExpiresAt);
    }
}

internal sealed class VaultKeyMapping : IEntityTypeConfiguration<VaultKeyRow>
{
    public void Configure(EntityTypeBuilder<VaultKeyRow> builder)
    {
        builder.ToTable("vault_keys").HasKey(row => row.Id);
        builder.Property(row => row.Purpose).HasMaxLength(20);
    }
}

internal sealed class KeyRingMapping : IEntityTypeConfiguration<KeyRingRow>
{
    public void Configure(EntityTypeBuilder<KeyRingRow> builder)
    {
        builder.ToTable("key_ring").HasKey(row => row.Id);
        builder.Property(row => row.FriendlyName).HasMaxLength(200);
    }
}

internal sealed class VaultFactMapping : IEntityTypeConfiguration<VaultFactRow>
{
    public void Configure(EntityTypeBuilder<VaultFactRow> builder)
    {
        builder.ToTable("facts").HasKey(row => row.Name);
        builder.Property(row => row.Name).HasMaxLength(80);
    }
}
