using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Vault.Core.Access;

namespace Vault.Core.Storage.PostgreSql;

/// <summary>
/// Keeps this replica in step with the others: listens for their changes and, since a message may be missed, looks once a second; says that
/// it lives, and counts who else does. After a connection was lost, everything is read anew.
/// </summary>
internal sealed partial class ReplicaFeed(
    PostgreSqlConnections connections, SharedChanges changes, LiveReplicas live, TimeProvider time, ILogger<ReplicaFeed> logger) : BackgroundService
{
    /// <summary>How long after its last sign a replica counts as alive.</summary>
    public const string Patience = "interval '5 seconds'";

    private const int LooksToPrune = 600;
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(1);

    private const string Beat =
        """
        INSERT INTO replicas ("Id", "SeenAt") VALUES ($1, clock_timestamp()) ON CONFLICT ("Id") DO UPDATE SET "SeenAt" = clock_timestamp()
        """;

    /// <summary>Of this process.</summary>
    public Guid Id { get; } = Guid.NewGuid();

    /// <summary>Says so before anything is served, so that leases of this replica count from the first.</summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await using (var connection = connections.Pooled.CreateConnection())
        {
            await connection.OpenAsync(cancellationToken);
            await BeatAsync(connection, cancellationToken);
        }

        await base.StartAsync(cancellationToken);
    }

    /// <summary>Ends, and says that this replica is gone.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            await using var command = connections.Pooled.CreateCommand("""DELETE FROM replicas WHERE "Id" = $1""");
            command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = Id });
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (Exception exception) when (exception is ObjectDisposedException or OperationCanceledException || StorageFaults.IsUnavailable(exception))
        {
            // The others find out by themselves, some seconds later.
        }
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var isLost = false;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await using var connection = connections.Lasting.CreateConnection();
                await connection.OpenAsync(stoppingToken);
                await using (var listen = new NpgsqlCommand($"LISTEN {SharedChanges.Channel}", connection))
                {
                    await listen.ExecuteNonQueryAsync(stoppingToken);
                }

                await changes.CatchUpAsync(isWhole: isLost, stoppingToken);
                if (isLost)
                {
                    isLost = false;
                    LogBack(logger);
                }

                for (var looks = 0; ; looks++)
                {
                    await BeatAsync(connection, stoppingToken);
                    if (looks % LooksToPrune == LooksToPrune - 1)
                    {
                        await changes.PruneAsync(stoppingToken);
                    }

                    await connection.WaitAsync(Pace, stoppingToken);
                    await changes.CatchUpAsync(isWhole: false, stoppingToken);
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                // A boundary: without this loop a replica would go on with what was in force when it ended.
                if (!isLost)
                {
                    LogLost(logger, exception.GetType().Name);
                }

                isLost = true;
                await Task.Delay(Pace, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task BeatAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new NpgsqlBatchCommand(Beat) { Parameters = { new NpgsqlParameter<Guid> { TypedValue = Id } } },
                new NpgsqlBatchCommand("""DELETE FROM replicas WHERE "SeenAt" < clock_timestamp() - interval '1 hour'"""),
                new NpgsqlBatchCommand($"""SELECT COUNT(*) FROM replicas WHERE "SeenAt" > clock_timestamp() - {Patience}"""),
            },
        };
        live.Count = Convert.ToInt32(await batch.ExecuteScalarAsync(cancellationToken), System.Globalization.CultureInfo.InvariantCulture);
    }

    [LoggerMessage(3202, LogLevel.Error, "This replica no longer hears of changes that others make: {Fault}. It goes on with what is in force, and tries again every second.")]
    private static partial void LogLost(ILogger logger, string fault);

    [LoggerMessage(3203, LogLevel.Information, "This replica hears of changes again; everything was read anew.")]
    private static partial void LogBack(ILogger logger);
}
