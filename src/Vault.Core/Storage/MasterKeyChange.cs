using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Vault.Core.Secrets;
using Vault.Core.Secrets.KeyRing;
using Vault.Core.Secrets.MasterKeys;
using Vault.Core.Storage.Rows;

namespace Vault.Core.Storage;

/// <summary>
/// Changes the master key: the ring, its check value and what the new provider gives to be kept, in one transaction. A vault that runs
/// meanwhile goes on with what it has in memory; the next start needs the new key. After <see cref="VaultStorageStart.OpenAsync"/>.
/// </summary>
public sealed class MasterKeyChange
{
    private readonly IMasterKeyProvider _current;
    private readonly MasterKey _masterKey;
    private readonly IntegrityKey _integrity;
    private readonly StartRows _rows;
    private readonly IDbContextFactory<VaultDbContext> _contexts;
    private readonly TimeProvider _time;

    internal MasterKeyChange(
        IMasterKeyProvider current, MasterKey masterKey, IntegrityKey integrity, StartRows rows, IDbContextFactory<VaultDbContext> contexts, TimeProvider time) =>
        (_current, _masterKey, _integrity, _rows, _contexts, _time) = (current, masterKey, integrity, rows, contexts, time);

    /// <summary>Changes it.</summary>
    /// <param name="next">The new provider; a key that it already has is taken, else it makes one.</param>
    /// <param name="cancellationToken">Until the transaction is committed.</param>
    /// <exception cref="VaultStartException">It could not be changed; the old one is in force.</exception>
    public async Task ChangeAsync(IMasterKeyProvider next, CancellationToken cancellationToken)
    {
        // 1. A key that can be found again, and is another one.
        var made = await next.FindAsync(kept: null, cancellationToken) is { } found ? new NewMasterKey(found, null) : await next.CreateAsync(cancellationToken);
        var again = await next.FindAsync(made.Kept, cancellationToken);
        if (again is null || !CryptographicOperations.FixedTimeEquals(again, made.Key))
        {
            throw new VaultStartException("The new master key could not be read back; nothing was changed.");
        }

        var checkValue = (await _rows.FactsAsync(cancellationToken)).Single(row => row.Name == MasterKeyFacts.CheckValue);
        if (MasterKeyFacts.IsOf(made.Key, checkValue))
        {
            throw new VaultStartException("The new master key (Vault:MasterKey:New) is the one that is in force; nothing was changed.");
        }

        // 2. Everything that hangs on it, in one transaction: before its commit the old one opens the vault, after it the new one.
        var successor = new MasterKey();
        successor.Set(made.Key);
        var facts = MasterKeyFacts.Of(made).ToList();
        facts.Add(PendingRecord.ToRow(_integrity, _time.GetUtcNow(), "master-key.changed", $"{_current.Name} to {next.Name}"));
        CryptographicOperations.ZeroMemory(made.Key);
        CryptographicOperations.ZeroMemory(again);
        await using var context = await _contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        if (await context.Facts.Where(row => row.Name == MasterKeyFacts.CheckValue && row.Value == checkValue.Value).ExecuteDeleteAsync(cancellationToken) != 1)
        {
            throw new VaultStartException("Somebody else is changing the master key; nothing was changed.");
        }

        await context.Facts.Where(row => row.Name == MasterKeyFacts.Kept).ExecuteDeleteAsync(cancellationToken);
        foreach (var row in await context.KeyRing.ToListAsync(cancellationToken))
        {
            row.Xml = Move(row, successor);
        }

        context.Facts.AddRange(facts);
        await context.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(CancellationToken.None);
    }

    private string Move(KeyRingRow row, MasterKey successor)
    {
        try
        {
            return RingKeyCipher.Move(row.Xml, _masterKey, successor);
        }
        catch (CryptographicException exception)
        {
            throw new VaultStartException("A key of the ring can't be decrypted with the master key; nothing was changed.", exception);
        }
    }
}
