using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Vault.Core.ForwardProxy;

/// <summary>Looks after the certificate authority while the vault runs.</summary>
internal sealed partial class AuthorityUpkeep(CertificateAuthority authority, TimeProvider time, ILogger<AuthorityUpkeep> logger) : BackgroundService
{
    private static readonly TimeSpan Pace = TimeSpan.FromHours(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Pace, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await authority.KeepAsync(stoppingToken);
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                // A boundary: whatever it was must not end the vault. What is in memory is good for a year at least; it is tried again in an hour.
                LogFailed(logger, exception.GetType().Name);
            }
        }
    }

    [LoggerMessage(9101, LogLevel.Error, "The certificate authority of the forward proxy could not be looked after: {Fault}. It is tried again in an hour.")]
    private static partial void LogFailed(ILogger logger, string fault);
}
