using Microsoft.Extensions.Hosting;

namespace Vault.Core.Authentication.Tokens;

/// <summary>Looks every five seconds for tokens in use that are about to end, and renews them ahead of time.</summary>
internal sealed class TokenRenewal(TokenSource tokens, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(5);

    /// <summary>A sign-in under way may be trading in a refresh token that is good once: what it gives is saved before the vault goes.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await tokens.SettledAsync().WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Pace, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                tokens.RenewDue();
            }
        }
        catch (OperationCanceledException)
        {
            // The vault stops.
        }
    }
}
