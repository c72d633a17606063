using Microsoft.EntityFrameworkCore;
using Vault.Core.ForwardProxy;
using Vault.Core.Secrets;
using Vault.Core.Storage;
using Vault.Core.Storage.Rows;

namespace Vault.Core.Administration.VaultKeys;

/// <summary>What a rewrap does next, table by table, a batch each; in the end it looks at all rows once more. For one process: two that plan the same step notice it when they save.</summary>
internal sealed class RewrapPlan(SecretSealer sealer, TimeProvider time)
{
    // A transaction holds up the records of callouts: it is kept to a few milliseconds.
    private const int BatchSize = 32;

    // A value that is never replaced, though its wrap can be moved, would be tried for ever.
    private const int MostRoundsInVain = 3;
    private const string Rest = "rest";
    private int _roundsInVain;

    /// <summary>Whether a round has just ended in which nothing could be replaced, and another begins.</summary>
    public bool WasInVain { get; private set; }

    /// <summary>How many values were replaced in this round.</summary>
    public long Replaced { get; set; }

    /// <summary>What the next batch moves; the operation says how far it is then.</summary>
    public async Task<List<(SealedTable Table, SealedRow Row, byte[] Moved)>> NextAsync(VaultDbContext database, OperationRow operation, CancellationToken cancellationToken)
    {
        WasInVain = false;
        var moved = new List<(SealedTable, SealedRow, byte[])>();
        var index = SealedTable.All.ToList().FindIndex(table => table.Kind == operation.Stage);
        if (index < 0)
        {
            await PlanRestAsync(database, operation, cancellationToken);
            return moved;
        }

        var table = SealedTable.All[index];
        var page = await table.PageAsync(database, operation.After, BatchSize, cancellationToken);
        foreach (var row in page.Rows)
        {
            if (!sealer.IsUnderActiveKey(row.Sealed) && TryRewrap(row) is { } record)
            {
                moved.Add((table, row, record));
            }
        }

        operation.Done += page.Rows.Count;

        // Ids that something else wrote may stand where none of the vault's would; what isn't behind the page before is looked at in the end.
        var last = page.IsLast ? null : page.Rows[^1].Id.ToString("N");
        operation.After = last is not null && string.CompareOrdinal(last, operation.After?.ToString("N") ?? "") > 0 ? page.Rows[^1].Id : null;
        if (operation.After is null)
        {
            operation.Stage = index + 1 < SealedTable.All.Count ? SealedTable.All[index + 1].Kind : Rest;
        }

        return moved;
    }

    private byte[]? TryRewrap(SealedRow row)
    {
        try
        {
            return sealer.Rewrap(row.PlaceOf([]), row.Sealed);
        }
        catch (Exception exception) when (UndecodableRows.IsOne(exception))
        {
            return null;
        }
    }

    // What was sealed meanwhile by a process that didn't know of the active key yet, or under a key that was active then: all once more.
    private async Task PlanRestAsync(VaultDbContext database, OperationRow operation, CancellationToken cancellationToken)
    {
        operation.Unreadable = 0;
        var passedOver = new PassedOver();
        long left = 0;
        foreach (var table in SealedTable.All)
        {
            await foreach (var row in table.ReadAsync(database, passedOver, cancellationToken))
            {
                if (!sealer.IsUnderActiveKey(row.Sealed))
                {
                    _ = TryRewrap(row) is null ? operation.Unreadable++ : left++;
                }
            }
        }

        operation.Unreadable += passedOver.Count;
        await MoveAuthorityAsync(database, operation, cancellationToken);
        _roundsInVain = left > 0 && Replaced == 0 ? _roundsInVain + 1 : 0;
        Replaced = 0;
        operation.Total = operation.Done;
        if (left > 0 && _roundsInVain < MostRoundsInVain)
        {
            (operation.Stage, operation.After, operation.Done) = (SealedTable.All[0].Kind, null, 0);
            WasInVain = _roundsInVain > 0;
            return;
        }

        _roundsInVain = 0;
        if (left > 0)
        {
            Fail(operation, $"{left} sealed values could not be replaced, {operation.Unreadable} could not be opened; POST /api/v1/keys/verify names those. All others were moved.");
        }
        else if (operation.Unreadable > 0)
        {
            Fail(operation, $"{operation.Unreadable} sealed values could not be opened and were left as they are; POST /api/v1/keys/verify names them. All others were moved.");
        }
        else
        {
            (operation.Status, operation.FinishedAt) = (OperationStatus.Completed, time.GetUtcNow());
        }
    }

    // One value, of the vault itself: where somebody renewed it at this moment, they sealed it under the active key.
    private async Task MoveAuthorityAsync(VaultDbContext database, OperationRow operation, CancellationToken cancellationToken)
    {
        var kept = (await database.Facts.AsNoTracking().SingleOrDefaultAsync(row => row.Name == AuthorityStore.Fact, cancellationToken))?.Value;
        if (kept is null || sealer.IsUnderActiveKey(kept))
        {
            return;
        }

        if (sealer.Rewrap(CertificateAuthority.Place, kept) is { } moved)
        {
            await database.Facts.Where(row => row.Name == AuthorityStore.Fact && row.Value == kept)
                .ExecuteUpdateAsync(update => update.SetProperty(row => row.Value, moved), cancellationToken);
        }
        else
        {
            operation.Unreadable++;
        }
    }

    /// <summary>The operation ends, and not all could be done.</summary>
    public void Fail(OperationRow operation, string detail) =>
        (operation.Status, operation.Detail, operation.FinishedAt) = (OperationStatus.Failed, detail, time.GetUtcNow());
}
