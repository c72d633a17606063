using Microsoft.EntityFrameworkCore;
using Vault.Core.Administration.Changes;
using Vault.Core.Audit;
using Vault.Core.Secrets;
using Vault.Core.Storage;

namespace Vault.Core.Administration.VaultKeys;

/// <summary>
/// Records in the audit that the master key was changed. The command that changes it can't: the end of the chain belongs to the vault
/// that runs. The first start with the new key does.
/// </summary>
public sealed class MasterKeyChangeRecord(ChangeGate gate, StartRows rows, IntegrityKey key)
{
    /// <summary>Records it, if there is something to record.</summary>
    /// <exception cref="VaultStartException">It can't be recorded.</exception>
    public async Task WriteAsync(CancellationToken cancellationToken)
    {
        if ((await rows.FactsAsync(cancellationToken)).Find(row => row.Name == MasterKeyFacts.Changed) is not { } fact)
        {
            return;
        }

        var changed = MasterKeyChanged.Read(fact.Value, key);
        var target = changed is null ? "somebody who isn't this vault says so" : $"{changed.From} to {changed.To} at {changed.At:yyyy-MM-ddTHH:mm:ssZ}";
        AuditOrigin.Current = new AuditOrigin
        {
            Event = new AuditEvent(
                Guid.CreateVersion7().ToString("N"), gate.Now, "vault", "master-key.changed", target, AuditOutcomes.Success),
            CreatedAction = "master-key.changed",
        };
        var result = await gate.ApplyAsync<bool>(
            async draft =>
            {
                await draft.Database.Facts.Where(row => row.Name == MasterKeyFacts.Changed).ExecuteDeleteAsync(CancellationToken.None);
                return true;
            },
            cancellationToken);
        AuditOrigin.Current = null;
        if (!result.IsOk)
        {
            throw new VaultStartException("The change of the master key could not be recorded: " + result.Error.Detail);
        }
    }
}
