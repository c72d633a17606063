using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Vault.Core.Audit;
using Vault.Core.Storage.Rows;

namespace Vault.Core.Storage.Mappings;

internal sealed class AuditMapping : IEntityTypeConfiguration<AuditRow>
{
    /// <summary>What most records tell of; indexes over the others stay small.</summary>
    public const string CommonAction = "callout";

    public void Configure(EntityTypeBuilder<AuditRow> builder)
    {
        builder.ToTable("audit").HasKey(row => row.Sequence);
        builder.Property(row => row.Sequence).ValueGeneratedNever();
        builder.HasIndex(row => row.Id);
        builder.HasIndex(row => row.At);

        // Each is in the order of the sequence within one value, so that a page of a filtered list is read, not sorted.
        builder.HasIndex(row => new { row.Actor, row.Sequence });
        builder.HasIndex(row => new { row.Target, row.Sequence });
        builder.HasIndex(row => new { row.Action, row.Sequence }).HasFilter($"\"Action\" <> '{CommonAction}'");
        builder.HasIndex(row => new { row.Outcome, row.Sequence }).HasFilter($"\"Outcome\" <> '{AuditOutcomes.Success}'");
    }
}
