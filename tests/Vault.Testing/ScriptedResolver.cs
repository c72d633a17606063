using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Vault.Core.Egress;

namespace Vault.Testing;

/// <summary>DNS as a test wants it: names have the answers that they were given, one after the other, the last for good. Addresses are their own; nothing else is found.</summary>
public sealed class ScriptedResolver : IHostResolver
{
    private readonly ConcurrentDictionary<string, Script> _scripts = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentQueue<string> _lookups = new();

    private sealed class Script(Func<CancellationToken, Task<IReadOnlyList<IPAddress>>>[] answers)
    {
        private int _next = -1;

        public Task<IReadOnlyList<IPAddress>> Next(CancellationToken cancellationToken) =>
            answers[Math.Min(Interlocked.Increment(ref _next), answers.Length - 1)](cancellationToken);
    }

    /// <summary>Every name that was looked up, in order.</summary>
    public IReadOnlyList<string> Lookups => [.. _lookups];

    /// <summary>How often a name was looked up.</summary>
    public int Count(string host) => _lookups.Count(name => name.Equals(host, StringComparison.OrdinalIgnoreCase));

    /// <summary>The answers of a name; each is a list of addresses, joined by commas.</summary>
    public void Set(string host, params string[] answers) => _scripts[host] = new Script(
        [.. answers.Select(answer => (Func<CancellationToken, Task<IReadOnlyList<IPAddress>>>)(_ => Task.FromResult<IReadOnlyList<IPAddress>>(
            [.. answer.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(IPAddress.Parse)])))]);

    /// <summary>Answers by code.</summary>
    public void Set(string host, Func<CancellationToken, Task<IReadOnlyList<IPAddress>>> answer) => _scripts[host] = new Script([answer]);

    /// <inheritdoc />
    public Task<IReadOnlyList<IPAddress>> ResolveAsync(string host, CancellationToken cancellationToken)
    {
        _lookups.Enqueue(host);
        return _scripts.TryGetValue(host, out var script) ? script.Next(cancellationToken)
            : IPAddress.TryParse(host, out var address) ? Task.FromResult<IReadOnlyList<IPAddress>>([address])
            : throw new SocketException((int)SocketError.HostNotFound);
    }
}
