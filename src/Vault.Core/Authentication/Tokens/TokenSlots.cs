using System.Collections.Concurrent;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Tokens;

/// <summary>The slots of all keys that were asked for, and those that were evicted while their sign-ins were under way.</summary>
internal sealed class TokenSlots(TimeProvider time)
{
    private const int Capacity = 10_000;
    private static readonly TimeSpan SlotRest = TimeSpan.FromMinutes(2);

    private readonly ConcurrentDictionary<TokenKey, TokenSlot> _slots = new();
    private readonly ConcurrentDictionary<TokenKey, Task<Result<TokenSet>>> _leaving = new();

    /// <summary>All of them.</summary>
    public IEnumerable<KeyValuePair<TokenKey, TokenSlot>> All => _slots;

    /// <summary>The sign-ins under way of slots that were evicted meanwhile.</summary>
    public IEnumerable<Task> Leaving => _leaving.Values;

    /// <summary>The slot of a key, made if there is none. It may be evicted before its lock is taken: then the next one is another.</summary>
    public TokenSlot Get(TokenKey key)
    {
        var slot = _slots.GetOrAdd(key, static (added, leaving) => new TokenSlot { After = leaving.GetValueOrDefault(added) }, _leaving);
        slot.LastUsed = time.GetTimestamp();
        return slot;
    }

    /// <summary>Gives up what is known in memory: of one external credential, or, null, of all.</summary>
    public void Evict(Guid? externalCredentialId)
    {
        foreach (var key in _slots.Keys)
        {
            if ((externalCredentialId is not null && key.ExternalCredentialId != externalCredentialId) || !_slots.TryGetValue(key, out var slot))
            {
                continue;
            }

            lock (slot.Gate)
            {
                if (slot.Unsaved is { } unsaved)
                {
                    // It is nowhere else. What changed may be about it, so it is saved with care, before anything is read.
                    slot.Unsaved = unsaved with { IsDisturbed = true };
                    slot.IsLoaded = false;
                    if (slot.Current is { } current)
                    {
                        slot.Retire(current, time.GetUtcNow());
                    }

                    // Read anew, if it is still in use.
                    slot.Previous = null;

                    continue;
                }

                if (slot.IsEvicted)
                {
                    continue;
                }

                // Before the slot is gone: whoever makes the next one has to find it.
                if (slot.Pending is { } pending)
                {
                    _leaving[key] = pending;
                    _ = pending.ContinueWith(
                        ended => _leaving.TryRemove(KeyValuePair.Create(key, ended)), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
                }

                slot.IsEvicted = true;
                _slots.TryRemove(KeyValuePair.Create(key, slot));
            }
        }
    }

    /// <summary>A slot that was evicted while its sign-in was under way couldn't save what came of it: the slot after it does.</summary>
    public void HandOn(TokenKey key, TokenSlot slot)
    {
        UnsavedToken? unsaved;
        lock (slot.Gate)
        {
            unsaved = slot.IsEvicted ? slot.Unsaved : null;
            slot.Unsaved = unsaved is null ? slot.Unsaved : null;
        }

        while (unsaved is not null)
        {
            var heir = Get(key);
            lock (heir.Gate)
            {
                if (!heir.IsEvicted)
                {
                    heir.Unsaved ??= unsaved with { IsDisturbed = true };
                    heir.LastRequest ??= slot.LastRequest;
                    return;
                }
            }
        }
    }

    /// <summary>Forgets what nobody uses, beyond a number: the store has every token. What was used a moment ago stays: somebody may be about to sign in with it.</summary>
    public void Forget()
    {
        foreach (var (key, slot) in _slots.OrderBy(entry => entry.Value.LastUsed).Take(_slots.Count - Capacity).Where(entry => time.GetElapsedTime(entry.Value.LastUsed) > SlotRest))
        {
            lock (slot.Gate)
            {
                if (slot is { Pending: null, Unsaved: null })
                {
                    slot.IsEvicted = true;
                    _slots.TryRemove(KeyValuePair.Create(key, slot));
                }
            }
        }
    }
}
