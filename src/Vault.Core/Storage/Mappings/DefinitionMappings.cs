using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Vault.Core.Storage.Rows;

namespace Vault.Core.Storage.Mappings;

internal sealed class ExternalCredentialMapping : IEntityTypeConfiguration<ExternalCredentialRow>
{
    public void Configure(EntityTypeBuilder<ExternalCredentialRow> builder)
    {
        builder.ToTable("external_credentials").HasKey(row => row.Id);
        builder.Property(row => row.NameKey).HasMaxLength(80);
        builder.HasIndex(row => row.NameKey).IsUnique();
        builder.Property(row => row.Version).IsConcurrencyToken();
    }
}

internal sealed class NamedCredentialMapping : IEntityTypeConfiguration<NamedCredentialRow>
{
    public void Configure(EntityTypeBuilder<NamedCredentialRow> builder)
    {
        builder.ToTable("named_credentials").HasKey(row => row.Id);
        builder.Property(row => row.NameKey).HasMaxLength(80);
        builder.HasIndex(row => row.NameKey).IsUnique();
        builder.HasOne<ExternalCredentialRow>().WithMany().HasForeignKey(row => row.ExternalCredentialId).OnDelete(DeleteBehavior.Restrict);
        builder.Property(row => row.Version).IsConcurrencyToken();
    }
}

internal sealed class AppMapping : IEntityTypeConfiguration<AppRow>
{
    public void Configure(EntityTypeBuilder<AppRow> builder)
    {
        builder.ToTable("apps").HasKey(row => row.Id);
        builder.Property(row => row.NameKey).HasMaxLength(80);
        builder.HasIndex(row => row.NameKey).IsUnique();
        builder.Property(row => row.Version).IsConcurrencyToken();
    }
}

internal sealed class KeyMapping : IEntityTypeConfiguration<KeyRow>
{
    public void Configure(EntityTypeBuilder<KeyRow> builder)
    {
        builder.ToTable("keys").HasKey(row => row.Id);
        builder.Property(row => row.Id).HasMaxLength(32);
        builder.Property(row => row.NameKey).HasMaxLength(80);

        // Null for app keys; nulls don't meet in a unique index, on either database.
        builder.HasIndex(row => row.NameKey).IsUnique();
        builder.HasOne<AppRow>().WithMany().HasForeignKey(row => row.AppId).OnDelete(DeleteBehavior.Cascade);
    }
}

internal sealed class GrantMapping : IEntityTypeConfiguration<GrantRow>
{
    public void Configure(EntityTypeBuilder<GrantRow> builder)
    {
        builder.ToTable("grants").HasKey(row => new { row.AppId, row.NamedCredentialId });
        builder.HasOne<AppRow>().WithMany().HasForeignKey(row => row.AppId).OnDelete(DeleteBehavior.Cascade);
        builder.HasOne<NamedCredentialRow>().WithMany().HasForeignKey(row => row.NamedCredentialId).OnDelete(DeleteBehavior.Cascade);
    }
}
