using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using NpgsqlTypes;
using Vault.Core.Audit;
using Vault.Core.Storage.Rows;

namespace Vault.Core.Storage.PostgreSql;

/// <summary>
/// Writes records, on a connection of its own, in the transaction that holds the right to extend the chain: a process that dies or
/// freezes with it loses it. Whatever fails closes that connection: the next try begins with a new one.
/// </summary>
internal sealed class PostgreSqlAuditWriter(PostgreSqlConnections connections) : IAuditWriter, IAuditTurns, IAsyncDisposable, IDisposable
{
    // A process that freezes with the turn loses it before the others give up; waiting longer would hold callouts up that had better be refused.
    private const string Session = "SET idle_in_transaction_session_timeout = '3s'; SET lock_timeout = '8s'; SET statement_timeout = '30s'";

    private const string Insert =
        """
        INSERT INTO audit ("Sequence", "Segment", "Id", "At", "Actor", "Action", "Target", "Outcome", "Principal", "User", "Method", "Host", "Path", "Status",
            "DurationMs", "BytesIn", "BytesOut", "RemoteAddress", "Code", "TraceId", "Previous", "Hash", "Mac")
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)
        """;

    private NpgsqlConnection? _connection;
    private bool _isHeld;

    /// <inheritdoc />
    public async Task<AuditClaim> TakeAsync(long known, CancellationToken cancellationToken)
    {
        try
        {
            if (_connection is null)
            {
                await OpenAsync(cancellationToken);
            }

            await using DbBatch batch = new NpgsqlBatch(_connection)
            {
                BatchCommands =
                {
                    new NpgsqlBatchCommand("BEGIN ISOLATION LEVEL READ COMMITTED"),

                    // Fails where nothing can be written: on a standby, without the right to, or while somebody else has the table.
                    new NpgsqlBatchCommand("LOCK TABLE audit IN ROW EXCLUSIVE MODE"),
                    new NpgsqlBatchCommand($"SELECT pg_advisory_xact_lock({AdvisoryLocks.Audit})"),
                    new NpgsqlBatchCommand("""SELECT "Sequence", "Segment", "Hash" FROM audit ORDER BY "Sequence" DESC LIMIT 1"""),
                    new NpgsqlBatchCommand("""SELECT "Hash" FROM audit WHERE "Sequence" = $1""") { Parameters = { Of(known) } },
                },
            };
            await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
            _isHeld = true;

            // The lock itself answers a row of nothing.
            await reader.NextResultAsync(cancellationToken);
            var head = await reader.ReadAsync(cancellationToken) ? new AuditHead(reader.GetInt64(0), reader.GetInt32(1), Bytes(reader, 2)) : null;
            await reader.NextResultAsync(cancellationToken);
            return new AuditClaim(head, await reader.ReadAsync(cancellationToken) ? Bytes(reader, 0) : null);
        }
        catch
        {
            await CloseAsync();
            throw;
        }
    }

    /// <inheritdoc />
    public async Task<List<AuditRow>> OfIdsAsync(IReadOnlyList<string> ids, CancellationToken cancellationToken)
    {
        if (_connection is not { } connection || !_isHeld)
        {
            throw new InvalidOperationException("Nobody has the turn to extend the audit.");
        }

        // On the connection that has the turn: what a lost one sent is committed or gone by now.
        await using var context = new PostgreSqlVaultDbContext(new DbContextOptionsBuilder<PostgreSqlVaultDbContext>().UseNpgsql(connection).Options);
        return await context.Audit.AsNoTracking().Where(row => ids.Contains(row.Id)).ToListAsync(cancellationToken);
    }

    /// <inheritdoc />
    public async ValueTask AppendAsync(IReadOnlyList<AuditEntry> entries, Action? begun, CancellationToken cancellationToken)
    {
        if (_connection is null || !_isHeld)
        {
            throw new InvalidOperationException("Nobody has the turn to extend the audit.");
        }

        begun?.Invoke();
        if (entries.Count == 0)
        {
            return;
        }

        try
        {
            await using var batch = new NpgsqlBatch(_connection);
            foreach (var entry in entries)
            {
                batch.BatchCommands.Add(InsertOf(entry));
            }

            batch.BatchCommands.Add(new NpgsqlBatchCommand("COMMIT"));
            await batch.ExecuteNonQueryAsync(cancellationToken);
            _isHeld = false;
        }
        catch
        {
            // With it goes the transaction.
            await CloseAsync();
            throw;
        }
    }

    /// <inheritdoc />
    public async ValueTask ReleaseAsync()
    {
        if (!_isHeld || _connection is not { } connection)
        {
            return;
        }

        try
        {
            _isHeld = false;
            await using var command = new NpgsqlCommand("ROLLBACK", connection);
            await command.ExecuteNonQueryAsync(CancellationToken.None);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // A boundary: whoever gives the turn back must be able to. The database takes the right back with the connection.
            await CloseAsync();
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync() => await CloseAsync();

    /// <inheritdoc />
    public void Dispose() => _connection?.Dispose();

    private static byte[] Bytes(DbDataReader row, int column) => row.GetFieldValue<byte[]>(column);

    private static NpgsqlBatchCommand InsertOf(AuditEntry entry)
    {
        var audited = entry.Event;
        return new NpgsqlBatchCommand(Insert)
        {
            Parameters =
            {
                Of(entry.Sequence), new NpgsqlParameter<int> { TypedValue = entry.Segment },
                Of(audited.Id), Of(audited.At.UtcTicks), Of(audited.Actor), Of(audited.Action), Of(audited.Target), Of(audited.Outcome),
                Of(audited.Principal), Of(audited.User), Of(audited.Method), Of(audited.Host), Of(audited.Path),
                Of(audited.Status, NpgsqlDbType.Integer), Of(audited.DurationMs, NpgsqlDbType.Double),
                Of(audited.BytesIn, NpgsqlDbType.Bigint), Of(audited.BytesOut, NpgsqlDbType.Bigint),
                Of(audited.RemoteAddress), Of(audited.Code), Of(audited.TraceId), Of(entry.Previous), Of(entry.Hash), Of(entry.Mac),
            },
        };
    }

    private static NpgsqlParameter<long> Of(long value) => new NpgsqlParameter<long> { TypedValue = value };

    private static NpgsqlParameter<byte[]> Of(byte[] value) => new NpgsqlParameter<byte[]> { TypedValue = value };

    private static NpgsqlParameter Of(string? value) => Of(value, NpgsqlDbType.Text);

    private static NpgsqlParameter Of(object? value, NpgsqlDbType type) => new() { Value = value ?? DBNull.Value, NpgsqlDbType = type };

    private async Task OpenAsync(CancellationToken cancellationToken)
    {
        var connection = connections.Lasting.CreateConnection();
        try
        {
            await connection.OpenAsync(cancellationToken);
            await using var command = new NpgsqlCommand(Session, connection);
            await command.ExecuteNonQueryAsync(cancellationToken);
            _connection = connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    private async Task CloseAsync()
    {
        _isHeld = false;
        if (_connection is { } connection)
        {
            _connection = null;
            try
            {
                await connection.DisposeAsync();
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                // It is broken, and gone all the same.
            }
        }
    }
}
