using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Vault.Core.Audit;
using Vault.Core.Primitives;
using Vault.Core.Secrets;
using Vault.Core.Storage;
using Vault.Core.Storage.Rows;

namespace Vault.Core.Administration.VaultKeys;

/// <summary>
/// Moves wraps to the active vault key in small transactions, each of which also says how far it is: killed at any moment, it goes on
/// from there at the next start. A row that somebody changes meanwhile is left to them, who seal under the active key anyhow. Callouts
/// go on: what is in memory under an old wrap is opened with its old vault key, which stays.
/// </summary>
public sealed partial class Rewrapping(
    IDbContextFactory<VaultDbContext> contexts, SecretSealer sealer, AuditTail tail, AuditLog audit, TimeProvider time, IHostApplicationLifetime lifetime, ILogger<Rewrapping> logger,
    IJobTurns? turns = null)
    : BackgroundService
{
    /// <summary>What the operation is called.</summary>
    public const string Kind = "keys.rewrap";

    // A transaction holds up the records of callouts: it is kept to a few milliseconds.
    private const int BatchSize = 32;

    // Three quarters of the time are everybody else's.
    private const int Rests = 3;
    private const string Rest = "rest";
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    // Where processes share the database, the one that was told may be gone, and its work left to the others.
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(30);
    private readonly SemaphoreSlim _wake = new(1, 1);
    private bool _isCompiled;

    /// <inheritdoc />
    public override void Dispose()
    {
        base.Dispose();
        _wake.Dispose();
    }

    /// <summary>There is something to do.</summary>
    internal void Wake()
    {
        try
        {
            _wake.Release();
        }
        catch (SemaphoreFullException)
        {
            // It was told already.
        }
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = lifetime.ApplicationStarted.Register(started.SetResult);
        try
        {
            await started.Task.WaitAsync(stoppingToken);
            while (true)
            {
                await _wake.WaitAsync(turns is null ? Timeout.InfiniteTimeSpan : Look, stoppingToken);
                while (await TryRunAsync(stoppingToken))
                {
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The vault stops; what is left is done after the next start.
        }
    }

    // All that is to be done; true where it has to be tried again. Two that work at once would only get in each other's way.
    private async Task<bool> TryRunAsync(CancellationToken stoppingToken)
    {
        try
        {
            await using var turn = turns is null ? null : await turns.TryTakeAsync(BackgroundJob.Rewrap, stoppingToken);
            while ((turns is null || turn is not null) && await StepAsync(stoppingToken))
            {
            }

            return false;
        }
        catch (Exception exception) when (exception is AuditCutException || StorageFaults.IsUnavailable(exception))
        {
            LogHeldUp(logger, exception.GetType().Name);
            await Task.Delay(Pause, time, stoppingToken);
            return true;
        }
    }

    // One batch; false where nothing is to be done.
    private async Task<bool> StepAsync(CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        await using var database = await contexts.CreateDbContextAsync(cancellationToken);
        await database.Database.OpenConnectionAsync(cancellationToken);
        var operation = await database.Operations.AsNoTracking().Where(row => row.Kind == Kind && row.Status == OperationStatus.Running)
            .OrderBy(row => row.Id).FirstOrDefaultAsync(cancellationToken);
        if (operation is null)
        {
            return false;
        }

        var before = operation.Step++;
        var moved = await PlanAsync(database, operation, cancellationToken);
        if (await SaveAsync(database, operation, before, moved, cancellationToken) && operation.FinishedAt is { } at)
        {
            var isWhole = operation.Status == OperationStatus.Completed;
            audit.Note(new AuditEvent(
                Guid.CreateVersion7().ToString("N"), at, "vault", "key.rewrapped", operation.Id.ToString("N"), isWhole ? AuditOutcomes.Success : AuditOutcomes.Failed)
            {
                DurationMs = Math.Round((at - operation.StartedAt).TotalMilliseconds, 1),
            });
            LogFinished(logger, operation.Id, operation.Done, operation.Unreadable);
        }

        if (moved.Count > 0)
        {
            await Task.Delay(time.GetElapsedTime(began) * Rests, time, cancellationToken);
        }

        return true;
    }

    // What the next batch moves, and how far the operation is then.
    private async Task<List<(SealedTable Table, SealedRow Row, byte[] Moved)>> PlanAsync(VaultDbContext database, OperationRow operation, CancellationToken cancellationToken)
    {
        var moved = new List<(SealedTable, SealedRow, byte[])>();
        var index = SealedTable.All.ToList().FindIndex(table => table.Kind == operation.Stage);
        if (index < 0)
        {
            await PlanRestAsync(database, operation, cancellationToken);
            return moved;
        }

        var table = SealedTable.All[index];
        var page = await table.PageAsync(database, operation.After, BatchSize, cancellationToken);
        foreach (var row in page)
        {
            if (!sealer.IsUnderActiveKey(row.Sealed) && sealer.Rewrap(row.PlaceOf([]), row.Sealed) is { } record)
            {
                moved.Add((table, row, record));
            }
        }

        operation.Done += page.Count;
        operation.After = page.Count == BatchSize ? page[^1].Id : null;
        if (operation.After is null)
        {
            operation.Stage = index + 1 < SealedTable.All.Count ? SealedTable.All[index + 1].Kind : Rest;
        }

        return moved;
    }

    // What was sealed meanwhile by a process that didn't know of the active key yet, or under a key that was active then: all once more.
    private async Task PlanRestAsync(VaultDbContext database, OperationRow operation, CancellationToken cancellationToken)
    {
        operation.Unreadable = 0;
        foreach (var table in SealedTable.All)
        {
            await foreach (var row in table.ReadAsync(database).WithCancellation(cancellationToken))
            {
                if (sealer.IsUnderActiveKey(row.Sealed))
                {
                    continue;
                }

                if (sealer.Rewrap(row.PlaceOf([]), row.Sealed) is not null)
                {
                    (operation.Stage, operation.After, operation.Done) = (SealedTable.All[0].Kind, null, 0);
                    return;
                }

                operation.Unreadable++;
            }
        }

        operation.Status = operation.Unreadable == 0 ? OperationStatus.Completed : OperationStatus.Failed;
        operation.Detail = operation.Unreadable == 0 ? null
            : $"{operation.Unreadable} sealed values could not be opened and were left as they are; POST /api/v1/keys/verify names them. All others were moved.";
        operation.Total = operation.Done;
        operation.FinishedAt = time.GetUtcNow();
    }

    // Under the turn to write that records of the audit wait for too: whoever waits is served in order, and none is starved.
    private async Task<bool> SaveAsync(
        VaultDbContext database, OperationRow operation, long before, List<(SealedTable Table, SealedRow Row, byte[] Moved)> moved, CancellationToken cancellationToken)
    {
        if (!_isCompiled)
        {
            // EF Core compiles a statement when it meets it first, which must not happen while others wait.
            await ReportAsync(database, operation, Guid.Empty, before, cancellationToken);
            _isCompiled = true;
        }

        await using var turn = await tail.TakeTurnAsync(cancellationToken);
        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        var isOurs = await ReportAsync(database, operation, operation.Id, before, cancellationToken);
        if (!isOurs)
        {
            // Another process made this step.
            return false;
        }

        foreach (var group in moved.GroupBy(one => one.Table))
        {
            // Not there as it was read: it was changed or removed meanwhile, and that stands.
            await group.Key.ReplaceAsync(database, group.Select(one => (one.Row, one.Moved)));
        }

        await transaction.CommitAsync(CancellationToken.None);
        return true;
    }

    private static async Task<bool> ReportAsync(VaultDbContext database, OperationRow operation, Guid id, long before, CancellationToken cancellationToken) =>
        await database.Operations.Where(row => row.Id == id && row.Step == before).ExecuteUpdateAsync(
            update => update.SetProperty(row => row.Step, operation.Step).SetProperty(row => row.Stage, operation.Stage).SetProperty(row => row.After, operation.After)
                .SetProperty(row => row.Done, operation.Done).SetProperty(row => row.Total, operation.Total).SetProperty(row => row.Unreadable, operation.Unreadable)
                .SetProperty(row => row.Status, operation.Status).SetProperty(row => row.FinishedAt, operation.FinishedAt).SetProperty(row => row.Detail, operation.Detail),
            cancellationToken) == 1;

    [LoggerMessage(5401, LogLevel.Information, "The rewrap {Operation} ended: {Done} sealed values were looked at, {Unreadable} of them could not be opened.")]
    private static partial void LogFinished(ILogger logger, Guid operation, long done, long unreadable);

    [LoggerMessage(5402, LogLevel.Warning, "A rewrap is held up: {Fault}. It is tried again in ten seconds.")]
    private static partial void LogHeldUp(ILogger logger, string fault);
}
