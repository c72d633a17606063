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
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(1);

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
                isDone = await MoveAsync() || tried < Tries;
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
                    await MoveAsync();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The vault stops; the next process moves what is left.
        }
    }

    /// <summary>Moves all that is there; false: the database is still away.</summary>
    public async Task<bool> MoveAsync()
    {
        try
        {
            // 1. While others go on adding, so that nobody waits for a database that isn't there.
            Step step;
            do
            {
                step = await MovePageAsync(CancellationToken.None);
            }
            while (step is Step.Moved);

            // 2. What came meanwhile, while nobody adds.
            return step is not Step.Failed && await keeping.AloneAsync(EndAsync);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A boundary: it is tried again.
            LogNotMoved(logger, exception.GetType().Name);
            return false;
        }
    }

    private async Task<bool> EndAsync()
    {
        while (true)
        {
            using var limit = new CancellationTokenSource(AuditKeeping.Patience, time);
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
                (outcome, var unkept) = await appender.AppendAloneAsync(audited, waiting, cancellationToken);
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
        return tail.Own("audit.spool") with { Outcome = AuditOutcomes.Failed, Code = fault };
    }

    [LoggerMessage(6011, LogLevel.Information, "The database is back: all audit records of the spool are in it.")]
    private static partial void LogMoved(ILogger logger);

    [LoggerMessage(6012, LogLevel.Critical, "The spool of audit records is not as this vault left it: {Fault}. What is left of it was put aside, as *.damaged.")]
    private static partial void LogDamaged(ILogger logger, string? fault);

    [LoggerMessage(6013, LogLevel.Error, "The spool of audit records could not be read or removed: {Fault}. It is tried again.")]
    private static partial void LogNotMoved(ILogger logger, string fault);
}
