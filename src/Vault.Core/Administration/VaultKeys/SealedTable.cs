using System.Runtime.CompilerServices;
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

/// <summary>Rows that were read at once.</summary>
/// <param name="Rows">Those that could be decoded, in the order of their ids.</param>
/// <param name="IsLast">Whether there is nothing behind them.</param>
internal sealed record SealedPage(IReadOnlyList<SealedRow> Rows, bool IsLast);

/// <summary>Rows that could not be decoded.</summary>
internal sealed class PassedOver
{
    /// <summary>So many are named of a table.</summary>
    public const int MostIds = 100;

    /// <summary>How many.</summary>
    public int Count { get; set; }

    /// <summary>Their ids, as far as they are legible.</summary>
    public List<string> Ids { get; } = [];
}

/// <summary>A table that holds sealed values. Whoever adds such a table adds it to <see cref="All"/>.</summary>
internal abstract class SealedTable
{
    /// <summary>All of them, in the order in which they are moved.</summary>
    public static IReadOnlyList<SealedTable> All { get; } =
    [
        new Table<SecretRow>(
            "parameter", database => database.Secrets, row => row.Id, after => row => row.Id > after,
            row => new SealedRow(row.Id, row.ExternalCredentialId, row.Sealed, binding => SecretChanges.Place(row, binding))),
        new Table<TokenRow>(
            "token", database => database.Tokens, row => row.Id, after => row => row.Id > after,
            row => new SealedRow(row.Id, row.ExternalCredentialId, row.Sealed, binding => TokenSealing.Place(TokenEnding.ToStored(row), binding))),
        new Table<AuthorizationRequestRow>(
            "authorization", database => database.AuthorizationRequests, row => row.Id, after => row => row.Id > after,
            row => new SealedRow(row.Id, row.ExternalCredentialId, row.Sealed, binding => ConsentAdministration.Place(row, binding))) { IsBoundWhileItLives = false },
    ];

    /// <summary>What its rows are called.</summary>
    public abstract string Kind { get; }

    /// <summary>Whether its rows are bound to what is in force as long as they are there; others may be of no use any more, as a request for consent is whose answer came.</summary>
    public bool IsBoundWhileItLives { get; init; } = true;

    /// <summary>How many rows it has.</summary>
    public abstract Task<long> CountAsync(VaultDbContext database, CancellationToken cancellationToken);

    /// <summary>The rows behind one, in the order of their ids. Those that can't be decoded are left out.</summary>
    public abstract Task<SealedPage> PageAsync(VaultDbContext database, Guid? after, int count, CancellationToken cancellationToken);

    /// <summary>All rows, one after the other, but those that can't be decoded.</summary>
    /// <param name="database">To be read from.</param>
    /// <param name="passedOver">Gets the ids of those, as far as they are legible, at the end; null: nobody wants to know.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public abstract IAsyncEnumerable<SealedRow> ReadAsync(VaultDbContext database, PassedOver passedOver, CancellationToken cancellationToken);

    /// <summary>Its name in the database.</summary>
    public abstract string NameIn(VaultDbContext database);

    private sealed class Table<TRow>(
        string kind, Func<VaultDbContext, IQueryable<TRow>> rows, System.Linq.Expressions.Expression<Func<TRow, Guid>> id,
        Func<Guid, System.Linq.Expressions.Expression<Func<TRow, bool>>> behind, Func<TRow, SealedRow> read) : SealedTable
        where TRow : class
    {
        public override string Kind => kind;

        public override Task<long> CountAsync(VaultDbContext database, CancellationToken cancellationToken) => rows(database).LongCountAsync(cancellationToken);

        public override async Task<SealedPage> PageAsync(VaultDbContext database, Guid? after, int count, CancellationToken cancellationToken)
        {
            var all = rows(database).AsNoTracking();
            var from = after is { } last ? all.Where(behind(last)) : all;
            for (var most = count; ; most *= 2)
            {
                var page = new List<SealedRow>();
                var looked = 0;
                await using var read = from.OrderBy(id).Take(most).AsAsyncEnumerable().GetAsyncEnumerator(cancellationToken);
                while (await NextAsync(looked < most))
                {
                }

                // Only a row that can be decoded says where the next page begins.
                if (page.Count > 0 || looked < most)
                {
                    return new SealedPage(page, IsLast: looked < most);
                }

                async Task<bool> NextAsync(bool mayFail)
                {
                    try
                    {
                        if (!await read.MoveNextAsync())
                        {
                            return false;
                        }

                        page.Add(this.Read(read.Current));
                    }
                    catch (Exception exception) when (mayFail && UndecodableRows.IsOne(exception))
                    {
                        // Counted, and named by a verification.
                    }

                    looked++;
                    return true;
                }
            }
        }

        public override async IAsyncEnumerable<SealedRow> ReadAsync(VaultDbContext database, PassedOver passedOver, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            var stored = new StoredRows<TRow>(database);
            await foreach (var row in stored.ReadAsync(cancellationToken))
            {
                yield return Read(row);
            }

            passedOver.Count += stored.PassedOver;
            passedOver.Ids.AddRange(await stored.PassedOverAsync(PassedOver.MostIds, cancellationToken));
        }

        private SealedRow Read(TRow row) => read(row);

        public override string NameIn(VaultDbContext database) =>
            database.Model.FindEntityType(typeof(TRow))?.GetTableName() ?? throw new InvalidOperationException($"{typeof(TRow).Name} has no table.");
    }
}
