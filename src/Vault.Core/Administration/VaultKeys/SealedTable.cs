using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
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

    /// <summary>Whether its rows are sealed anew when what they are bound to changes; the others are of no use any more then.</summary>
    public bool IsBoundWhileItLives { get; init; } = true;

    /// <summary>How many rows it has.</summary>
    public abstract Task<long> CountAsync(VaultDbContext database, CancellationToken cancellationToken);

    /// <summary>The rows behind one, in the order of their ids.</summary>
    public abstract Task<IReadOnlyList<SealedRow>> PageAsync(VaultDbContext database, Guid? after, int count, CancellationToken cancellationToken);

    /// <summary>All rows, one after the other.</summary>
    public abstract IAsyncEnumerable<SealedRow> ReadAsync(VaultDbContext database);

    /// <summary>
    /// Replaces sealed values, each if it is still the one that was read, in the context's transaction. By a statement that is prepared
    /// once: EF Core takes ten times as long for a row, and whoever waits to write waits for all of them.
    /// </summary>
    public abstract Task ReplaceAsync(VaultDbContext database, IEnumerable<(SealedRow Row, byte[] Moved)> rows);

    private sealed class Table<TRow>(
        string kind, Func<VaultDbContext, IQueryable<TRow>> rows, System.Linq.Expressions.Expression<Func<TRow, Guid>> id,
        Func<Guid, System.Linq.Expressions.Expression<Func<TRow, bool>>> behind, Func<TRow, SealedRow> read) : SealedTable
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

        public override async Task ReplaceAsync(VaultDbContext database, IEnumerable<(SealedRow Row, byte[] Moved)> rows)
        {
            var name = database.Model.FindEntityType(typeof(TRow))?.GetTableName() ?? throw new InvalidOperationException($"{typeof(TRow).Name} has no table.");
            await using var command = database.Database.GetDbConnection().CreateCommand();
            command.Transaction = database.Database.CurrentTransaction?.GetDbTransaction();
#pragma warning disable CA2100 // Made of the model's own name.
            command.CommandText = $"UPDATE \"{name}\" SET \"Sealed\" = @moved WHERE \"Id\" = @id AND \"Sealed\" = @read";
#pragma warning restore CA2100
            var (moved, id, read) = (Add("@moved"), Add("@id"), Add("@read"));
            foreach (var (row, record) in rows)
            {
                (moved.Value, id.Value, read.Value) = (record, row.Id, row.Sealed);
                await command.ExecuteNonQueryAsync();
            }

            DbParameter Add(string parameter)
            {
                var added = command.CreateParameter();
                added.ParameterName = parameter;
                command.Parameters.Add(added);
                return added;
            }
        }
    }
}
