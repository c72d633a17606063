using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Vault.Core.Access;

namespace Vault.Core.ForwardProxy;

/// <summary>The tunnels that are open. A key that is revoked, expires or loses its app ends those that were opened with it, within a second.</summary>
public sealed class OpenTunnels(CallerResolver callers, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(1);
    private readonly ConcurrentDictionary<Tunnel, byte> _open = [];

    private sealed class Tunnel(OpenTunnels all, string key, ConnectionKey known, Action end) : IDisposable
    {
        public async ValueTask JudgeAsync(CallerResolver callers, CancellationToken cancellationToken)
        {
            if (await callers.PeekAsync(key, known, cancellationToken) is null && all._open.TryRemove(this, out _))
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
                await tunnel.JudgeAsync(callers, stoppingToken);
            }
        }
    }
}
