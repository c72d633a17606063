using System.Collections.Concurrent;

namespace Vault.Core.Access;

/// <summary>When keys were last used; kept in memory and written from time to time, so that no callout waits for it.</summary>
public sealed class KeyUsage
{
    private readonly ConcurrentDictionary<string, DateTimeOffset> _used = new(StringComparer.Ordinal);

    /// <summary>Notes a use.</summary>
    public void Note(string keyId, DateTimeOffset at)
    {
        // To the second is enough, and spares a write for each callout.
        if (!_used.TryGetValue(keyId, out var last) || (at - last).Duration() >= TimeSpan.FromSeconds(1))
        {
            _used[keyId] = at;
        }
    }

    /// <summary>The last use since the last <see cref="Take"/>, or null.</summary>
    public DateTimeOffset? Find(string keyId) => _used.TryGetValue(keyId, out var at) ? at : null;

    /// <summary>What was noted so far.</summary>
    public IReadOnlyList<KeyValuePair<string, DateTimeOffset>> Take() => [.. _used];
}
