using Npgsql;
using Vault.Core.Primitives;

namespace Vault.Core.Storage.PostgreSql;

/// <summary>Advisory locks on connections of their own: whatever ends the process gives the turn back.</summary>
internal sealed class JobTurns(PostgreSqlConnections connections) : IJobTurns
{
    // A process that froze with the turn leaves the work to the others in the end; no job is hurt by a second one beside it.
    private const string Bound = "SET idle_session_timeout = '10min'";

    /// <inheritdoc />
    public async Task<IAsyncDisposable?> TryTakeAsync(BackgroundJob job, CancellationToken cancellationToken)
    {
        var connection = connections.Lasting.CreateConnection();
        try
        {
            await connection.OpenAsync(cancellationToken);
            await using (var bound = new NpgsqlCommand(Bound, connection))
            {
                await bound.ExecuteNonQueryAsync(cancellationToken);
            }

            await using var command = new NpgsqlCommand("SELECT pg_try_advisory_lock($1)", connection)
            {
                Parameters = { new NpgsqlParameter<long> { TypedValue = AdvisoryLocks.Jobs + (long)job } },
            };
            if (await command.ExecuteScalarAsync(cancellationToken) is true)
            {
                return connection;
            }
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }

        await connection.DisposeAsync();
        return null;
    }
}
