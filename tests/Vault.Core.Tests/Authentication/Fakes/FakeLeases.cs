using System.Collections.Concurrent;
using Vault.Core.Authentication.Tokens;

namespace Vault.Core.Tests.Authentication.Fakes;

/// <summary>Leases of processes that share a store; a test may take them away.</summary>
internal sealed class FakeLeases : ITokenLeases
{
    private readonly ConcurrentDictionary<TokenKey, Guid> _held = new();

    public void LoseAll() => _held.Clear();

    public Task<ITokenLease?> TryTakeAsync(TokenKey key, CancellationToken cancellationToken)
    {
        var take = Guid.NewGuid();
        return Task.FromResult<ITokenLease?>(_held.TryAdd(key, take) ? new Lease(this, key, take) : null);
    }

    private sealed class Lease(FakeLeases leases, TokenKey key, Guid take) : ITokenLease
    {
        public string Account => key.ToString();

        public Guid Take => take;

        public bool IsAbandoned { get; set; }

        public Task<bool> RenewAsync(CancellationToken cancellationToken) => Task.FromResult(leases._held.TryGetValue(key, out var held) && held == take);

        public ValueTask DisposeAsync()
        {
            leases._held.TryRemove(KeyValuePair.Create(key, take));
            return ValueTask.CompletedTask;
        }
    }
}
