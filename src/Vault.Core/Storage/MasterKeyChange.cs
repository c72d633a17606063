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
        // 3. Everything is computed and prepared before; while the lock to write is held, callouts wait to record.
        await using var context = await _contexts.CreateDbContextAsync(cancellationToken);
        await context.Database.OpenConnectionAsync(cancellationToken);
        var connection = context.Database.GetDbConnection();
        var ring = await context.KeyRing.AsNoTracking().OrderBy(row => row.Id).ToListAsync(cancellationToken);
        var moved = ring.ConvertAll(row => Move(row, successor));
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var isOurs = await ExecuteAsync("DELETE FROM facts WHERE \"Name\" = @p0 AND \"Value\" = @p1", MasterKeyFacts.CheckValue, checkValue.Value) == 1;
        await ExecuteAsync("DELETE FROM facts WHERE \"Name\" = @p0", MasterKeyFacts.Kept);
        for (var at = 0; at < ring.Count; at++)
        {
            isOurs &= await ExecuteAsync("UPDATE key_ring SET \"Xml\" = @p0 WHERE \"Id\" = @p1 AND \"Xml\" = @p2", moved[at], ring[at].Id, ring[at].Xml) == 1;
        }

        // A row that was added since would stay under the old key.
        isOurs &= await ExecuteAsync("UPDATE key_ring SET \"Id\" = \"Id\"") == ring.Count;
        if (!isOurs)
        {
            throw new VaultStartException("Somebody else is changing the master key or the key ring; nothing was changed.");
        }

        foreach (var fact in facts)
        {
            await ExecuteAsync("INSERT INTO facts (\"Name\", \"Value\") VALUES (@p0, @p1)", fact.Name, fact.Value);
        }

        await transaction.CommitAsync(CancellationToken.None);

        async Task<int> ExecuteAsync(string sql, params object[] values)
        {
            await using var command = connection.CreateCommand();
            command.Transaction = transaction;
#pragma warning disable CA2100 // The statements above.
            command.CommandText = sql;
#pragma warning restore CA2100
            for (var at = 0; at < values.Length; at++)
            {
                var parameter = command.CreateParameter();
                (parameter.ParameterName, parameter.Value) = ($"@p{at}", values[at]);
                command.Parameters.Add(parameter);
            }

            return await command.ExecuteNonQueryAsync(cancellationToken);
        }
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
