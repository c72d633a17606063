using System.Diagnostics.CodeAnalysis;

namespace Vault.Core.Primitives;

/// <summary>What was used last, by its key: bounded, and what wasn't used for longest goes first. For any number of threads.</summary>
/// <typeparam name="TValue">What is kept.</typeparam>
/// <param name="capacity">How many of those used last are kept for certain; there are twice as many at most.</param>
internal sealed class Recent<TValue>(int capacity)
    where TValue : class
{
    private readonly Lock _lock = new();

    // What was used since the last time that there were too many, and what was used before it.
    private Dictionary<string, TValue> _new = new(StringComparer.Ordinal);
    private Dictionary<string, TValue> _old = new(StringComparer.Ordinal);

    /// <summary>Uses what is there.</summary>
    public bool TryGet(string key, [NotNullWhen(true)] out TValue? value)
    {
        lock (_lock)
        {
            value = Use(key);
            return value is not null;
        }
    }

    /// <summary>Uses what is there, or what takes its place.</summary>
    public TValue GetOrAdd(string key, Func<TValue> make)
    {
        lock (_lock)
        {
            return Use(key) ?? Put(key, make());
        }
    }

    /// <summary>Puts it in the place of what is there.</summary>
    public void Set(string key, TValue value)
    {
        lock (_lock)
        {
            Put(key, value);
        }
    }

    /// <summary>Forgets it, where it is what is there; null: whatever is.</summary>
    public void Remove(string key, TValue? value = null)
    {
        lock (_lock)
        {
            if (Use(key) is { } found && (value is null || ReferenceEquals(found, value)))
            {
                _new.Remove(key);
            }
        }
    }

    private TValue? Use(string key) => _new.TryGetValue(key, out var value) ? value : _old.TryGetValue(key, out value) ? Put(key, value) : null;

    private TValue Put(string key, TValue value)
    {
        if (_new.Count >= capacity && !_new.ContainsKey(key))
        {
            (_old, _new) = (_new, new Dictionary<string, TValue>(StringComparer.Ordinal));
        }

        _old.Remove(key);
        return _new[key] = value;
    }
}
