using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.DataProtection;

namespace Vault.Core.Secrets.KeyRing;

/// <summary>A vault key as it is stored.</summary>
/// <param name="Id">Its id, which sealed records name.</param>
/// <param name="Purpose"><c>data</c> or <c>integrity</c>.</param>
/// <param name="Protected">The key, protected by Data Protection.</param>
/// <param name="CheckValue">Tells whether what was unprotected is the key.</param>
/// <param name="Canary">A known value and the key's generation, encrypted under the key: no database can say that another one is newer.</param>
/// <param name="IsActive">Whether new values are sealed under it; it has to be the newest.</param>
public sealed record StoredVaultKey(Guid Id, string Purpose, byte[] Protected, byte[] CheckValue, byte[] Canary, bool IsActive);

/// <summary>The vault keys in memory; loaded at start and when one is added, then read by everything that seals, opens or authenticates.</summary>
public sealed class VaultKeyRing(IDataProtectionProvider dataProtection)
{
    /// <summary>Purpose of keys that wrap data keys.</summary>
    public const string DataPurpose = "data";

    /// <summary>Purpose of the key that authenticates rows and key hashes.</summary>
    public const string IntegrityPurpose = "integrity";

    private const int NonceSize = 12;
    private const int TagSize = 16;
    private const int GenerationSize = 8;
    private const int MostMissing = 100;
    private readonly Lock _gate = new();
    private readonly Lock _reading = new();
    private readonly ConcurrentDictionary<Guid, bool> _missing = [];
    private volatile Loaded? _loaded;

    /// <summary>Reads the keys anew, where another process may have made one; asked once for each id that isn't known. Null: nobody else makes any.</summary>
    internal Func<IReadOnlyList<StoredVaultKey>>? Reread { get; set; }

    internal Guid ActiveId => InForce.Active;

    internal ReadOnlySpan<byte> IntegrityKey => InForce.Integrity;

    private Loaded InForce => _loaded ?? throw new InvalidOperationException("The vault keys were not loaded.");

    /// <summary>All keys, replaced whole: whoever reads the active id finds its key.</summary>
    internal sealed record Loaded(FrozenDictionary<Guid, byte[]> Keys, Guid Active, long Generation, byte[] Integrity, IReadOnlyList<StoredVaultKey> Stored);

    /// <summary>Makes a key, protected and ready to be stored: the active one of its purpose, newer than all that are in use.</summary>
    public StoredVaultKey Create(string purpose) => Create(purpose, _loaded);

    /// <summary>The same, newer than these.</summary>
    internal StoredVaultKey Create(string purpose, Loaded? before)
    {
        var id = Guid.NewGuid();
        var key = RandomNumberGenerator.GetBytes(32);
        var nonce = RandomNumberGenerator.GetBytes(NonceSize);
        byte[] text = [.. CanaryText(id), .. new byte[GenerationSize]];
        BinaryPrimitives.WriteInt64BigEndian(text.AsSpan(text.Length - GenerationSize), (before?.Generation ?? 0) + 1);
        var canary = new byte[NonceSize + text.Length + TagSize];
        nonce.CopyTo(canary, 0);
        using (var aes = new AesGcm(key, TagSize))
        {
            aes.Encrypt(nonce, text, canary.AsSpan(NonceSize, text.Length), canary.AsSpan(NonceSize + text.Length), CanaryAad);
        }

        var stored = new StoredVaultKey(id, purpose, Protector(id, purpose).Protect(key), KeyCheckValue.Of(key, id.ToString("N")), canary, IsActive: true);
        CryptographicOperations.ZeroMemory(key);
        return stored;
    }

    /// <summary>Opens every key and takes them into use, in place of those before.</summary>
    /// <exception cref="VaultStartException">A key is missing, can't be opened, or isn't what the others say it is.</exception>
    public void Load(IReadOnlyList<StoredVaultKey> stored) => Use(Read(stored));

    /// <summary>Opens every key; nothing is in use yet.</summary>
    /// <exception cref="VaultStartException">As for <see cref="Load"/>.</exception>
    internal Loaded Read(IReadOnlyList<StoredVaultKey> stored)
    {
        var data = new Dictionary<Guid, byte[]>();
        (Guid Id, long Generation) newest = (Guid.Empty, 0);
        byte[]? integrity = null;
        foreach (var key in stored)
        {
            var (bytes, generation) = Open(key);
            if (key.Purpose == IntegrityPurpose)
            {
                integrity = integrity is null ? bytes : throw new VaultStartException("The database has two integrity keys; restore it from a backup. Nothing was changed.");
                continue;
            }

            data.Add(key.Id, bytes);
            newest = generation == newest.Generation ? throw WrongActive() : generation > newest.Generation ? (key.Id, generation) : newest;
        }

        if (newest.Generation == 0 || integrity is null)
        {
            throw new VaultStartException("The database lacks a vault key; restore it from a backup.");
        }

        // The rows say it too, and nothing but the vault may have changed what they say.
        return stored.Where(key => key.Purpose != IntegrityPurpose).All(key => key.IsActive == (key.Id == newest.Id))
            ? new Loaded(data.ToFrozenDictionary(), newest.Id, newest.Generation, integrity, stored)
            : throw WrongActive();
    }

    /// <summary>Takes them into use, in place of those before, unless newer ones came into use since these were read; never fails.</summary>
    internal void Use(Loaded loaded)
    {
        lock (_gate)
        {
            _loaded = _loaded is { } current && current.Generation > loaded.Generation ? current : loaded;
        }

        // What is missing yet isn't asked for again, but there is room for others.
        if (_missing.Count >= MostMissing)
        {
            _missing.Clear();
        }
    }

    /// <summary>Whether all of these keys are in use.</summary>
    internal bool Knows(IEnumerable<Guid> ids) => ids.All(id => InForce.Stored.Any(key => key.Id == id));

    /// <summary>Whether the ring still opens every key and its canary; for the ready check.</summary>
    public bool OpensCanaries()
    {
        var stored = _loaded?.Stored ?? [];
        return stored.Count > 0 && stored.All(Opens);
    }

    /// <summary>Whether the ring opens this key, and the key its canary.</summary>
    public bool Opens(StoredVaultKey key)
    {
        try
        {
            CryptographicOperations.ZeroMemory(Open(key).Key);
            return true;
        }
        catch (VaultStartException)
        {
            return false;
        }
    }

    /// <summary>Whether <see cref="TryGet"/> answers from memory: the key is in use, or was asked for in vain.</summary>
    internal bool IsSettled(Guid id) => Reread is null || InForce.Keys.ContainsKey(id) || _missing.Count >= MostMissing || _missing.ContainsKey(id);

    /// <summary>Finds a key. Where another process may have made one it may read them anew, synchronously, which isn't for the thread of a socket.</summary>
    internal bool TryGet(Guid id, out byte[] key)
    {
        var found = InForce.Keys.TryGetValue(id, out var bytes) || (Reread is not null && TryReread(id, Reread, out bytes));
        key = bytes ?? [];
        return found;
    }

    // What was sealed a moment ago by a process that made a new key, before this one heard of it. An id that nobody knows is asked for once.
    private bool TryReread(Guid id, Func<IReadOnlyList<StoredVaultKey>> reread, out byte[]? key)
    {
        if (IsSettled(id))
        {
            // Nobody waits here for somebody who reads.
            return InForce.Keys.TryGetValue(id, out key);
        }

        lock (_reading)
        {
            if (!InForce.Keys.TryGetValue(id, out key) && !IsSettled(id))
            {
                Load(reread());
                if (!InForce.Keys.TryGetValue(id, out key))
                {
                    _missing.TryAdd(id, true);
                }
            }

            return key is not null;
        }
    }

    private static byte[] CanaryAad => Encoding.UTF8.GetBytes(CryptographicLabels.Canary);

    private static byte[] CanaryText(Guid id) => Encoding.ASCII.GetBytes("canary " + id.ToString("N"));

    private static VaultStartException WrongActive() => new(
        "The database doesn't name the newest vault key, and that alone, as the active one: something else than this vault changed it. Restore it from a backup; nothing was changed.");

    private (byte[] Key, long Generation) Open(StoredVaultKey stored)
    {
        try
        {
            // A revoked ring key must never cost data: vault keys stay readable, to be protected anew.
            var key = ((IPersistedDataProtector)Protector(stored.Id, stored.Purpose))
                .DangerousUnprotect(stored.Protected, ignoreRevocationErrors: true, out _, out _);
            if (key.Length != 32 || !CryptographicOperations.FixedTimeEquals(KeyCheckValue.Of(key, stored.Id.ToString("N")), stored.CheckValue))
            {
                throw new VaultStartException("A vault key doesn't match its check value; restore the database from a backup.");
            }

            // Keys made before keys had generations are the first one.
            var expected = CanaryText(stored.Id);
            var text = new byte[Math.Max(stored.Canary.Length - NonceSize - TagSize, 0)];
            if (text.Length != expected.Length && text.Length != expected.Length + GenerationSize)
            {
                throw new VaultStartException("The canary of a vault key is damaged; restore the database from a backup.");
            }

            using var aes = new AesGcm(key, TagSize);
            aes.Decrypt(stored.Canary.AsSpan(0, NonceSize), stored.Canary.AsSpan(NonceSize, text.Length), stored.Canary.AsSpan(NonceSize + text.Length), text, CanaryAad);
            return text.AsSpan(0, expected.Length).SequenceEqual(expected)
                ? (key, text.Length == expected.Length ? 1 : BinaryPrimitives.ReadInt64BigEndian(text.AsSpan(expected.Length)))
                : throw new VaultStartException("The canary of a vault key is damaged; restore the database from a backup.");
        }
        catch (CryptographicException exception)
        {
            throw new VaultStartException("A vault key can't be opened: the key ring or the master key is not the one that the database was made with.", exception);
        }
    }

    private IDataProtector Protector(Guid id, string purpose) =>
        dataProtection.CreateProtector(CryptographicLabels.VaultKeyPurpose, purpose, id.ToString("N"));
}
