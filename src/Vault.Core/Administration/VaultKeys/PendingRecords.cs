using Microsoft.EntityFrameworkCore;
using Vault.Core.Administration.Changes;
using Vault.Core.Audit;
using Vault.Core.Primitives;
using Vault.Core.Secrets;
using Vault.Core.Storage;

namespace Vault.Core.Administration.VaultKeys;

/// <summary>Tells the audit what commands did to the vault: a change of the master key, a restore. The first start after it does.</summary>
public sealed class PendingRecords(ChangeGate gate, StartRows rows, IntegrityKey key)
{
    /// <summary>Records what there is to record.</summary>
    /// <exception cref="VaultStartException">It can't be recorded.</exception>
    public async Task WriteAsync(CancellationToken cancellationToken)
    {
        foreach (var fact in (await rows.FactsAsync(cancellationToken)).Where(PendingRecord.IsOne).OrderBy(row => row.Name, StringComparer.Ordinal))
        {
            var record = PendingRecord.Read(fact, key);
            var action = record?.Action ?? "vault.changed";
            AuditOrigin.Current = new AuditOrigin
            {
                Event = new AuditEvent(
                    record?.Id ?? Guid.CreateVersion7().ToString("N"), gate.Now, "vault", action,
                    record is null ? "somebody who isn't this vault says so" : $"{record.Target} at {record.At.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}", AuditOutcomes.Success),
                CreatedAction = action,
            };
            var result = await gate.ApplyAsync<bool>(
                async draft =>
                {
                    // Replicas may start together: who removes it records it.
                    return await draft.Database.Facts.Where(row => row.Name == fact.Name).ExecuteDeleteAsync(CancellationToken.None) == 1
                        ? true
                        : new VaultError(ErrorCodes.NotFound, "Another replica did.");
                },
                cancellationToken);
            AuditOrigin.Current = null;
            if (!result.IsOk && result.Error.Code != ErrorCodes.NotFound)
            {
                throw new VaultStartException("What a command did to the vault could not be recorded: " + result.Error.Detail);
            }
        }
    }
}
