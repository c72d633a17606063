using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Vault.Core.Storage.Rows;

namespace Vault.Core.Storage.Mappings;

internal sealed class OperationMapping : IEntityTypeConfiguration<OperationRow>
{
    public void Configure(EntityTypeBuilder<OperationRow> builder)
    {
        builder.ToTable("operations").HasKey(row => row.Id);
        builder.Property(row => row.Kind).HasMaxLength(40);
        builder.Property(row => row.Status).HasMaxLength(20);
        builder.Property(row => row.Stage).HasMaxLength(40);
        builder.HasIndex(row => row.Status);
    }
}
