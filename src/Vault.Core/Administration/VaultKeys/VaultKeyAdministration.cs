using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Vault.Core.Administration.Changes;
using Vault.Core.Administration.Listing;
using Vault.Core.Audit;
using Vault.Core.Primitives;
using Vault.Core.Secrets;
using Vault.Core.Secrets.KeyRing;
using Vault.Core.Storage;
using Vault.Core.Storage.Rows;

namespace Vault.Core.Administration.VaultKeys;

/// <summary>The keys that wrap data keys: lists them, makes a new one active, moves everything to it. Contract section 7.</summary>
public sealed class VaultKeyAdministration(ChangeGate gate, VaultKeyRing ring, Rewrapping rewrapping, IDbContextFactory<VaultDbContext> contexts)
{
    /// <summary>Reads a page of the vault keys, oldest first.</summary>
    public async Task<Page<VaultKeyView>> ListAsync(PageRequest request, CancellationToken cancellationToken)
    {
        await using var database = await contexts.CreateDbContextAsync(cancellationToken);
        var rows = await database.VaultKeys.AsNoTracking().Where(row => row.Purpose == VaultKeyRing.DataPurpose).ToListAsync(cancellationToken);
        var (items, next) = request.Take(
            rows, row => row.CreatedAt.UtcTicks.ToString("D19", CultureInfo.InvariantCulture) + row.Id.ToString("N"), _ => null, row => row.Id.ToString("N"));
        return new Page<VaultKeyView>([.. items.Select(View)], next);
    }

    /// <summary>
    /// Makes a vault key and seals under it from now on. What is sealed already is opened with the keys before it, which stay;
    /// <see cref="StartRewrapAsync"/> moves it.
    /// </summary>
    public async Task<Result<VaultKeyView>> RotateAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await gate.ApplyAsync<VaultKeyView>(RotateAsync, cancellationToken);
        }
        catch (Exception exception) when (exception is VaultStartException || UndecodableRows.IsOne(exception))
        {
            return new VaultError(ErrorCodes.Internal, "A vault key in the database can't be opened, so none was added; POST /api/v1/keys/verify names it.");
        }
    }

    private async Task<Result<VaultKeyView>> RotateAsync(Draft draft)
    {
        var rows = await draft.Database.VaultKeys.ToListAsync(CancellationToken.None);
        var before = ring.Read([.. rows.Select(StoredVaultKeys.Of)]);
        foreach (var row in rows.Where(row => row.Purpose == VaultKeyRing.DataPurpose))
        {
            row.IsActive = false;
        }

        var made = StoredVaultKeys.ToRow(ring.Create(VaultKeyRing.DataPurpose, before), draft.Now);
        draft.Database.VaultKeys.Add(made);

        // Everything is opened before anything is written: what is in force once it is durable can't fail any more.
        var loaded = ring.Read([.. rows.Append(made).Select(StoredVaultKeys.Of)]);
        draft.InForce.Add(() => ring.Use(loaded));
        if (AuditOrigin.Current is { } origin)
        {
            origin.Event = origin.Event with { Target = made.Id.ToString("N") };
        }

        return View(made);
    }

    /// <summary>Begins to move every wrap to the active vault key; where that goes on already, it is that operation.</summary>
    public async Task<Result<OperationStarted>> StartRewrapAsync(CancellationToken cancellationToken)
    {
        // Counted before: while a change is made, callouts wait to record.
        var total = await CountAsync(cancellationToken);
        var started = await gate.ApplyAsync<OperationStarted>(
            async draft =>
            {
                var running = await draft.Database.Operations.FirstOrDefaultAsync(row => row.Kind == Rewrapping.Kind && row.Status == OperationStatus.Running);
                if (running is not null)
                {
                    return new OperationStarted(running.Id.ToString("N"));
                }

                var row = new OperationRow
                {
                    Id = Guid.CreateVersion7(),
                    Kind = Rewrapping.Kind,
                    Status = OperationStatus.Running,
                    Stage = SealedTable.All[0].Kind,
                    Total = total,
                    StartedAt = draft.Now,
                };
                draft.Database.Operations.Add(row);
                return new OperationStarted(row.Id.ToString("N"));
            },
            cancellationToken);
        rewrapping.Wake();
        return started;
    }

    /// <summary>Reads an operation.</summary>
    public async Task<Result<OperationView>> FindOperationAsync(string id, CancellationToken cancellationToken)
    {
        if (Guid.TryParseExact(id, "N", out var key))
        {
            await using var database = await contexts.CreateDbContextAsync(cancellationToken);
            if (await database.Operations.AsNoTracking().FirstOrDefaultAsync(row => row.Id == key, cancellationToken) is { } row)
            {
                return new OperationView(row.Id.ToString("N"), row.Kind, row.Status, row.Done, row.Total, row.Unreadable, row.StartedAt, row.FinishedAt, row.Detail);
            }
        }

        return new VaultError(ErrorCodes.NotFound, "There is no such operation.");
    }

    private async Task<long> CountAsync(CancellationToken cancellationToken)
    {
        await using var database = await contexts.CreateDbContextAsync(cancellationToken);
        long total = 0;
        foreach (var table in SealedTable.All)
        {
            total += await table.CountAsync(database, cancellationToken);
        }

        return total;
    }

    private static VaultKeyView View(VaultKeyRow row) => new(row.Id.ToString("N"), row.CreatedAt, row.IsActive);
}
