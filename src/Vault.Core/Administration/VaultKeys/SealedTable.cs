using Microsoft.EntityFrameworkCore;
using Vault.Core.Administration.Consents;
using Vault.Core.Administration.Secrets;
using Vault.Core.Authentication.Tokens;
using Vault.Core.Secrets;
using Vault.Core.Storage;
using Vault.Core.Storage.Rows;

namespace Vault.Core.Administration.VaultKeys;

/// <summary>A row that holds a sealed value.</summary>
/// <param name="Id">The row.</param>
/// <param name="ExternalCredentialId">Whose it is.</param>
/// <param name="Sealed">The sealed value.</param>
/// <param name="PlaceOf">Where it belongs, under a binding.</param>
internal sealed record SealedRow(Guid Id, Guid ExternalCredentialId, byte[] Sealed, Func<byte[], SealPlace> PlaceOf);

/// <summary>A table that holds sealed values. Whoever adds such a table adds it to <see cref="All"/>.</summary>
internal abstract class SealedTable
{
    /// <summary>All of them, in the order in which they are moved.</summary>
    public static IReadOnlyList<SealedTable> All { get; } =
    [
        new Table<SecretRow>(
            "parameter", database => database.Secrets, row => row.Id, after => row => row.Id > after,
            row => new SealedRow(row.Id, row.ExternalCredentialId, row.Sealed, binding => SecretChanges.Place(row, binding)),
            (database, row, moved) => database.Secrets.Where(stored => stored.Id == row.Id && stored.Sealed == row.Sealed)
                .ExecuteUpdateAsync(update => update.SetProperty(stored => stored.Sealed, moved))),
        new Table<TokenRow>(
            "token", database => database.Tokens, row => row.Id, after => row => row.Id > after,
            row => new SealedRow(row.Id, row.ExternalCredentialId, row.Sealed, binding => TokenSealing.Place(TokenEnding.ToStored(row), binding)),
            (database, row, moved) => database.Tokens.Where(stored => stored.Id == row.Id && stored.Sealed == row.Sealed)
                .ExecuteUpdateAsync(update => update.SetProperty(stored => stored.Sealed, moved))),
        new Table<AuthorizationRequestRow>(
            "authorization", database => database.AuthorizationRequests, row => row.Id, after => row => row.Id > after,
            row => new SealedRow(row.Id, row.ExternalCredentialId, row.Sealed, binding => ConsentAdministration.Place(row, binding)),
            (database, row, moved) => database.AuthorizationRequests.Where(stored => stored.Id == row.Id && stored.Sealed == row.Sealed)
                .ExecuteUpdateAsync(update => update.SetProperty(stored => stored.Sealed, moved))) { IsBoundWhileItLives = false },
    ];

    /// <summary>What its rows are called.</summary>
    public abstract string Kind { get; }

    /// <summary>Whether its rows are sealed anew when what they are bound to changes; the others are of no use any more then.</summary>
    public bool IsBoundWhileItLives { get; init; } = true;

    /// <summary>How many rows it has.</summary>
    public abstract Task<long> CountAsync(VaultDbContext database, CancellationToken cancellationToken);

    /// <summary>The rows behind one, in the order of their ids.</summary>
    public abstract Task<IReadOnlyList<SealedRow>> PageAsync(VaultDbContext database, Guid? after, int count, CancellationToken cancellationToken);

    /// <summary>All rows, one after the other.</summary>
    public abstract IAsyncEnumerable<SealedRow> ReadAsync(VaultDbContext database);

    /// <summary>Replaces a sealed value if it is still the one that was read; says whether it was.</summary>
    public abstract Task<bool> ReplaceAsync(VaultDbContext database, SealedRow row, byte[] moved);

    private sealed class Table<TRow>(
        string kind, Func<VaultDbContext, IQueryable<TRow>> rows, System.Linq.Expressions.Expression<Func<TRow, Guid>> id,
        Func<Guid, System.Linq.Expressions.Expression<Func<TRow, bool>>> behind, Func<TRow, SealedRow> read, Func<VaultDbContext, SealedRow, byte[], Task<int>> replace) : SealedTable
        where TRow : class
    {
        public override string Kind => kind;

        public override Task<long> CountAsync(VaultDbContext database, CancellationToken cancellationToken) => rows(database).LongCountAsync(cancellationToken);

        public override async Task<IReadOnlyList<SealedRow>> PageAsync(VaultDbContext database, Guid? after, int count, CancellationToken cancellationToken)
        {
            var all = rows(database).AsNoTracking();
            var page = await (after is { } last ? all.Where(behind(last)) : all).OrderBy(id).Take(count).ToListAsync(cancellationToken);
            return [.. page.Select(read)];
        }

        public override async IAsyncEnumerable<SealedRow> ReadAsync(VaultDbContext database)
        {
            await foreach (var row in rows(database).AsNoTracking().AsAsyncEnumerable())
            {
                yield return read(row);
            }
        }

        public override async Task<bool> ReplaceAsync(VaultDbContext database, SealedRow row, byte[] moved) => await replace(database, row, moved) == 1;
    }
}
