using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;
using Vault.Core.Storage.Mappings;
using Vault.Core.Storage.Rows;

namespace Vault.Core.Storage;

/// <summary>The database. One model for every provider; each has a context of its own, so that its migrations stand apart.</summary>
public abstract class VaultDbContext(DbContextOptions options) : DbContext(options)
{
#pragma warning disable CS1591 // One set for each kind of row.
    public DbSet<ExternalCredentialRow> ExternalCredentials => Set<ExternalCredentialRow>();

    public DbSet<NamedCredentialRow> NamedCredentials => Set<NamedCredentialRow>();

    public DbSet<SecretRow> Secrets => Set<SecretRow>();

    public DbSet<TokenRow> Tokens => Set<TokenRow>();

    public DbSet<AuthorizationRequestRow> AuthorizationRequests => Set<AuthorizationRequestRow>();

    public DbSet<AppRow> Apps => Set<AppRow>();

    public DbSet<KeyRow> Keys => Set<KeyRow>();

    public DbSet<GrantRow> Grants => Set<GrantRow>();

    public DbSet<VaultKeyRow> VaultKeys => Set<VaultKeyRow>();

    public DbSet<KeyRingRow> KeyRing => Set<KeyRingRow>();

    public DbSet<OperationRow> Operations => Set<OperationRow>();

    public DbSet<AuditRow> Audit => Set<AuditRow>();

    public DbSet<VaultFactRow> Facts => Set<VaultFactRow>();
#pragma warning restore CS1591

    /// <inheritdoc />
    protected override void OnModelCreating(ModelBuilder modelBuilder) => VaultMappings.Apply(modelBuilder);

    /// <inheritdoc />
    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder) =>
        configurationBuilder.Properties<DateTimeOffset>().HaveConversion<UtcTicksConverter>();

    /// <summary>Times are ticks of UTC: they compare and sort alike on every database. What somebody else wrote there may be no time at all.</summary>
    private sealed class UtcTicksConverter() : ValueConverter<DateTimeOffset, long>(
        time => time.UtcTicks, ticks => new DateTimeOffset(Math.Clamp(ticks, 0, DateTimeOffset.MaxValue.UtcTicks), TimeSpan.Zero));
}
