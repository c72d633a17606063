using Microsoft.Extensions.Hosting;

namespace Vault.Core.Access.Issuers;

/// <summary>Keeps the keys of all issuers fresh, each by itself: one that doesn't answer holds up no other.</summary>
public sealed class IssuerRefresh(JwtCallers callers, TimeProvider time) : BackgroundService
{
    /// <inheritdoc />
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(callers.Keys.Where(keys => keys.Issuer.StaticKeys is null).Select(keys => KeepAsync(keys, stoppingToken)));

    private async Task KeepAsync(IssuerKeys keys, CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                await keys.RefreshAsync(stoppingToken);
                await Task.Delay(keys.IsFresh ? IssuerKeys.RefreshPace : IssuerKeys.RetryPace, time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The vault stops.
        }
    }
}
