using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Vault.Core.Audit;
using Vault.Core.Secrets;
using Vault.Core.Secrets.KeyRing;
using Vault.Core.Secrets.MasterKeys;
using Vault.Core.Storage.Backups;
using Vault.Core.Storage.Rows;

namespace Vault.Core.Storage;

/// <summary>Everything that has to be true before the vault listens: one process, a current schema, the right keys.</summary>
public sealed class VaultStorageStart : IDisposable
{
    private readonly VaultStorageOptions _options;
    private readonly AuditOptions _audit;
    private readonly IVaultDatabase _database;
    private readonly IDbContextFactory<VaultDbContext> _contexts;
    private readonly StartRows _rows;
    private readonly IMasterKeyProvider _provider;
    private readonly MasterKey _masterKey;
    private readonly VaultKeyRing _vaultKeys;
    private readonly IKeyManager _ringKeys;
    private readonly SnapshotLoader _loader;
    private readonly TimeProvider _time;
    private readonly ISharedChanges? _shared;
    private DirectoryLock? _lock;
    private IDisposable? _alone;
    private IStartLock? _starting;

    internal VaultStorageStart(
        IOptions<VaultStorageOptions> options, AuditOptions audit, IVaultDatabase database, IDbContextFactory<VaultDbContext> contexts, StartRows rows, IMasterKeyProvider provider,
        MasterKey masterKey, VaultKeyRing vaultKeys, IKeyManager ringKeys, SnapshotLoader loader, TimeProvider time, ISharedChanges? shared)
    {
        _options = options.Value;
        _audit = audit;
        _database = database;
        _contexts = contexts;
        _rows = rows;
        _provider = provider;
        _masterKey = masterKey;
        _vaultKeys = vaultKeys;
        _ringKeys = ringKeys;
        _loader = loader;
        _time = time;
        _shared = shared;
    }

    /// <summary>
    /// (1) The data directory, for its owner alone, and the locks; (2) the schema; (3) the master key, checked; (4) the key ring
    /// and the vault keys, made if the vault is new; (5) what callouts are decided by, in memory.
    /// </summary>
    /// <exception cref="VaultStartException">The vault can't start; nothing was generated or changed where data was there before.</exception>
    public async Task InitializeAsync(CancellationToken cancellationToken)
    {
        PrepareDirectory();
        _lock = DirectoryLock.Take(_options.DataDirectory);
        if (Directory.Exists(Path.Combine(_options.DataDirectory, IRestorePlace.Unfinished)))
        {
            throw new VaultStartException($"A restore into {_options.DataDirectory} (Vault:DataDirectory) ended in the middle; run it again.");
        }

        RequireWritable(_audit.MarkPath);
        RequireWritable(_audit.CheckpointPath);
        try
        {
            using (var held = await _database.LockAsync(cancellationToken))
            {
                _starting = held;
                await MigrateAsync(cancellationToken);
                await LoadMasterKeyAsync(cancellationToken);
                await LoadVaultKeysAsync(cancellationToken);
                if (_shared is not null)
                {
                    await _shared.BeginAsync(cancellationToken);
                }
            }

            _starting = null;

            await _loader.LoadAsync(isKnown: false, cancellationToken);
        }
        catch (Exception exception) when (exception is not VaultStartException && StorageFaults.IsUnavailable(exception))
        {
            throw new VaultStartException($"The database can't be read or written: {_database.Place}: {StorageFaults.Reason(exception)}.", exception);
        }
    }

    /// <summary>Only reads: the keys of a vault that exists, which may be running. Nothing is made or changed.</summary>
    /// <exception cref="VaultStartException">There is no vault here, or its keys can't be opened.</exception>
    public async Task OpenAsync(CancellationToken cancellationToken)
    {
        await RequireVaultAsync(cancellationToken);
        await LoadMasterKeyAsync(cancellationToken);
        await LoadVaultKeysAsync(cancellationToken);
    }

    /// <summary>As <see cref="OpenAsync"/>, with no vault running on the database until this is disposed of.</summary>
    /// <exception cref="VaultStartException">There is no vault here, one runs, or its keys can't be opened.</exception>
    public async Task OpenAloneAsync(CancellationToken cancellationToken)
    {
        PrepareDirectory();
        _lock = DirectoryLock.Take(_options.DataDirectory);
        await RequireVaultAsync(cancellationToken);
        _alone = _database.TakeAlone(mayMake: false);
        await OpenAsync(cancellationToken);
    }

    /// <summary>Gives the data directory and the database free.</summary>
    public void Dispose()
    {
        _alone?.Dispose();
        _lock?.Dispose();
    }

    private async Task RequireVaultAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (!await _database.IsCurrentAsync(cancellationToken)
                || !(await _rows.FactsAsync(cancellationToken)).Any(row => row.Name == MasterKeyFacts.CheckValue) || (await _rows.VaultKeysAsync(cancellationToken)).Count == 0)
            {
                throw new VaultStartException($"There is no vault of this version in {_database.Place}.");
            }
        }
        catch (Exception exception) when (StorageFaults.IsUnavailable(exception))
        {
            throw new VaultStartException($"The database can't be read: {_database.Place}: {StorageFaults.Reason(exception)}.", exception);
        }
    }

    private void PrepareDirectory()
    {
        try
        {
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(_options.DataDirectory);
            }
            else
            {
                Directory.CreateDirectory(_options.DataDirectory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new VaultStartException($"The data directory {_options.DataDirectory} (Vault:DataDirectory) can't be made.", exception);
        }
    }

    // A vault that could never keep a record would start, and refuse every callout.
    private static void RequireWritable(string path)
    {
        try
        {
            File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite).Dispose();
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            // It is made with the first record.
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new VaultStartException($"The audit can't be written: {StorageFaults.Reason(exception)}. Let the user that the vault runs as read and write {path}.", exception);
        }
    }

    private async Task MigrateAsync(CancellationToken cancellationToken)
    {
        try
        {
            _alone = _database.TakeAlone(mayMake: true);
            await _database.MigrateAsync(cancellationToken);
        }
        catch (Exception exception) when (exception is not VaultStartException && StorageFaults.IsUnavailable(exception))
        {
            throw new VaultStartException($"The database can't be opened or brought up to date: {_database.Place}: {StorageFaults.Reason(exception)}.", exception);
        }
    }

    private async Task LoadMasterKeyAsync(CancellationToken cancellationToken)
    {
        var facts = await _rows.FactsAsync(cancellationToken);
        var fact = facts.SingleOrDefault(row => row.Name == MasterKeyFacts.CheckValue);
        var key = await _provider.FindAsync(facts.SingleOrDefault(row => row.Name == MasterKeyFacts.Kept)?.Value, cancellationToken);
        if (fact is null)
        {
            await using var context = await _contexts.CreateDbContextAsync(cancellationToken);
            if (await context.KeyRing.AnyAsync(cancellationToken) || await context.VaultKeys.AnyAsync(cancellationToken))
            {
                throw new VaultStartException("The database lacks the check value of its master key; restore it from a backup.");
            }

            // New, or a first start that ended here: a key that is already there is taken, else one is made.
            var made = key is null ? await _provider.CreateAsync(cancellationToken) : new NewMasterKey(key, null);
            key = made.Key;
            await RequireAloneAsync(cancellationToken);
            context.Facts.AddRange(MasterKeyFacts.Of(made));
            await context.SaveChangesAsync(cancellationToken);
        }
        else if (key is null)
        {
            throw new VaultStartException(
                $"The master key is missing (Vault:MasterKey, provider '{_provider.Name}'), and the database was made with one; put it back. Nothing was changed.");
        }
        else if (!MasterKeyFacts.IsOf(key, fact))
        {
            throw new VaultStartException($"The master key (Vault:MasterKey, provider '{_provider.Name}') is not the one that the database was made with. Nothing was changed.");
        }

        _masterKey.Set(key);
        CryptographicOperations.ZeroMemory(key);
    }

    private async Task LoadVaultKeysAsync(CancellationToken cancellationToken)
    {
        var rows = await _rows.VaultKeysAsync(cancellationToken);
        if (rows.Count == 0)
        {
            await using var context = await _contexts.CreateDbContextAsync(cancellationToken);
            if (await context.Secrets.AnyAsync(cancellationToken) || await context.Keys.AnyAsync(cancellationToken)
                || await context.ExternalCredentials.AnyAsync(cancellationToken))
            {
                throw new VaultStartException("The database lacks its vault keys; restore it from a backup. Nothing was changed.");
            }

            await RequireAloneAsync(cancellationToken);
            await LeaveSocketThread();
            EnsureRingKey();
            rows = await MakeVaultKeysAsync(context, cancellationToken);
        }

        await LeaveSocketThread();
        _vaultKeys.Load([.. rows.Select(StoredVaultKeys.Of)]);
        if (_shared is not null)
        {
            _vaultKeys.Reread = () => [.. _rows.VaultKeys().Select(StoredVaultKeys.Of)];
        }
    }

    // A process that loses the lock between two looks must not make them a second time: what decides is the transaction that writes them.
    private async Task<List<VaultKeyRow>> MakeVaultKeysAsync(VaultDbContext context, CancellationToken cancellationToken)
    {
        // Before the transaction: the first key takes a busy machine longer than a transaction may be idle.
        List<VaultKeyRow> made =
            [.. new[] { VaultKeyRing.DataPurpose, VaultKeyRing.IntegrityPurpose }.Select(purpose => StoredVaultKeys.ToRow(_vaultKeys.Create(purpose), _time.GetUtcNow()))];
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        await _database.ReserveVaultKeysAsync(context, cancellationToken);
        var rows = await context.VaultKeys.AsNoTracking().ToListAsync(cancellationToken);
        if (rows.Count > 0)
        {
            return rows;
        }

        context.VaultKeys.AddRange(made);
        await context.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return made;
    }

    // The ring of Data Protection is read synchronously. On the thread that reports what sockets received (Vault:InlineSockets), that
    // would wait for itself until the database's patience ends.
    private static YieldAwaitable LeaveSocketThread() => Task.Yield();

    private Task RequireAloneAsync(CancellationToken cancellationToken) => _starting?.RequireAsync(cancellationToken) ?? Task.CompletedTask;

    // Data Protection must never make a key by itself: under a wrong master key that would be silent.
    private void EnsureRingKey()
    {
        var now = _time.GetUtcNow();
        if (!_ringKeys.GetAllKeys().Any(key => !key.IsRevoked && key.ActivationDate <= now && key.ExpirationDate > now))
        {
            // Vault keys are all that it protects, and they are read whatever the age of their key.
            _ringKeys.CreateNewKey(now, now.AddYears(10));
        }
    }
}
