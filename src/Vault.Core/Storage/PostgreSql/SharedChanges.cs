using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Npgsql;
using Vault.Core.Authentication.Credentials;
using Vault.Core.Secrets.KeyRing;

namespace Vault.Core.Storage.PostgreSql;

/// <summary>
/// The log of changes, in a table. Whoever writes to it holds an advisory lock until the commit, so that its numbers go up in the order of
/// commits and nothing that was committed is ever overlooked. <c>NOTIFY</c> only says when to look; what counts is the table.
/// </summary>
internal sealed partial class SharedChanges(
    PostgreSqlConnections connections, SnapshotLoader loader, StartRows rows, VaultKeyRing ring, UpToDate upToDate, IServiceProvider services, ILogger<SharedChanges> logger)
    : ISharedChanges, IDisposable
{
    /// <summary>The channel that listeners wait on.</summary>
    public const string Channel = "vault_changes";

    private const int Kept = 10_000;
    private const string Lock = "SELECT pg_advisory_xact_lock({0})";
    private const string Since = """SELECT "Id", "Kind", "Key" FROM changes WHERE "Id" >= $1 ORDER BY "Id" """;

    // Held while the snapshots are replaced: by what others changed, or by a change of this process from before its commit until it is in
    // force, so that what others commit after it isn't undone. In between nobody else commits anything.
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly SemaphoreSlim _telling = new(1, 1);
    private long _applied;

    // Found when they are first needed: they stand on the database themselves.
    private IEnumerable<ICredentialCache> Caches => (IEnumerable<ICredentialCache>)(services.GetService(typeof(IEnumerable<ICredentialCache>)) ?? Array.Empty<ICredentialCache>());

    /// <inheritdoc />
    public async Task BeginAsync(CancellationToken cancellationToken)
    {
        // There is always a row, so that rows that are gone are missed. The first is made while nobody else has started, thus without the lock,
        // which replicas that run may hold for long.
        await using (var command = connections.Aside.CreateCommand("""INSERT INTO changes ("Kind", "Key") SELECT 'People', '' WHERE NOT EXISTS (SELECT 1 FROM changes)"""))
        {
            await command.ExecuteNonQueryAsync(cancellationToken);
        }

        _applied = await LastAsync(cancellationToken);
        upToDate.Confirm();
    }

    /// <inheritdoc />
    public async Task<ISharedChange> EnterAsync(VaultDbContext database, CancellationToken cancellationToken)
    {
        await database.Database.ExecuteSqlRawAsync(Lock, [AdvisoryLocks.Changes], cancellationToken);
        await CatchUpAsync(isWhole: false, cancellationToken);
        return new Change(this, database);
    }

    /// <inheritdoc />
    public async Task TellAsync(Changed changed, CancellationToken cancellationToken)
    {
        // One at a time: those that wait for the lock must not take every connection from who hears of changes.
        await _telling.WaitAsync(cancellationToken);
        try
        {
            await TellNowAsync(changed, cancellationToken);
        }
        finally
        {
            _telling.Release();
        }
    }

    private async Task TellNowAsync(Changed changed, CancellationToken cancellationToken)
    {
        await using var connection = connections.Aside.CreateConnection();
        await connection.OpenAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new NpgsqlBatchCommand("BEGIN"),
                new NpgsqlBatchCommand($"SELECT pg_advisory_xact_lock({AdvisoryLocks.Changes})"),
                new NpgsqlBatchCommand("""INSERT INTO changes ("Kind", "Key") VALUES ($1, $2)""") { Parameters = { new() { Value = changed.Kind.ToString() }, new() { Value = changed.Which } } },
                new NpgsqlBatchCommand($"NOTIFY {Channel}"),
                new NpgsqlBatchCommand("COMMIT"),
            },
        };
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Puts in force what other replicas have changed.</summary>
    /// <param name="isWhole">Whether to read everything, whatever the log says: nobody knows what became of the database meanwhile.</param>
    /// <param name="cancellationToken">Of the caller.</param>
    public async Task CatchUpAsync(bool isWhole, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (isWhole)
            {
                // Connections that broke while nobody used them are found out by their next user, and everybody is about to be one.
                connections.Renew();
                await ReloadAsync(isKnown: await TryApplyAsync(cancellationToken), cancellationToken);
            }
            else if (!await TryApplyAsync(cancellationToken))
            {
                LogReload(logger);
                await ReloadAsync(isKnown: false, cancellationToken);
            }

            upToDate.Confirm();
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Removes what every replica that lives has long read (one that slept through more reads everything), and leases that nobody gave back.</summary>
    public async Task PruneAsync(CancellationToken cancellationToken)
    {
        await using var command = connections.Aside.CreateCommand(
            $"""DELETE FROM changes WHERE "Id" < (SELECT MAX("Id") FROM changes) - {Kept}; DELETE FROM token_leases WHERE "ExpiresAt" < clock_timestamp() - interval '1 hour'""");
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _turn.Dispose();
        _telling.Dispose();
    }

    // False: the log doesn't tell all that was changed. An entry that nobody can read must not keep this replica from all that come after it.
    private async Task<bool> TryApplyAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await ApplyAsync(cancellationToken);
        }
        catch (Exception exception) when (UndecodableRows.IsOne(exception))
        {
            LogUnreadable(logger, exception.GetType().Name);
            return false;
        }
    }

    private async Task<bool> ApplyAsync(CancellationToken cancellationToken)
    {
        var (last, changes, isComplete) = await ReadAsync(cancellationToken);
        if (!isComplete || changes.Count == 0)
        {
            return isComplete;
        }

        if (changes.Contains(new Changed(ChangeKind.VaultKeys)))
        {
            await ReloadVaultKeysAsync(cancellationToken);
        }

        await loader.ReloadAsync(changes, cancellationToken);
        foreach (var changed in changes.Where(changed => changed.Kind is ChangeKind.Secrets))
        {
            foreach (var cache in Caches)
            {
                cache.Evict(Guid.Parse(changed.Which));
            }
        }

        _applied = last;
        return true;
    }

    // The row that was applied last is asked for too: where it is gone, so may be others.
    private async Task<(long Last, HashSet<Changed> Changes, bool IsComplete)> ReadAsync(CancellationToken cancellationToken)
    {
        await using DbCommand command = connections.Aside.CreateCommand(Since);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = _applied });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var (last, changes, isComplete) = (_applied, new HashSet<Changed>(), false);
        while (await reader.ReadAsync(cancellationToken))
        {
            last = reader.GetInt64(0);
            if (last == _applied)
            {
                isComplete = true;
            }
            else if (Read(reader) is { } changed)
            {
                changes.Add(changed);
            }
            else
            {
                // Of a later version: nobody here can tell what it is about.
                return (last, changes, false);
            }
        }

        return (last, changes, isComplete);
    }

    private static Changed? Read(DbDataReader row) => Enum.TryParse<ChangeKind>(row.GetString(1), out var kind) ? new Changed(kind, row.GetString(2)) : null;

    private async Task ReloadAsync(bool isKnown, CancellationToken cancellationToken)
    {
        // What is changed while it is read is in the log after this, and applied to what is read as well; where what is in force stays so
        // meanwhile, nothing that it wasn't told of may be passed over.
        var last = isKnown ? _applied : await LastAsync(cancellationToken);
        await ReloadVaultKeysAsync(cancellationToken);
        await loader.LoadAsync(isKnown, cancellationToken);
        _applied = last;
        foreach (var cache in Caches)
        {
            cache.EvictAll();
        }
    }

    private async Task<long> LastAsync(CancellationToken cancellationToken)
    {
        await using var command = connections.Aside.CreateCommand("SELECT COALESCE(MAX(\"Id\"), 0) FROM changes");
        return (long)(await command.ExecuteScalarAsync(cancellationToken) ?? 0L);
    }

    private async Task ReloadVaultKeysAsync(CancellationToken cancellationToken)
    {
        var stored = await rows.VaultKeysAsync(cancellationToken);

        // Not on the thread of a socket: what opens them may read the key ring, synchronously.
        await Task.Yield();
        ring.Load([.. stored.Select(StoredVaultKeys.Of)]);
    }

    [LoggerMessage(3205, LogLevel.Error, "The log of changes holds what can't be read: {Fault}.")]
    private static partial void LogUnreadable(ILogger logger, string fault);

    [LoggerMessage(3201, LogLevel.Warning, "The log of changes doesn't reach back to what this replica knew; everything is read anew.")]
    private static partial void LogReload(ILogger logger);

    /// <summary>A change of this process, while all others wait.</summary>
    private sealed class Change(SharedChanges shared, VaultDbContext database) : ISharedChange
    {
        private long _last;
        private bool _hasTurn;

        public async Task TakeTurnAsync(CancellationToken cancellationToken)
        {
            await shared._turn.WaitAsync(cancellationToken);
            _hasTurn = true;
        }

        public async Task PublishAsync(IReadOnlyCollection<Changed> changes, CancellationToken cancellationToken)
        {
            if (changes.Count == 0)
            {
                return;
            }

            string[] kinds = [.. changes.Select(changed => changed.Kind.ToString())], keys = [.. changes.Select(changed => changed.Which)];
            var ids = await database.Database.SqlQuery<long>(
                $"""INSERT INTO changes ("Kind", "Key") SELECT * FROM unnest({kinds}, {keys}) RETURNING "Id" AS "Value" """).ToListAsync(cancellationToken);
            _last = ids.Max();
            await database.Database.ExecuteSqlRawAsync($"NOTIFY {Channel}", cancellationToken);
        }

        public void Done()
        {
            // Where it isn't known whether the transaction was committed, this isn't reached: the change comes back from the log.
            shared._applied = Math.Max(shared._applied, _last);
        }

        public ValueTask DisposeAsync()
        {
            if (_hasTurn)
            {
                shared._turn.Release();
            }

            return ValueTask.CompletedTask;
        }
    }
}
