namespace Vault.Core.Secrets.Sealing;

/// <summary>Data keys that were unwrapped lately: bounded, 15 minutes each whether or not anybody asks for them again, zeroed when they go.</summary>
internal sealed class DataKeyCache : IDisposable
{
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan Sweep = TimeSpan.FromMinutes(1);
    private readonly TimeProvider _time;
    private readonly int _capacity;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private readonly Dictionary<UInt128, DataKey> _keys = [];

    // The oldest first; what went before its turn still stands here, and is passed over.
    private readonly Queue<(UInt128 Id, DataKey Key)> _order = new();

    /// <summary>Sweeps once a minute until it is disposed.</summary>
    public DataKeyCache(TimeProvider time, int capacity)
    {
        (_time, _capacity) = (time, capacity);
        _timer = time.CreateTimer(static state => ((DataKeyCache)state!).DropOld(), this, Sweep, Sweep);
    }

    /// <summary>The key; null where it isn't there, or was there for too long.</summary>
    public DataKey? Find(UInt128 id)
    {
        lock (_gate)
        {
            return _keys.TryGetValue(id, out var key) && IsUsable(key) ? key : null;
        }
    }

    /// <summary>Whether a key that was found before is still to be used.</summary>
    public bool IsUsable(DataKey key) => !key.IsGone && _time.GetElapsedTime(key.Added) < Life;

    /// <summary>Takes a key in; the one that was there already, if there was.</summary>
    public DataKey Add(UInt128 id, DataKey key)
    {
        lock (_gate)
        {
            if (_keys.TryGetValue(id, out var known))
            {
                if (IsUsable(known))
                {
                    return known;
                }

                _keys.Remove(id);
                known.Dispose();
            }

            while (_order.Count >= _capacity)
            {
                DropOldest();
            }

            var added = key.Copy(_time.GetTimestamp());
            _keys.Add(id, added);
            _order.Enqueue((id, added));
            return added;
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _timer.Dispose();
        lock (_gate)
        {
            while (_order.Count > 0)
            {
                DropOldest();
            }
        }
    }

    private void DropOld()
    {
        lock (_gate)
        {
            // A sweep early rather than late: nothing outlives its time between two of them.
            while (_order.TryPeek(out var oldest) && (oldest.Key.IsGone || _time.GetElapsedTime(oldest.Key.Added) > Life - Sweep))
            {
                DropOldest();
            }
        }
    }

    private void DropOldest()
    {
        var (id, key) = _order.Dequeue();
        if (_keys.TryGetValue(id, out var current) && ReferenceEquals(current, key))
        {
            _keys.Remove(id);
        }

        key.Dispose();
    }
}
