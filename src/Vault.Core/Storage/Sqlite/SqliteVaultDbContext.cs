using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;

namespace Vault.Core.Storage.Sqlite;

/// <summary>The database in a SQLite file.</summary>
public sealed class SqliteVaultDbContext(DbContextOptions<SqliteVaultDbContext> options) : VaultDbContext(options);

/// <summary>For <c>dotnet ef migrations add</c>.</summary>
internal sealed class SqliteDesignTimeFactory : IDesignTimeDbContextFactory<SqliteVaultDbContext>
{
    public SqliteVaultDbContext CreateDbContext(string[] args) =>
        new(new DbContextOptionsBuilder<SqliteVaultDbContext>().UseSqlite("Data Source=:memory:").Options);
}

/// <summary>Gives the features a context without telling them which database it is.</summary>
internal sealed class SqliteContextFactory(IDbContextFactory<SqliteVaultDbContext> factory) : IDbContextFactory<VaultDbContext>
{
    public VaultDbContext CreateDbContext() => factory.CreateDbContext();
}
