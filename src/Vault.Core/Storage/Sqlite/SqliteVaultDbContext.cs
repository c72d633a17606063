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

    /// <summary>
    /// Leaves a thread that isn't the pool's: SQLite blocks, and sleeps where it waits for a lock, and what follows a token request, a
    /// dead token or the body of a change is on the thread of a socket, which many connections share (<c>Vault:InlineSockets</c>).
    /// </summary>
    public async Task<VaultDbContext> CreateDbContextAsync(CancellationToken cancellationToken = default)
    {
        if (!Thread.CurrentThread.IsThreadPoolThread)
        {
            await Task.Yield();
        }

        return await factory.CreateDbContextAsync(cancellationToken);
    }
}
