using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Vault.Core.Storage.Rows;

namespace Vault.Core.Storage.PostgreSql;

/// <summary>The database in PostgreSQL: the tables that every database has, and those by which replicas know of each other.</summary>
public sealed class PostgreSqlVaultDbContext(DbContextOptions<PostgreSqlVaultDbContext> options) : VaultDbContext(options)
{
    /// <inheritdoc />
    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        base.ConfigureConventions(configurationBuilder);

        // Texts compare byte by byte, as in SQLite, whatever the database's own collation.
        configurationBuilder.Properties<string>().UseCollation("C");
    }

    /// <inheritdoc />
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        base.OnModelCreating(modelBuilder);
        modelBuilder.Entity<ChangeRow>().ToTable("changes").HasKey(row => row.Id);
        modelBuilder.Entity<ReplicaRow>().ToTable("replicas").HasKey(row => row.Id);

        // One token in use for an account, whoever saves one.
        modelBuilder.Entity<TokenRow>().HasIndex(row => new { row.ExternalCredentialId, row.PrincipalId, row.User, row.NamedCredentialId })
            .IsUnique().AreNullsDistinct(false).HasFilter("\"RetiredAt\" IS NULL");
        modelBuilder.Entity<TokenLeaseRow>().ToTable("token_leases").HasKey(row => row.Account);
    }
}

/// <summary>For <c>dotnet ef migrations add</c>.</summary>
internal sealed class PostgreSqlDesignTimeFactory : IDesignTimeDbContextFactory<PostgreSqlVaultDbContext>
{
    public PostgreSqlVaultDbContext CreateDbContext(string[] args) =>
        new(new DbContextOptionsBuilder<PostgreSqlVaultDbContext>().UseNpgsql().Options);
}

/// <summary>Gives the features a context without telling them which database it is.</summary>
internal sealed class PostgreSqlContextFactory(IDbContextFactory<PostgreSqlVaultDbContext> factory) : IDbContextFactory<VaultDbContext>
{
    public VaultDbContext CreateDbContext() => factory.CreateDbContext();

    public async Task<VaultDbContext> CreateDbContextAsync(CancellationToken cancellationToken = default) => await factory.CreateDbContextAsync(cancellationToken);
}
