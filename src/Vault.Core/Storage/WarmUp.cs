using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Vault.Core.Authentication.Credentials;
using Vault.Core.Authentication.Tokens;
using Vault.Core.Primitives;
using Vault.Core.Storage.Rows;

namespace Vault.Core.Storage;

/// <summary>Makes EF Core compile what the first callout and the first change need, behind the start rather than before it.</summary>
internal sealed class WarmUp(
    IDbContextFactory<VaultDbContext> contexts, ICredentialStore credentials, ITokenStore tokens, IHostApplicationLifetime lifetime, ISharedChanges? shared = null) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => PoolThreads.RunAsync(() => RunAsync(stoppingToken));

    private async Task RunAsync(CancellationToken stoppingToken)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = lifetime.ApplicationStarted.Register(started.SetResult);
        try
        {
            await started.Task.WaitAsync(stoppingToken);
            await credentials.LoadAsync(Guid.Empty, Guid.Empty, "", DateTimeOffset.UnixEpoch, stoppingToken);
            await tokens.FindAsync(new TokenKey(Guid.Empty, Guid.Empty, "", null, ""), DateTimeOffset.UnixEpoch, stoppingToken);
            await using var context = await contexts.CreateDbContextAsync(stoppingToken);
            await context.Secrets.AsNoTracking().AnyAsync(row => row.ExternalCredentialId == Guid.Empty, stoppingToken);
            if (shared is not null)
            {
                // The record of a change is written under a turn that the records of callouts wait for, also while it is compiled. Nobody sees this one. A
                // database of one process has one lock for all that is written: there it would only come sooner.
                await using var transaction = await context.Database.BeginTransactionAsync(stoppingToken);
                context.Audit.Add(new AuditRow { Sequence = long.MinValue });
                await context.SaveChangesAsync(stoppingToken);
                await transaction.RollbackAsync(stoppingToken);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException || StorageFaults.IsUnavailable(exception))
        {
            // Nothing is lost: whoever comes first pays, and meets the fault itself.
        }
    }
}
