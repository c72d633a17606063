using System.Collections.Concurrent;
using Xunit;

namespace Vault.Api.Tests.Replicas;

/// <summary>
/// Callouts through all replicas without a pause, and what became of each. What fails on a replica that was killed, or isn't back yet, isn't
/// counted: its callers wait until it is.
/// </summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
internal sealed class SteadyLoad : IAsyncDisposable
{
    private const int CallersOfEach = 2;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly ReplicaFixture _replicas;
    private readonly string _key;
    private readonly string _path;
    private readonly HttpClient[] _clients;
    private readonly TaskCompletionSource[] _up;
    private readonly int[] _answered;
    private readonly ConcurrentDictionary<string, string> _seen = new();
    private readonly ConcurrentQueue<string> _failures = new();
    private readonly CancellationTokenSource _end = new();
    private readonly Task _calling;
    private TaskCompletionSource _next = NewSource();

    public SteadyLoad(ReplicaFixture replicas, string key, string path)
    {
        (_replicas, _key, _path) = (replicas, key, path);
        _clients = replicas.Clients(key);
        _up = [.. _clients.Select(_ => NewSource())];
        Array.ForEach(_up, up => up.SetResult());
        _answered = new int[_clients.Length * CallersOfEach];
        _calling = Task.WhenAll(Enumerable.Range(0, _clients.Length * CallersOfEach).Select(caller => Task.Run(() => CallAsync(caller))));
    }

    /// <summary>The callouts whose answers came, by id: when, and from which replica.</summary>
    public IReadOnlyDictionary<string, string> Seen => _seen;

    /// <summary>What failed, and shouldn't have.</summary>
    public IReadOnlyCollection<string> Failures => _failures;

    /// <summary>Waits until each caller of these replicas has had so many answers more to callouts that were begun from now on.</summary>
    public async Task ProgressAsync(int more, params int[] replicas)
    {
        // The one that is under way at this moment doesn't count. Each caller by itself: one that is slow may be two tokens behind the others.
        var goals = Enumerable.Range(0, _answered.Length).Where(caller => replicas.Contains(ReplicaOf(caller)))
            .Select(caller => (caller, Goal: Volatile.Read(ref _answered[caller]) + 1 + more)).ToArray();
        while (true)
        {
            var next = Volatile.Read(ref _next);
            Assert.True(_failures.IsEmpty, string.Join('\n', _failures.Take(5)));
            if (Array.TrueForAll(goals, goal => Volatile.Read(ref _answered[goal.caller]) >= goal.Goal))
            {
                return;
            }

            await next.Task.WaitAsync(Limit);
        }
    }

    /// <summary><c>kill -9</c>.</summary>
    public async Task KillAsync(int replica)
    {
        _up[replica] = NewSource();
        await _replicas.Vaults[replica].KillAsync();
    }

    /// <summary>Starts it again.</summary>
    public async Task RestartAsync(int replica)
    {
        await _replicas.RestartAsync(replica);
        _clients[replica] = _replicas.Client(_replicas.Vaults[replica], _key);
        _up[replica].SetResult();
    }

    /// <summary>Ends when the last answer came.</summary>
    public async Task EndAsync()
    {
        await _end.CancelAsync();
        Array.ForEach(_up, up => up.TrySetResult());
        await _calling;
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        _end.Dispose();
    }

    /// <summary>The time, as it stands beside what was seen and what failed.</summary>
    public static string Now() => TimeProvider.System.GetUtcNow().ToString("mm:ss.fff", System.Globalization.CultureInfo.InvariantCulture);

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private int ReplicaOf(int caller) => caller % _clients.Length;

    private async Task CallAsync(int caller)
    {
        var replica = ReplicaOf(caller);
        while (!_end.IsCancellationRequested)
        {
            await _up[replica].Task;
            var client = _clients[replica];
            try
            {
                using var answer = await client.GetAsync(_path);
                var text = await answer.Content.ReadAsStringAsync();
                if (answer.IsSuccessStatusCode)
                {
                    _seen[answer.Headers.GetValues("X-Vault-Request-Id").Single()] = $"{Now()} replica {replica}";
                    Interlocked.Increment(ref _answered[caller]);
                }
                else
                {
                    _failures.Enqueue($"{Now()} replica {replica}: {(int)answer.StatusCode} {text}");
                }
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException && (!_up[replica].Task.IsCompleted || !ReferenceEquals(client, _clients[replica])))
            {
                // Under way on a replica that was killed.
            }
            catch (Exception exception)
            {
                _failures.Enqueue($"{Now()} replica {replica}: {exception}");
            }

            Interlocked.Exchange(ref _next, NewSource()).TrySetResult();
        }
    }
}
