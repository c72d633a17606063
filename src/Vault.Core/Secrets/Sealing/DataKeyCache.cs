using System.Security.Cryptography;

namespace Vault.Core.Secrets.Sealing;

/// <summary>
/// Data keys that were unwrapped lately: bounded, 15 minutes each, zeroed when they go. Keys are copied in and out under the
/// lock, so that none is zeroed while it is in use.
/// </summary>
internal sealed class DataKeyCache(TimeProvider time, int capacity)
{
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(15);
    private readonly Lock _gate = new();
    private readonly Dictionary<UInt128, (byte[] Key, long Added)> _keys = [];
    private readonly Queue<UInt128> _order = new();

    /// <summary>Copies a key out.</summary>
    public bool TryGet(UInt128 id, Span<byte> key)
    {
        lock (_gate)
        {
            if (!_keys.TryGetValue(id, out var entry))
            {
                return false;
            }

            if (time.GetElapsedTime(entry.Added) >= Life)
            {
                Remove(id);
                return false;
            }

            entry.Key.CopyTo(key);
            return true;
        }
    }

    /// <summary>Copies a key in.</summary>
    public void Add(UInt128 id, ReadOnlySpan<byte> key)
    {
        lock (_gate)
        {
            if (_keys.ContainsKey(id))
            {
                return;
            }

            while (_order.Count >= capacity)
            {
                Remove(_order.Dequeue());
            }

            _keys.Add(id, (key.ToArray(), time.GetTimestamp()));
            _order.Enqueue(id);
        }
    }

    private void Remove(UInt128 id)
    {
        if (_keys.Remove(id, out var entry))
        {
            CryptographicOperations.ZeroMemory(entry.Key);
        }
    }
}
