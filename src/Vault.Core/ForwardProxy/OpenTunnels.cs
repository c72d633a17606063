using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Vault.Core.Access;

namespace Vault.Core.ForwardProxy;

/// <summary>
/// The tunnels that are open, WebSockets of callouts among them. A key that is revoked, expires or loses its app ends those that were opened with it,
/// within a second; so does a withdrawn grant those that went by it.
/// </summary>
public sealed partial class OpenTunnels(CallerResolver callers, TimeProvider time, ILogger<OpenTunnels> logger) : BackgroundService
{
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(1);
    private readonly ConcurrentDictionary<Tunnel, byte> _open = [];
    private readonly Lock _counting = new();
    private readonly Dictionary<Guid, int> _rawOfApp = [];
    private int _raw;

    private sealed class Tunnel(OpenTunnels all, string key, ConnectionKey known, Action end, Guid? app = null, Func<bool>? isWithdrawn = null) : IDisposable
    {
        private readonly Lock _ending = new();
        private Guid? _counted = app;
        private bool _isOver;

        public async ValueTask<bool> IsInForceAsync(CallerResolver callers, CancellationToken cancellationToken) =>
            isWithdrawn?.Invoke() is not true && await callers.PeekAsync(key, known, cancellationToken) is not null;

        public void End()
        {
            // What is ended may be in use by something else once it is over.
            lock (_ending)
            {
                all._open.TryRemove(this, out _);
                if (!_isOver)
                {
                    _isOver = true;
                    end();
                }
            }
        }

        // It counts for as long as it is held, whether its key ended it or not.
        public void Dispose()
        {
            lock (_ending)
            {
                _isOver = true;
            }

            all._open.TryRemove(this, out _);
            all.Uncount(_counted);
            _counted = null;
        }
    }

    /// <summary>How many unread tunnels one app may have open.</summary>
    public const int MostOfAnApp = 500;

    /// <summary>How many unread tunnels may be open in all.</summary>
    public const int Most = 5_000;

    /// <summary>How many.</summary>
    public int Count => _open.Count;

    /// <summary>Notes one; disposed of when the tunnel has ended.</summary>
    /// <param name="key">The key or token that it was opened with.</param>
    /// <param name="known">What its connection knows of it.</param>
    /// <param name="end">Ends it at once; called at most once.</param>
    /// <param name="isWithdrawn">Whether what it goes by was granted and is no more; null: it goes by the key alone.</param>
    public IDisposable Open(string key, ConnectionKey known, Action end, Func<bool>? isWithdrawn = null)
    {
        var tunnel = new Tunnel(this, key, known, end, isWithdrawn: isWithdrawn);
        _open[tunnel] = 0;
        return tunnel;
    }

    /// <summary>The same for an unread tunnel, of which there may be only so many; null: there are.</summary>
    /// <param name="app">Whose it is.</param>
    /// <param name="key">As above.</param>
    /// <param name="known">As above.</param>
    /// <param name="end">As above.</param>
    public IDisposable? TryOpen(Guid app, string key, ConnectionKey known, Action end)
    {
        lock (_counting)
        {
            var count = _rawOfApp.GetValueOrDefault(app);
            if (count >= MostOfAnApp || _raw >= Most)
            {
                return null;
            }

            _rawOfApp[app] = count + 1;
            _raw++;
        }

        var tunnel = new Tunnel(this, key, known, end, app);
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

    private void Uncount(Guid? app)
    {
        if (app is not { } counted)
        {
            return;
        }

        lock (_counting)
        {
            _raw--;
            if (--_rawOfApp[counted] == 0)
            {
                _rawOfApp.Remove(counted);
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
        catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
        {
            // A boundary: the others are looked at all the same. A key that nobody can judge counts as none.
            LogFailed(logger, exception.GetType().Name);
        }

        try
        {
            tunnel.End();
        }
        catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
        {
            // A boundary as well: whose end fails must not keep the others open.
            LogFailed(logger, exception.GetType().Name);
        }
    }

    [LoggerMessage(9102, LogLevel.Error, "The key of a tunnel or WebSocket could not be judged: {Fault}. It was ended.")]
    private static partial void LogFailed(ILogger logger, string fault);
}
