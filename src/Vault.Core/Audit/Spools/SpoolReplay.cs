using Microsoft.Extensions.Logging;
using Vault.Core.Secrets;

namespace Vault.Core.Audit.Spools;

/// <summary>
/// Moves the records of the spool into the chain, in their order and once: those that are there already, because a process was killed between
/// the transaction and the spool's removal, are passed over.
/// </summary>
internal sealed partial class SpoolReplay(AuditSpool spool, AuditAppender appender, AuditKeeping keeping, AuditTail tail, TimeProvider time, ILogger logger)
{
    private const int Tries = 3;

    // So many pages at most before those who add have to wait, however fast they are.
    private const int MostPages = 256;
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(1);

    // How long those who add wait at most for the end; and how long a page may take while they don't, for it to be tried.
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan FastPage = TimeSpan.FromSeconds(1);

    private enum Step
    {
        /// <summary>There may be more.</summary>
        Moved,

        /// <summary>That was all.</summary>
        All,

        /// <summary>What comes next isn't as the vault wrote it.</summary>
        Damaged,

        /// <summary>The database is still away.</summary>
        Failed,
    }

    /// <summary>Moves what an earlier process left, before anything is served.</summary>
    /// <exception cref="VaultStartException">It can't be done.</exception>
    public async Task BeginAsync()
    {
        // What takes a while the first time is done before anybody has little time for it; on a machine that is busy it may be too slow once.
        var fault = spool.Open();
        var isDone = false;
        for (var tried = 0; tried < Tries && !isDone; tried++)
        {
            isDone = await appender.AppendAsync(fault is null ? [] : [Damage(fault)], 0, CancellationToken.None) is AppendOutcome.Kept;
        }

        if (isDone && fault is not null)
        {
            spool.NoteTold();
        }

        while (isDone && spool.NextLeft())
        {
            appender.NoteFailure();
            isDone = !spool.IsUnmarked || await appender.AppendAsync([Damage(AuditFaults.Checkpoints)], 0, CancellationToken.None) is AppendOutcome.Kept;
            for (var tried = 0; isDone && spool.IsInUse; tried++)
            {
                isDone = await MoveAsync(isServing: false) || tried < Tries;
            }
        }

        if (!isDone)
        {
            throw new VaultStartException("The audit can't be written, or the records that an earlier process left in Vault:Audit:Spool can't be moved into it. They stay there; start again.");
        }
    }

    /// <summary>Tries once a second while the spool is in use.</summary>
    public async Task RunAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Pace, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                if (spool.IsInUse)
                {
                    await MoveAsync(isServing: true);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The vault stops; the next process moves what is left.
        }
    }

    // Moves all that is there; false: the database is still away, or too slow to end it now.
    private async Task<bool> MoveAsync(bool isServing)
    {
        try
        {
            // 1. While others go on adding, so that nobody waits for a database that isn't there.
            Step step;
            TimeSpan took;
            var pages = 0;
            do
            {
                var started = time.GetTimestamp();
                step = await MovePageAsync(CancellationToken.None);
                took = time.GetElapsedTime(started);
                pages++;
            }
            while (step is Step.Moved && !spool.IsNearlyEmpty && (!isServing || pages < MostPages));

            if (step is Step.Failed || (isServing && took >= FastPage))
            {
                return false;
            }

            // 2. What came meanwhile, while nobody adds.
            return await keeping.AloneAsync(() => EndAsync(isServing ? EndLimit : Timeout.InfiniteTimeSpan));
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // A boundary: it is tried again.
            LogNotMoved(logger, exception.GetType().Name);
            return false;
        }
    }

    private async Task<bool> EndAsync(TimeSpan most)
    {
        using var limit = new CancellationTokenSource(most, time);
        while (true)
        {
            switch (await MovePageAsync(limit.Token))
            {
                case Step.All:
                    spool.End(isDamaged: false);
                    LogMoved(logger);
                    return true;
                case Step.Damaged when await appender.AppendAsync([Damage(spool.Next().Fault)], 0, limit.Token) is AppendOutcome.Kept:
                    spool.End(isDamaged: true);
                    return true;
                case Step.Damaged or Step.Failed:
                    return false;
                default:
                    break;
            }
        }
    }

    private async Task<Step> MovePageAsync(CancellationToken cancellationToken)
    {
        var page = spool.Next();
        if (page.Events.Count == 0 && page.Fault is not null)
        {
            return Step.Damaged;
        }

        // With none it is found out whether the database is back.
        var waiting = Math.Max(spool.Waiting, 1);
        var outcome = await appender.AppendAsync([.. page.Events], waiting, cancellationToken);
        if (outcome is AppendOutcome.Refused)
        {
            foreach (var audited in page.Events)
            {
                (outcome, var unkept) = await appender.AppendAloneAsync(audited, waiting, mayBeThere: true, cancellationToken);
                if (unkept is not null)
                {
                    return Step.Failed;
                }
            }

            outcome = AppendOutcome.Kept;
        }

        keeping.NoteCut(outcome is AppendOutcome.Cut);
        if (outcome is not AppendOutcome.Kept)
        {
            return Step.Failed;
        }

        spool.Done(page);
        return page.Events.Count == 0 ? Step.All : Step.Moved;
    }

    private AuditEvent Damage(string? fault)
    {
        LogDamaged(logger, fault);
        var (moved, count) = spool.Progress;
        var target = count > 0 && moved <= count ? $"vault ({moved} of {count} records)" : $"vault ({moved} of an unknown number of records)";
        return tail.Own("audit.spool", target) with { Outcome = AuditOutcomes.Failed, Code = fault };
    }

    [LoggerMessage(6011, LogLevel.Information, "The database is back: all audit records of the spool are in it.")]
    private static partial void LogMoved(ILogger logger);

    [LoggerMessage(6012, LogLevel.Critical, "The spool of audit records is not as this vault left it: {Fault}. What is left of it was put aside, as *.damaged.")]
    private static partial void LogDamaged(ILogger logger, string? fault);

    [LoggerMessage(6013, LogLevel.Error, "The spool of audit records could not be read or removed: {Fault}. It is tried again.")]
    private static partial void LogNotMoved(ILogger logger, string fault);
}
