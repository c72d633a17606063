using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Vault.Core.Audit;
using Vault.Core.Primitives;
using Vault.Core.Secrets;
using Vault.Core.Secrets.KeyRing;
using Vault.Core.Storage;
using Vault.Core.Storage.Rows;

namespace Vault.Core.Administration.VaultKeys;

/// <summary>
/// Moves wraps to the active vault key in small transactions, each of which also says how far it is: killed at any moment, it goes on
/// from there at the next start. A row that somebody changes meanwhile is left to them, who seal under the active key anyhow. Callouts
/// go on: what is in memory under an old wrap is opened with its old vault key, which stays.
/// </summary>
public sealed partial class Rewrapping(
    IDbContextFactory<VaultDbContext> contexts, StartRows keys, VaultKeyRing ring, SecretSealer sealer, IWrapWriter writer, AuditTail tail, TimeProvider time,
    IHostApplicationLifetime lifetime, ILogger<Rewrapping> logger, IJobTurns? turns = null)
    : BackgroundService
{
    /// <summary>What the operation is called.</summary>
    public const string Kind = "keys.rewrap";

    // Three quarters of the time are everybody else's.
    private const int Rests = 3;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    // Rows that somebody has locked are left to them; nobody may keep one for longer than a few of these.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    // Where processes share the database, the one that was told may be gone, and its work left to the others.
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(30);
    private readonly SemaphoreSlim _wake = new(1, 1);
    private bool _isCompiled;
    private readonly RewrapPlan _plan = new(sealer, time);

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
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => PoolThreads.RunAsync(() => RunAsync(stoppingToken));

    private async Task RunAsync(CancellationToken stoppingToken)
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
        catch (Exception exception) when (exception is not (OperationCanceledException or OutOfMemoryException))
        {
            // A boundary: what is wrong with a rewrap must not end the vault, now and at each start after it.
            LogBroken(logger, exception.GetType().Name);
            return await TryFailAsync(exception.GetType().Name, stoppingToken);
        }
    }

    private async Task<bool> TryFailAsync(string fault, CancellationToken stoppingToken)
    {
        try
        {
            await using var database = await contexts.CreateDbContextAsync(stoppingToken);
            await database.Database.OpenConnectionAsync(stoppingToken);
            if (await FindAsync(database, stoppingToken) is { } operation)
            {
                var before = operation.Step++;
                _plan.Fail(operation, $"It ended in the middle ({fault}): what was moved is moved, and it can be begun again.");
                await SaveAsync(database, operation, before, [], stoppingToken);
            }

            return true;
        }
        catch (Exception exception) when (exception is not (OperationCanceledException or OutOfMemoryException))
        {
            LogHeldUp(logger, exception.GetType().Name);
            await Task.Delay(Pause, time, stoppingToken);
            return true;
        }
    }

    private static Task<OperationRow?> FindAsync(VaultDbContext database, CancellationToken cancellationToken) => database.Operations.AsNoTracking()
        .Where(row => row.Kind == Kind && row.Status == OperationStatus.Running).OrderBy(row => row.Id).FirstOrDefaultAsync(cancellationToken);

    // Another replica may have made a key since.
    private async Task ReloadKeysAsync(CancellationToken cancellationToken)
    {
        var rows = await keys.VaultKeysAsync(cancellationToken);
        if (!ring.Knows(rows.Select(row => row.Id)))
        {
            ring.Load([.. rows.Select(StoredVaultKeys.Of)]);
        }
    }

    // One batch; false where nothing is to be done.
    private async Task<bool> StepAsync(CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        await using var database = await contexts.CreateDbContextAsync(cancellationToken);
        await database.Database.OpenConnectionAsync(cancellationToken);
        var operation = await FindAsync(database, cancellationToken);
        if (operation is null)
        {
            return false;
        }

        await ReloadKeysAsync(cancellationToken);
        var before = operation.Step++;
        var moved = await _plan.NextAsync(database, operation, cancellationToken);
        if (await SaveAsync(database, operation, before, moved, cancellationToken) && operation.FinishedAt is not null)
        {
            LogFinished(logger, operation.Id, operation.Done, operation.Unreadable);
        }

        if (moved.Count > 0)
        {
            await Task.Delay(time.GetElapsedTime(began) * Rests, time, cancellationToken);
        }
        else if (turns is not null && _plan.WasInVain)
        {
            await Task.Delay(Patience, time, cancellationToken);
        }

        return true;
    }

    // A database of one process has one lock for all that is written: there each step is under the turn that records of the audit wait for
    // too, so that whoever waits is served in order, and none is starved. Where processes share one, rows are locked, and the turn is for
    // the record of the end alone: callouts would wait for a way to the database for each step.
    private async Task<bool> SaveAsync(
        VaultDbContext database, OperationRow operation, long before, List<(SealedTable Table, SealedRow Row, byte[] Moved)> moved, CancellationToken cancellationToken)
    {
        if (!_isCompiled)
        {
            // EF Core compiles a statement when it meets it first, which must not happen while others wait.
            await ReportAsync(database, operation, Guid.Empty, before, cancellationToken);
            _isCompiled = true;
        }

        await using var turn = turns is null || operation.FinishedAt is not null ? await tail.TakeTurnAsync(cancellationToken) : null;
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
            _plan.Replaced += await writer.ReplaceAsync(
                transaction.GetDbTransaction(), group.Key.NameIn(database), [.. group.Select(one => new MovedWrap(one.Row.Id, one.Row.Sealed, one.Moved))], cancellationToken);
        }

        if (turn is not null && operation.FinishedAt is { } at)
        {
            // How it ended and the record of it are one transaction: there is never one without the other.
            var outcome = operation.Status == OperationStatus.Completed ? AuditOutcomes.Success : AuditOutcomes.Failed;
            database.Audit.Add(AuditStore.ToRow(turn.Next(tail.Own("key.rewrapped", operation.Id.ToString("N")) with
            {
                Outcome = outcome,
                DurationMs = Math.Round((at - operation.StartedAt).TotalMilliseconds, 1),
            })));
            await database.SaveChangesAsync(CancellationToken.None);
        }

        await transaction.CommitAsync(CancellationToken.None);
        if (operation.FinishedAt is not null)
        {
            turn?.Done();
        }

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

    [LoggerMessage(5403, LogLevel.Error, "A rewrap ended in the middle: {Fault}.")]
    private static partial void LogBroken(ILogger logger, string fault);

    [LoggerMessage(5402, LogLevel.Warning, "A rewrap is held up: {Fault}. It is tried again in ten seconds.")]
    private static partial void LogHeldUp(ILogger logger, string fault);
}
