using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Vault.Core.Access;

namespace Vault.Core.ForwardProxy;

/// <summary>The tunnels that are open. A key that is revoked, expires or loses its app ends those that were opened with it, within a second.</summary>
public sealed partial class OpenTunnels(CallerResolver callers, TimeProvider time, ILogger<OpenTunnels> logger) : BackgroundService
{
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(1);
    private readonly ConcurrentDictionary<Tunnel, byte> _open = [];

    private sealed class Tunnel(OpenTunnels all, string key, ConnectionKey known, Action end) : IDisposable
    {
        public async ValueTask<bool> IsInForceAsync(CallerResolver callers, CancellationToken cancellationToken) =>
            await callers.PeekAsync(key, known, cancellationToken) is not null;

        public void End()
        {
            if (all._open.TryRemove(this, out _))
            {
                end();
            }
        }

        public void Dispose() => all._open.TryRemove(this, out _);
    }

    /// <summary>How many.</summary>
    public int Count => _open.Count;

    /// <summary>Notes one; disposed of when the tunnel has ended.</summary>
    /// <param name="key">The key or token that it was opened with.</param>
    /// <param name="known">What its connection knows of it.</param>
    /// <param name="end">Ends it at once; called at most once.</param>
    public IDisposable Open(string key, ConnectionKey known, Action end)
    {
        var tunnel = new Tunnel(this, key, known, end);
        _open[tunnel] = 0;
        return tunnel;
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Pace, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            foreach (var tunnel in _open.Keys)
            {
                await JudgeAsync(tunnel, stoppingToken);
            }
        }
    }

    private async Task JudgeAsync(Tunnel tunnel, CancellationToken stoppingToken)
    {
        try
        {
            if (await tunnel.IsInForceAsync(callers, stoppingToken))
            {
                return;
            }
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            // A boundary: the others are looked at all the same. A key that nobody can judge counts as none.
            LogFailed(logger, exception.GetType().Name);
        }

        tunnel.End();
    }

    [LoggerMessage(9102, LogLevel.Error, "The key of a tunnel of the forward proxy could not be judged: {Fault}. The tunnel was ended.")]
    private static partial void LogFailed(ILogger logger, string fault);
}
