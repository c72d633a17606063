using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Vault.Core.Primitives;

namespace Vault.Core.Storage;

/// <summary>Removes replaced secrets and tokens once echoes of them need no longer be redacted (24 hours), and operations that ended 30 days ago.</summary>
internal sealed partial class RetiredRows(IDbContextFactory<VaultDbContext> contexts, TimeProvider time, ILogger<RetiredRows> logger, IJobTurns? turns = null) : BackgroundService
{
    private static readonly TimeSpan Life = TimeSpan.FromHours(24);
    private static readonly TimeSpan OperationLife = TimeSpan.FromDays(30);

    /// <summary>Removes what is due now.</summary>
    public async Task PurgeAsync(CancellationToken cancellationToken)
    {
        await using var turn = turns is null ? null : await turns.TryTakeAsync(BackgroundJob.RetiredRows, cancellationToken);
        if (turns is not null && turn is null)
        {
            return;
        }

        DateTimeOffset? before = time.GetUtcNow() - Life;
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await context.Secrets.Where(row => row.RetiredAt < before).ExecuteDeleteAsync(cancellationToken);
        await context.AuthorizationRequests.Where(row => row.ExpiresAt < before).ExecuteDeleteAsync(cancellationToken);
        await context.Tokens.Where(row => row.RetiredAt < before || (row.ExpiresAt < before && !row.IsRenewable)).ExecuteDeleteAsync(cancellationToken);
        DateTimeOffset? ended = time.GetUtcNow() - OperationLife;
        await context.Operations.Where(row => row.FinishedAt < ended).ExecuteDeleteAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMinutes(10), time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await PurgeAsync(stoppingToken);
            }
            catch (Exception exception) when (StorageFaults.IsUnavailable(exception))
            {
                // Tried again at the next tick; the rows are only kept longer.
                LogPurgeFailed(logger, exception.GetType().Name);
            }
        }
    }

    [LoggerMessage(3101, LogLevel.Warning, "Replaced secrets and tokens could not be removed: {Fault}. It is tried again in ten minutes.")]
    private static partial void LogPurgeFailed(ILogger logger, string fault);
}
