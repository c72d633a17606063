using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Vault.Core.Storage.PostgreSql;

namespace Vault.Core.Storage;

/// <summary>A PostgreSQL database that a vault is copied to: migrated, and locked against vaults that start on it meanwhile.</summary>
public sealed class CopyTarget : IAsyncDisposable
{
    private readonly PostgreSqlConnections _connections;
    private readonly IDisposable? _lock;

    private CopyTarget(PostgreSqlConnections connections, IDisposable? held, VaultDbContext database) => (_connections, _lock, Database) = (connections, held, database);

    /// <summary>The database.</summary>
    public VaultDbContext Database { get; }

    /// <summary>Connects to it and brings its schema up to date.</summary>
    /// <exception cref="Secrets.VaultStartException">It can't be reached.</exception>
    public static async Task<CopyTarget> OpenAsync(string connectionString, CancellationToken cancellationToken)
    {
        var connections = new PostgreSqlConnections(connectionString);
        try
        {
            var contexts = new Contexts(connections);
            var database = new PostgreSqlDatabase(connections, contexts);
            var held = await database.LockAsync("0", cancellationToken);
            await database.MigrateAsync(cancellationToken);
            return new CopyTarget(connections, held, contexts.CreateDbContext());
        }
        catch
        {
            await connections.DisposeAsync();
            throw;
        }
    }

    /// <summary>Begins a transaction that may last as long as it takes.</summary>
    public async Task<IDbContextTransaction> BeginAsync(CancellationToken cancellationToken)
    {
        var transaction = await Database.Database.BeginTransactionAsync(cancellationToken);
        await Database.Database.ExecuteSqlRawAsync("SET LOCAL idle_in_transaction_session_timeout = 0", cancellationToken);
        return transaction;
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await Database.DisposeAsync();
        _lock?.Dispose();
        await _connections.DisposeAsync();
    }

    private sealed class Contexts(PostgreSqlConnections connections) : IDbContextFactory<VaultDbContext>
    {
        public VaultDbContext CreateDbContext() =>
            new PostgreSqlVaultDbContext(new DbContextOptionsBuilder<PostgreSqlVaultDbContext>().UseNpgsql(connections.Pooled).Options);
    }
}
