using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Vault.Core.Primitives;

namespace Vault.Core.Audit;

/// <summary>
/// Removes old records (<c>Vault:Audit:RetentionDays</c>; off by default), whole closed segments at a time, each in one transaction with
/// a record of what was removed. A segment that isn't as the vault wrote it stays, and so does all after it: nothing that shows
/// tampering is ever removed. There is no route for it: no key can make records go. The first time is an hour after a start: a start under a
/// wrong clock has no other to hold against it, and leaves that long to set it right.
/// </summary>
public sealed partial class AuditRetention(
    AuditOptions options, AuditTail tail, AuditVerifier verifier, IAuditStore store, TimeProvider time, ILogger<AuditRetention> logger,
    IJobTurns? turns = null) : BackgroundService
{
    private static readonly TimeSpan Pace = TimeSpan.FromHours(1);
    private readonly SemaphoreSlim _once = new(1, 1);
    private readonly (DateTimeOffset At, long Timestamp) _start = (time.GetUtcNow(), time.GetTimestamp());

    /// <summary>Removes what is due now.</summary>
    /// <returns>How many segments were removed.</returns>
    public async Task<int> PruneAsync(CancellationToken cancellationToken)
    {
        if (options.RetentionDays is not { } days)
        {
            return 0;
        }

        await _once.WaitAsync(cancellationToken);
        try
        {
            await using var turn = turns is null ? null : await turns.TryTakeAsync(BackgroundJob.AuditRetention, cancellationToken);
            if (turns is not null && turn is null)
            {
                return 0;
            }

            return await PruneAsync(days, cancellationToken);
        }
        finally
        {
            _once.Release();
        }
    }

    /// <inheritdoc />
    public override void Dispose()
    {
        base.Dispose();
        _once.Dispose();
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.RetentionDays is null)
        {
            return;
        }

        using var timer = new PeriodicTimer(Pace, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await TryPruneAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The vault stops.
        }
    }

    private async Task<int> PruneAsync(int days, CancellationToken cancellationToken)
    {
        var pruned = 0;
        while (await verifier.OldestSegmentAsync(cancellationToken) is { } oldest
            && oldest.Range.Segment < await tail.OpenSegmentAsync(cancellationToken) && oldest.Newest < Now().AddDays(-days))
        {
            if (oldest.Bad is { } bad)
            {
                LogNotPruned(logger, bad.Detail ?? "");
                break;
            }

            await RemoveAsync(oldest.Range, cancellationToken);
            pruned++;
        }

        if (pruned > 0)
        {
            await tail.SignAsync();
        }

        return pruned;
    }

    // A clock that is set forward makes nothing older: what goes doesn't come back when it is set right.
    private DateTimeOffset Now() => time.GetUtcNow() is var now && _start.At + time.GetElapsedTime(_start.Timestamp) is var counted && counted < now ? counted : now;

    private async Task TryPruneAsync(CancellationToken stoppingToken)
    {
        try
        {
            await PruneAsync(stoppingToken);
        }
        catch (Exception exception) when (exception is not (OperationCanceledException or OutOfMemoryException))
        {
            // A boundary: the records only stay longer; it is tried again in an hour.
            LogFailed(logger, exception.GetType().Name);
        }
    }

    private async Task RemoveAsync(PrunedRange range, CancellationToken cancellationToken)
    {
        await using var turn = await tail.TakeTurnAsync(cancellationToken);
        var entry = turn.Next(tail.Own(PrunedRange.Action, range.ToString()));
        await store.PruneAsync(range.To, entry, CancellationToken.None);
        turn.Done();
    }

    [LoggerMessage(6005, LogLevel.Critical, "Old audit records were not pruned, since they are not as this vault wrote them: {Detail}")]
    private static partial void LogNotPruned(ILogger logger, string detail);

    [LoggerMessage(6006, LogLevel.Warning, "Old audit records could not be pruned: {Fault}. It is tried again in an hour.")]
    private static partial void LogFailed(ILogger logger, string fault);
}
