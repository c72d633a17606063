namespace Vault.Core.Secrets.Sealing;

/// <summary>Data keys that were unwrapped lately: bounded, 15 minutes each, zeroed when they go.</summary>
internal sealed class DataKeyCache(TimeProvider time, int capacity)
{
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(15);
    private readonly Lock _gate = new();
    private readonly Dictionary<UInt128, DataKey> _keys = [];
    private readonly Queue<UInt128> _order = new();

    /// <summary>The key; null where it isn't there, or was there for too long.</summary>
    public DataKey? Find(UInt128 id)
    {
        lock (_gate)
        {
            if (!_keys.TryGetValue(id, out var key) || IsUsable(key))
            {
                return key;
            }

            Remove(id);
            return null;
        }
    }

    /// <summary>Whether a key that was found before is still to be used.</summary>
    public bool IsUsable(DataKey key) => !key.IsGone && time.GetElapsedTime(key.Added) < Life;

    /// <summary>Takes a key in; the one that was there already, if there was.</summary>
    public DataKey Add(UInt128 id, DataKey key)
    {
        lock (_gate)
        {
            if (_keys.TryGetValue(id, out var known))
            {
                return known;
            }

            while (_order.Count >= capacity)
            {
                Remove(_order.Dequeue());
            }

            var added = key.Copy(time.GetTimestamp());
            _keys.Add(id, added);
            _order.Enqueue(id);
            return added;
        }
    }

    private void Remove(UInt128 id)
    {
        if (_keys.Remove(id, out var key))
        {
            key.Dispose();
        }
    }
}
