using System.Collections.Concurrent;
using Vault.Core.Secrets;

namespace Vault.Core.Authentication.Credentials;

/// <summary>
/// Loads parameters on first use and keeps them, sealed, for 15 minutes: bounded, so that a callout of what was used before
/// touches no database. Callers that come at once share one load.
/// </summary>
public sealed class CredentialSets(ICredentialStore store, SecretSealer sealer, TimeProvider time)
{
    private const int Capacity = 10_000;
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan RetiredLife = TimeSpan.FromHours(24);

    private readonly ConcurrentDictionary<Key, Entry> _entries = new();

    /// <summary>Whose parameters.</summary>
    private readonly record struct Key(Guid ExternalCredentialId, Guid PrincipalId, string User);

    /// <summary>A load, under way or done; <paramref name="Binding"/> tells under which definition it was made.</summary>
    private sealed record Entry(Task<CredentialSet> Load, byte[] Binding, long Added);

    /// <summary>The parameters of a principal and user.</summary>
    public async ValueTask<CredentialSet> GetAsync(BoundCredential credential, Guid principalId, string user, CancellationToken cancellationToken)
    {
        var key = new Key(credential.Definition.Id, principalId, user);
        if (!_entries.TryGetValue(key, out var entry) || !IsUsable(entry, credential))
        {
            if (_entries.Count >= Capacity)
            {
                // Rare and cheap to fill again; what matters is that it stays bounded.
                _entries.Clear();
            }

            entry = new Entry(LoadAsync(credential, key), credential.Binding, time.GetTimestamp());
            _entries[key] = entry;
        }

        return await entry.Load.WaitAsync(cancellationToken);
    }

    /// <summary>Forgets the parameters of an external credential; a load that is under way is not kept.</summary>
    public void Evict(Guid externalCredentialId)
    {
        foreach (var key in _entries.Keys)
        {
            if (key.ExternalCredentialId == externalCredentialId)
            {
                _entries.TryRemove(key, out _);
            }
        }
    }

    private bool IsUsable(Entry entry, BoundCredential credential) =>
        time.GetElapsedTime(entry.Added) < Life
        && !entry.Load.IsFaulted
        && entry.Binding.AsSpan().SequenceEqual(credential.Binding);

    // Not cancelled with the caller who began it: others wait for it too.
    private async Task<CredentialSet> LoadAsync(BoundCredential credential, Key key) => new(
        sealer, credential, key.PrincipalId, key.User,
        await store.LoadAsync(key.ExternalCredentialId, key.PrincipalId, key.User, time.GetUtcNow() - RetiredLife, CancellationToken.None));
}
