using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Vault.Core.Access;
using Vault.Core.Storage;

namespace Vault.Core.Administration.Access;

/// <summary>Writes when keys were last used, every minute and at the end.</summary>
public sealed partial class KeyUsageFlush(KeyUsage usage, IDbContextFactory<VaultDbContext> contexts, TimeProvider time, ILogger<KeyUsageFlush> logger) : BackgroundService
{
    // A vault that is stopped twice at once writes twice at once: what is written twice is the same.
    private readonly ConcurrentDictionary<string, DateTimeOffset> _written = new(StringComparer.Ordinal);

    /// <inheritdoc />
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            await FlushAsync(CancellationToken.None);
        }
        catch (ObjectDisposedException)
        {
            // Whoever stops the vault took its services down already; the times are only for people to look at.
        }
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMinutes(1), time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            await FlushAsync(stoppingToken);
        }
    }

    private async Task FlushAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var database = await contexts.CreateDbContextAsync(cancellationToken);
            foreach (var (id, used) in usage.Take())
            {
                if (_written.TryGetValue(id, out var written) && written == used)
                {
                    continue;
                }

                // Another replica may have seen it later.
                DateTimeOffset? at = used;
                await database.Keys.Where(row => row.Id == id && (row.LastUsedAt == null || row.LastUsedAt < at)).ExecuteUpdateAsync(update => update.SetProperty(row => row.LastUsedAt, at), cancellationToken);
                _written[id] = used;
            }
        }
        catch (Exception exception) when (StorageFaults.IsUnavailable(exception))
        {
            // Only for people to look at; written with the next flush.
            LogNotWritten(logger, exception.GetType().Name);
        }
    }

    [LoggerMessage(5101, LogLevel.Warning, "When keys were last used could not be written: {Fault}.")]
    private static partial void LogNotWritten(ILogger logger, string fault);
}
