using System.Net.Sockets;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Vault.Core.Access;
using Vault.Core.Primitives;
using Vault.Core.Secrets;

namespace Vault.Core.Storage.PostgreSql;

/// <summary>
/// Keeps this replica in step with the others: listens for their changes and, since a message may be missed, looks once a second. After a
/// connection was lost, everything is read anew. Beside it, on a connection of its own, it says that it lives, and counts who else does.
/// </summary>
internal sealed partial class ReplicaFeed(
    PostgreSqlConnections connections, SharedChanges changes, LiveReplicas live, TimeProvider time, ILogger<ReplicaFeed> logger) : BackgroundService
{
    /// <summary>How long after its last sign a replica counts as alive.</summary>
    public const string Patience = "interval '5 seconds'";

    /// <summary>A replica that gave a sign lately; one in the future is of before the database's clock was set back.</summary>
    public const string IsAlive = $"""("SeenAt" > clock_timestamp() - {Patience} AND "SeenAt" <= clock_timestamp() + {Patience})""";

    private const int LooksToPrune = 600;
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(1);

    // A database that was away, or busy, silences everybody: who was silent itself can't tell who is dead.
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestGap = TimeSpan.FromSeconds(3);
    private readonly Lock _gate = new();
    private long _beatSince;
    private long _beatLast;

    private const string Beat =
        """
        INSERT INTO replicas ("Id", "SeenAt") VALUES ($1, clock_timestamp()) ON CONFLICT ("Id") DO UPDATE SET "SeenAt" = clock_timestamp()
        """;

    /// <summary>Of this process.</summary>
    public Guid Id { get; } = Guid.NewGuid();

    /// <summary>Whether this replica gave its own signs of life for long enough, without a break, to say that one that gave none is dead.</summary>
    public bool MayJudge
    {
        get
        {
            lock (_gate)
            {
                return _beatLast != 0 && time.GetElapsedTime(_beatLast) < LongestGap && time.GetElapsedTime(_beatSince) > Silence;
            }
        }
    }

    /// <summary>Says so before anything is served, so that leases of this replica count from the first.</summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        if (connections.IsUnverified)
        {
            LogUnverified(logger);
        }

        try
        {
            await using var connection = connections.Aside.CreateConnection();
            await connection.OpenAsync(cancellationToken);
            await BeatAsync(connection, cancellationToken);
        }
        catch (Exception exception) when (exception is SocketException || StorageFaults.IsUnavailable(exception))
        {
            // A name that isn't resolved is a bare SocketException.
            throw new VaultStartException($"The database can't be reached: {connections.Place}: {StorageFaults.Reason(exception)}.", exception);
        }

        await base.StartAsync(cancellationToken);
    }

    /// <summary>Ends, and says that this replica is gone.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            await using var command = connections.Aside.CreateCommand("""DELETE FROM replicas WHERE "Id" = $1""");
            command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = Id });
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (Exception exception) when (exception is ObjectDisposedException or OperationCanceledException || StorageFaults.IsUnavailable(exception))
        {
            // The others find out by themselves, some seconds later.
        }
    }

    /// <inheritdoc />
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        PoolThreads.RunAsync(() => KeepAsync(ListenAsync, stoppingToken)),
        KeepAsync(
            async (connection, _, token) =>
            {
                while (true)
                {
                    await BeatAsync(connection, token);
                    await Task.Delay(Pace, time, token);
                }
            },
            stoppingToken));

    private async Task ListenAsync(NpgsqlConnection connection, bool wasLost, CancellationToken cancellationToken)
    {
        await using (var listen = new NpgsqlCommand($"LISTEN {SharedChanges.Channel}", connection))
        {
            await listen.ExecuteNonQueryAsync(cancellationToken);
        }

        await changes.CatchUpAsync(isWhole: wasLost, cancellationToken);
        if (wasLost)
        {
            LogBack(logger);
        }

        for (var looks = 1; ; looks++)
        {
            if (looks % LooksToPrune == 0)
            {
                await changes.PruneAsync(cancellationToken);
            }

            await connection.WaitAsync(Pace, cancellationToken);
            await changes.CatchUpAsync(isWhole: false, cancellationToken);
        }
    }

    // Does something on a connection of its own, for good: with a new one after each fault, and told so.
    private async Task KeepAsync(Func<NpgsqlConnection, bool, CancellationToken, Task> run, CancellationToken stoppingToken)
    {
        var isLost = false;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await using var connection = connections.Lasting.CreateConnection();
                await connection.OpenAsync(stoppingToken);
                var wasLost = isLost;
                isLost = false;
                await run(connection, wasLost, stoppingToken);
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
                new NpgsqlBatchCommand("""DELETE FROM replicas WHERE "SeenAt" < clock_timestamp() - interval '1 hour' OR "SeenAt" > clock_timestamp() + interval '1 hour'"""),
                new NpgsqlBatchCommand($"""SELECT COUNT(*) FROM replicas WHERE {IsAlive}"""),
            },
        };
        var count = Convert.ToInt32(await batch.ExecuteScalarAsync(cancellationToken), System.Globalization.CultureInfo.InvariantCulture);
        lock (_gate)
        {
            _beatSince = _beatLast == 0 || time.GetElapsedTime(_beatLast) > LongestGap ? time.GetTimestamp() : _beatSince;
            _beatLast = time.GetTimestamp();
        }

        live.Count = MayJudge ? count : Math.Max(live.Count, count);
    }

    [LoggerMessage(3202, LogLevel.Error, "This replica no longer hears of the others: {Fault}. It goes on with what is in force, is soon not ready, and tries again every second.")]
    private static partial void LogLost(ILogger logger, string fault);

    [LoggerMessage(3204, LogLevel.Warning, "The PostgreSQL is on another machine, and ConnectionStrings:Vault doesn't say 'SSL Mode=VerifyFull': who stands in between can read and change what is sent.")]
    private static partial void LogUnverified(ILogger logger);

    [LoggerMessage(3203, LogLevel.Information, "This replica hears of changes again; everything was read anew.")]
    private static partial void LogBack(ILogger logger);
}
