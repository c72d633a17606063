using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql;
using Vault.Core.Secrets;

namespace Vault.Core.Storage.PostgreSql;

/// <summary>A PostgreSQL database, which any number of equal processes share.</summary>
internal sealed class PostgreSqlDatabase(PostgreSqlConnections connections, IDbContextFactory<VaultDbContext> contexts) : IVaultDatabase
{
    private const string HasHistory = "SELECT COUNT(*) FROM pg_class WHERE oid = to_regclass('\"__EFMigrationsHistory\"')";

    public string Place => connections.Place;

    public DbConnection CreateConnection() => connections.Aside.CreateConnection();

    public DbConnection CreateSharedConnection() => connections.Pooled.CreateConnection();

    public async Task<DbConnection> OpenLastingAsync(CancellationToken cancellationToken)
    {
        DbConnection connection = connections.Lasting.CreateConnection();
        try
        {
            await connection.OpenAsync(cancellationToken);

            // To read a table of a million rows takes longer than a server may allow by default.
            await using var command = connection.CreateCommand();
            command.CommandText = "SET statement_timeout = 0";
            await command.ExecuteNonQueryAsync(cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    public IDisposable? TakeAlone(bool mayMake) => null;

    // A process that freezes while it starts holds no other up for longer than a minute.
    public Task<IStartLock?> LockAsync(CancellationToken cancellationToken) => LockAsync("60s", cancellationToken);

    /// <summary>The same, given up where this process is silent for so long; 0: never.</summary>
    public async Task<IStartLock?> LockAsync(string longestSilence, CancellationToken cancellationToken)
    {
        var connection = connections.Lasting.CreateConnection();
        try
        {
            await connection.OpenAsync(cancellationToken);
            await RequireUtf8Async(connection, cancellationToken);
            await using var command = new NpgsqlCommand($"SET idle_session_timeout = '{longestSilence}'; SELECT pg_advisory_lock({AdvisoryLocks.Start})", connection) { CommandTimeout = 120 };
            await command.ExecuteNonQueryAsync(cancellationToken);
            return new StartLock(connection);
        }
        catch (VaultStartException)
        {
            await connection.DisposeAsync();
            throw;
        }
        catch (Exception exception) when (StorageFaults.IsUnavailable(exception))
        {
            await connection.DisposeAsync();
            throw new VaultStartException($"The database can't be reached: {Place}: {StorageFaults.Reason(exception)}.", exception);
        }
    }

    private async Task RequireUtf8Async(DbConnection connection, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = "SHOW server_encoding";
        if (await command.ExecuteScalarAsync(cancellationToken) is not "UTF8")
        {
            throw new VaultStartException($"The database isn't encoded in UTF8, so it can't keep what is recorded: {Place}. Make one with ENCODING 'UTF8'.");
        }
    }

    public async Task<bool> IsCurrentAsync(CancellationToken cancellationToken)
    {
        await using var connection = connections.Pooled.CreateConnection();
        await connection.OpenAsync(cancellationToken);
        return await SchemaState.IsCurrentAsync(connection, typeof(PostgreSqlVaultDbContext), HasHistory, cancellationToken);
    }

    public async Task MigrateAsync(CancellationToken cancellationToken)
    {
        if (!await IsCurrentAsync(cancellationToken))
        {
            await using var context = await contexts.CreateDbContextAsync(cancellationToken);

            // Else EF Core logs as an error that it isn't there.
            await context.Database.ExecuteSqlRawAsync(context.GetService<IHistoryRepository>().GetCreateIfNotExistsScript(), cancellationToken);
            await context.Database.MigrateAsync(cancellationToken);
        }
    }

    public Task ReserveVaultKeysAsync(VaultDbContext context, CancellationToken cancellationToken) =>
        context.Database.ExecuteSqlRawAsync("LOCK TABLE vault_keys IN SHARE ROW EXCLUSIVE MODE", cancellationToken);

    private sealed class StartLock(DbConnection connection) : IStartLock
    {
        public async Task RequireAsync(CancellationToken cancellationToken)
        {
            try
            {
                await using var command = connection.CreateCommand();
                command.CommandText = "SELECT 1";
                await command.ExecuteNonQueryAsync(cancellationToken);
            }
            catch (Exception exception) when (exception is InvalidOperationException || StorageFaults.IsUnavailable(exception))
            {
                throw new VaultStartException("The connection that kept other replicas from starting was lost; start again.", exception);
            }
        }

        public void Dispose() => connection.Dispose();
    }
}
