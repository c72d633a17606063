using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.Options;
using Vault.Core.Storage;
using Vault.Core.Storage.Sqlite;

namespace Vault.Core.Tests.Storage.Sqlite;

/// <summary>An audit in a database of its own.</summary>
internal sealed class SqliteAudit : IDbContextFactory<VaultDbContext>, IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("vault-test-").FullName;
    private readonly SqliteAuditWriter _writer;

    public SqliteAudit()
    {
        _writer = new SqliteAuditWriter(Options.Create(new VaultStorageOptions { ConnectionString = ConnectionString }), this);
        Store = new AuditStore(this, _writer);
        using var context = CreateDbContext();
        context.Database.Migrate();
    }

    public AuditStore Store { get; }

    /// <summary>Hears of what EF Core does; null: nobody does.</summary>
    public IInterceptor? Interceptor { get; set; }

    private string ConnectionString => $"Data Source={Path.Combine(_directory, "audit.db")};Pooling=false";

    public VaultDbContext CreateDbContext()
    {
        var options = new DbContextOptionsBuilder<SqliteVaultDbContext>().UseSqlite(ConnectionString);
        return new SqliteVaultDbContext((Interceptor is null ? options : options.AddInterceptors(Interceptor)).Options);
    }

    public async Task ExecuteAsync(string sql)
    {
        await using var context = CreateDbContext();
        await context.Database.ExecuteSqlRawAsync(sql);
    }

    public void Dispose()
    {
        _writer.Dispose();
        Directory.Delete(_directory, recursive: true);
    }
}
