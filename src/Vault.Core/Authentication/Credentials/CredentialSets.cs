using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Vault.Core.Authentication.SecretSources;
using Vault.Core.Secrets;

namespace Vault.Core.Authentication.Credentials;

/// <summary>
/// Loads parameters on first use and keeps them, sealed, for 15 minutes: bounded, so that a callout of what was used before
/// touches no database; values that references led to are kept as long as their source allows. Callers that come at once share one load.
/// </summary>
public sealed partial class CredentialSets(
    ICredentialStore store, ReferencedParameters references, SecretSealer sealer, TimeProvider time, ILogger<CredentialSets> logger)
{
    private const int Capacity = 50_000;
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan StaleLife = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan StalePatience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan RefusedLife = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan RetiredLife = TimeSpan.FromHours(24);

    private readonly ConcurrentDictionary<Key, Entry> _entries = new();

    // Counting the dictionary's own way locks all of it.
    private int _count;

    /// <summary>Whose parameters.</summary>
    private readonly record struct Key(Guid ExternalCredentialId, Guid PrincipalId, string User);

    /// <summary>A load, to come, under way or done.</summary>
    private sealed class Entry
    {
        public Entry(byte[] binding, long added, Func<Entry, Task<CredentialSet>> load)
        {
            (Binding, Added) = (binding, added);
            Load = new Lazy<Task<CredentialSet>>(() => Task.Run(() => load(this)));
        }

        /// <summary>Under which definition it was made.</summary>
        public byte[] Binding { get; }

        public long Added { get; }

        public Lazy<Task<CredentialSet>> Load { get; }

        /// <summary>How long it is good.</summary>
        public TimeSpan Life { get; set; } = CredentialSets.Life;
    }

    /// <summary>The parameters of a principal and user.</summary>
    public ValueTask<CredentialSet> GetAsync(BoundCredential credential, Guid principalId, string user, CancellationToken cancellationToken)
    {
        var key = new Key(credential.Definition.Id, principalId, user);
        var found = _entries.TryGetValue(key, out var old) ? old : null;
        var entry = found is not null && IsUsable(found, credential) ? found : Put(key, found, credential);
        var load = entry.Load.Value;
        return load.IsCompletedSuccessfully ? ValueTask.FromResult(load.Result) : new ValueTask<CredentialSet>(load.WaitAsync(cancellationToken));
    }

    /// <summary>Forgets the parameters of an external credential; a load that is under way is not kept.</summary>
    public void Evict(Guid externalCredentialId)
    {
        foreach (var key in _entries.Keys)
        {
            if (key.ExternalCredentialId == externalCredentialId)
            {
                Remove(key);
            }
        }
    }

    /// <summary>Forgets everything.</summary>
    public void EvictAll()
    {
        foreach (var key in _entries.Keys)
        {
            Remove(key);
        }
    }

    // Those that are over go, and as many others as it takes: they are read again when they are used.
    private void MakeRoom()
    {
        var others = Capacity / 10;
        foreach (var (key, entry) in _entries)
        {
            if (time.GetElapsedTime(entry.Added) >= entry.Life || others-- > 0)
            {
                Remove(key);
            }
        }
    }

    private void Remove(Key key)
    {
        if (_entries.TryRemove(key, out _))
        {
            Interlocked.Decrement(ref _count);
        }
    }

    // The entry is in its place before its load begins: an eviction that comes in between takes it away, so that what was read
    // before the eviction is never kept after it.
    private Entry Put(Key key, Entry? old, BoundCredential credential)
    {
        if (Volatile.Read(ref _count) >= Capacity)
        {
            MakeRoom();
        }

        var before = old is { Load: { IsValueCreated: true, Value: { IsCompletedSuccessfully: true } loaded } } && old.Binding.AsSpan().SequenceEqual(credential.Binding)
            && !loaded.Result.IsOvertaken ? loaded.Result : null;
        var fresh = new Entry(credential.Binding, time.GetTimestamp(), entry => LoadAsync(entry, credential, key, before));
        if (old is null ? _entries.TryAdd(key, fresh) : _entries.TryUpdate(key, fresh, old))
        {
            if (old is null)
            {
                Interlocked.Increment(ref _count);
            }

            return fresh;
        }

        // Someone else was first. If theirs is of another definition, this caller reads for itself alone.
        return _entries.TryGetValue(key, out var theirs) && IsUsable(theirs, credential) ? theirs : fresh;
    }

    private bool IsUsable(Entry entry, BoundCredential credential) =>
        time.GetElapsedTime(entry.Added) < entry.Life
        && !(entry.Load.IsValueCreated && entry.Load.Value.IsCompleted && !(entry.Load.Value.IsCompletedSuccessfully && IsCurrent(entry.Load.Value.Result)))
        && entry.Binding.AsSpan().SequenceEqual(credential.Binding);

    // What references lead to is asked for anew where a service refused it, though not by every callout.
    private bool IsCurrent(CredentialSet set) =>
        set.UsableFor is not { } life || (time.GetElapsedTime(set.FollowedAt) is var age && age < life && !(set.IsRefused && age >= RefusedLife));

    // Not cancelled with the caller who began it: others wait for it too.
    private async Task<CredentialSet> LoadAsync(Entry entry, BoundCredential credential, Key key, CredentialSet? before)
    {
        using var limit = before is null ? null : new CancellationTokenSource(StalePatience, time);
        IReadOnlyList<SealedParameter> stored;
        try
        {
            stored = await store.LoadAsync(key.ExternalCredentialId, key.PrincipalId, key.User, time.GetUtcNow() - RetiredLife, limit?.Token ?? CancellationToken.None);
        }
        catch (Exception exception) when (before is not null && (exception is OperationCanceledException || store.IsUnavailable(exception)))
        {
            // The store is away. What was read last is what is in force, as far as this process knows: a change would have evicted it. Asked
            // again soon; how long callouts go on so is bounded by whether they can be recorded.
            LogStale(logger, credential.Definition.Name.Value, exception.GetType().Name);
            entry.Life = StaleLife;
            stored = before.Stored;
        }

        if (!ReferenceEquals(stored, before?.Stored) && await IsOvertakenAsync(credential, key, stored, limit?.Token ?? CancellationToken.None))
        {
            return new CredentialSet(sealer, credential, key.PrincipalId, key.User, []) { IsOvertaken = true, UsableFor = TimeSpan.Zero };
        }

        var followed = await references.FollowAsync(
            stored, parameter => CredentialSet.PlaceOf(credential, key.PrincipalId, key.User, parameter), before is { IsRefused: true } ? RefusedLife : null);
        return new CredentialSet(sealer, credential, key.PrincipalId, key.User, followed.Parameters, followed.Failures)
        {
            Stored = stored,
            UsableFor = followed.UsableFor,
            FollowedAt = time.GetTimestamp(),
        };
    }

    // What was read can't be opened: because it is damaged, or because a change sealed it to another version, which is about to be in force.
    private async Task<bool> IsOvertakenAsync(BoundCredential credential, Key key, IReadOnlyList<SealedParameter> stored, CancellationToken cancellationToken)
    {
        foreach (var parameter in stored)
        {
            if (parameter.RetiredAt is null)
            {
                var opened = sealer.Open(CredentialSet.PlaceOf(credential, key.PrincipalId, key.User, parameter), parameter.Sealed);
                if (!opened.IsOk)
                {
                    return await IsOfAnotherVersionAsync(credential, cancellationToken);
                }

                opened.Value.Dispose();
            }
        }

        return false;
    }

    private async Task<bool> IsOfAnotherVersionAsync(BoundCredential credential, CancellationToken cancellationToken)
    {
        try
        {
            return await store.VersionOfAsync(credential.Definition.Id, cancellationToken) is { } version && version != credential.Definition.Version;
        }
        catch (Exception exception) when (exception is OperationCanceledException || store.IsUnavailable(exception))
        {
            // Nobody knows yet: it is asked anew.
            return true;
        }
    }

    [LoggerMessage(4006, LogLevel.Warning, "The parameters of the external credential {Credential} could not be read ({Fault}): callouts go on by those that were read last.")]
    private static partial void LogStale(ILogger logger, string credential, string fault);
}
