using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Vault.Core.Administration.Secrets;
using Vault.Core.Audit;
using Vault.Core.Authentication.Credentials;
using Vault.Core.Authentication.Tokens;
using Vault.Core.Secrets;
using Vault.Core.Storage;
using Vault.Core.Storage.Codec;
using Vault.Core.Storage.Rows;

namespace Vault.Core.Administration.Transfer;

/// <summary>How many rows of a table were copied, and opened in the copy.</summary>
public sealed record CopiedTable(string Table, long Rows);

/// <summary>
/// Copies a vault into an empty database of another kind, in one transaction. It is committed only if every table has as many rows as
/// before and every record could be opened where it is now: definitions, apps, keys and grants by their MACs, secrets and tokens by
/// unsealing them, the audit along its chain. Everything stays sealed under the same keys.
/// </summary>
public sealed class DatabaseCopy(
    IDbContextFactory<VaultDbContext> source, DefinitionCodec definitions, AccessCodec access, CredentialBinder binder, SecretSealer sealer, AuditChain chain)
{
    private const int AtOnce = 500;

    /// <summary>Copies; the keys are loaded, and no vault runs on either database.</summary>
    /// <param name="target">Migrated.</param>
    /// <param name="cancellationToken">Of the command.</param>
    /// <exception cref="VaultStartException">The target isn't empty, or a record can't be opened; nothing was copied.</exception>
    public async Task<IReadOnlyList<CopiedTable>> CopyAsync(VaultDbContext target, CancellationToken cancellationToken)
    {
        // One moment of it, and nobody writes to it meanwhile, from whatever directory.
        await using var from = await source.CreateDbContextAsync(cancellationToken);
        await using var moment = await from.Database.BeginTransactionAsync(cancellationToken);
        await using var transaction = await target.Database.BeginTransactionAsync(cancellationToken);

        // Nobody waits for this one.
        await target.Database.ExecuteSqlRawAsync("SET LOCAL idle_in_transaction_session_timeout = 0", cancellationToken);
        if (await target.VaultKeys.AnyAsync(cancellationToken) || await target.Facts.AnyAsync(cancellationToken) || await target.Audit.AnyAsync(cancellationToken)
            || await target.ExternalCredentials.AnyAsync(cancellationToken) || await target.Apps.AnyAsync(cancellationToken) || await target.Keys.AnyAsync(cancellationToken))
        {
            throw new VaultStartException("The database to copy to isn't empty; nothing was copied.");
        }

        // Consents that are under way last ten minutes; they are asked for anew.
        var bound = new Dictionary<Guid, BoundCredential>();
        var current = "";
        CopiedTable[] copied =
        [
            await CopyAsync<VaultFactRow>("facts", _ => true),
            await CopyAsync<KeyRingRow>("key_ring", _ => true),
            await CopyAsync<VaultKeyRow>("vault_keys", _ => true),
            await CopyAsync<ExternalCredentialRow>("external_credentials", row => Bind(row, bound)),
            await CopyAsync<NamedCredentialRow>("named_credentials", row => definitions.Read(row) is not null),
            await CopyAsync<AppRow>("apps", row => access.Read(row) is not null),
            await CopyAsync<KeyRow>("keys", row => access.Read(row) is not null),
            await CopyAsync<GrantRow>("grants", row => access.Read(row) is not null),
            await CopyAsync<SecretRow>("secrets", row => Opens(row, bound)),
            await CopyAsync<TokenRow>("tokens", row => Opens(row, bound)),
            await CopyAsync<OperationRow>("operations", _ => true),
            await CopyAsync<AuditRow>("audit", _ => true),
        ];
        await VerifyAuditAsync(target, cancellationToken);
        await target.Database.ExecuteSqlRawAsync("SELECT setval(pg_get_serial_sequence('key_ring', 'Id'), COALESCE(MAX(\"Id\"), 1)) FROM key_ring", cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return copied;

        async Task<CopiedTable> CopyAsync<T>(string table, Func<T, bool> opens)
            where T : class
        {
            var rows = 0L;
            current = table;
            await foreach (var row in from.Set<T>().AsNoTracking().AsAsyncEnumerable().WithCancellation(cancellationToken))
            {
                target.Add(row);
                if (++rows % AtOnce == 0)
                {
                    await SaveAsync();
                }
            }

            await SaveAsync();
            var opened = 0L;
            await foreach (var row in target.Set<T>().AsNoTracking().AsAsyncEnumerable().WithCancellation(cancellationToken))
            {
                if (!opens(row))
                {
                    var key = target.Entry(row).Metadata.FindPrimaryKey()?.Properties.Select(property => property.PropertyInfo?.GetValue(row));
                    throw new VaultStartException($"The record {string.Join('/', key ?? [])} of {table} can't be opened; nothing was copied.");
                }

                opened++;
            }

            return opened == rows ? new CopiedTable(table, rows)
                : throw new VaultStartException($"Of {rows} records of {table} the copy has {opened}; nothing was copied.");
        }

        async Task SaveAsync()
        {
            try
            {
                await target.SaveChangesAsync(cancellationToken);
                target.ChangeTracker.Clear();
            }
            catch (DbUpdateException exception) when (exception.InnerException is DbException { SqlState: ['2', '2' or '3', ..] } refused)
            {
                throw new VaultStartException($"A record of {current} can't be kept there: {refused.Message}; nothing was copied.", exception);
            }
        }
    }

    private bool Bind(ExternalCredentialRow row, Dictionary<Guid, BoundCredential> bound)
    {
        if (definitions.Read(row) is not { } definition || binder.Bind(definition) is not { IsOk: true } result)
        {
            return false;
        }

        bound[row.Id] = result.Value;
        return true;
    }

    private bool Opens(SecretRow row, Dictionary<Guid, BoundCredential> bound)
    {
        // What was replaced may be sealed to settings of before: it opens there or not at all, as it did.
        if (!bound.TryGetValue(row.ExternalCredentialId, out var credential))
        {
            return false;
        }

        var opened = sealer.Open(SecretChanges.Place(row, credential.Binding), row.Sealed);
        if (!opened.IsOk)
        {
            return row.RetiredAt is not null;
        }

        opened.Value.Dispose();
        return true;
    }

    private bool Opens(TokenRow row, Dictionary<Guid, BoundCredential> bound) =>
        bound.TryGetValue(row.ExternalCredentialId, out var credential)
        && (row.RetiredAt is not null || new TokenSealing(sealer).Open(TokenEnding.ToStored(row), credential.Binding) is not null);

    private async Task VerifyAuditAsync(VaultDbContext target, CancellationToken cancellationToken)
    {
        AuditEntry? last = null;
        await foreach (var row in target.Audit.AsNoTracking().OrderBy(row => row.Sequence).AsAsyncEnumerable().WithCancellation(cancellationToken))
        {
            var entry = AuditStore.ToEntry(row);
            if (!chain.IsAuthentic(entry) || !AuditChain.IsOf(entry, entry.Sequence) || (last is not null && !entry.Previous.AsSpan().SequenceEqual(last.Hash)))
            {
                throw new VaultStartException($"The audit record {entry.Sequence} isn't as the vault wrote it (`audit verify` says more); nothing was copied.");
            }

            last = entry;
        }
    }
}
