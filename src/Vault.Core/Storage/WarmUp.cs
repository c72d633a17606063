using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Vault.Core.Authentication.Credentials;
using Vault.Core.Authentication.Tokens;

namespace Vault.Core.Storage;

/// <summary>Makes EF Core compile what the first callout and the first change need, behind the start rather than before it.</summary>
internal sealed class WarmUp(IDbContextFactory<VaultDbContext> contexts, ICredentialStore credentials, ITokenStore tokens, IHostApplicationLifetime lifetime) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
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
        }
        catch (Exception exception) when (exception is OperationCanceledException || StorageFaults.IsUnavailable(exception))
        {
            // Nothing is lost: whoever comes first pays, and meets the fault itself.
        }
    }
}
