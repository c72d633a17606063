using System.Runtime.CompilerServices;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Vault.Core.Storage;

namespace Vault.Core.Administration.VaultKeys;

/// <summary>
/// The rows of a table in the order of their keys. One whose columns hold what they can't hold is passed over, and named afterwards:
/// it must neither hide the rows behind it nor end whoever reads them.
/// </summary>
internal sealed class StoredRows<TRow>(VaultDbContext database)
    where TRow : class
{
    private const int LongestName = 64;
    private readonly List<long> _passedOver = [];

    /// <summary>Reads them, untracked.</summary>
    public async IAsyncEnumerable<TRow> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var count = await database.Set<TRow>().LongCountAsync(cancellationToken);
#pragma warning disable EF1002 // Made of the model's own names.
        var all = database.Set<TRow>().FromSqlRaw($"SELECT * FROM \"{Table}\" ORDER BY {Key}").AsNoTracking();
#pragma warning restore EF1002
        await using var rows = all.AsAsyncEnumerable().GetAsyncEnumerator(cancellationToken);
        for (var at = 0L; ; at++)
        {
            try
            {
                if (!await rows.MoveNextAsync())
                {
                    yield break;
                }
            }
            catch (Exception exception) when (UndecodableRows.IsOne(exception) && at < count)
            {
                // The next one is read all the same.
                _passedOver.Add(at);
                continue;
            }

            yield return rows.Current;
        }
    }

    /// <summary>The keys of the rows that were passed over, as far as they are legible.</summary>
    public async Task<IReadOnlyList<string>> PassedOverAsync(int most, CancellationToken cancellationToken)
    {
        var names = new List<string>();
        await using var command = database.Database.GetDbConnection().CreateCommand();
        command.Transaction = database.Database.CurrentTransaction?.GetDbTransaction();
        foreach (var at in _passedOver.Take(most))
        {
#pragma warning disable CA2100 // Made of the model's own names.
            command.CommandText = $"SELECT {Key} FROM \"{Table}\" ORDER BY {Key} LIMIT 1 OFFSET {at.ToString(System.Globalization.CultureInfo.InvariantCulture)}";
#pragma warning restore CA2100
            await using var row = await command.ExecuteReaderAsync(cancellationToken);
            names.Add(await row.ReadAsync(cancellationToken) ? string.Join('/', Enumerable.Range(0, row.FieldCount).Select(column => Legible(row.GetValue(column)))) : "");
        }

        return names;
    }

    /// <summary>How many were passed over.</summary>
    public int PassedOver => _passedOver.Count;

    private string Table => Entity.GetTableName() ?? throw new InvalidOperationException($"{typeof(TRow).Name} has no table.");

    private string Key => string.Join(", ", Entity.FindPrimaryKey()?.Properties.Select(property => $"\"{property.GetColumnName()}\"")
        ?? throw new InvalidOperationException($"{typeof(TRow).Name} has no key."));

    private Microsoft.EntityFrameworkCore.Metadata.IEntityType Entity =>
        database.Model.FindEntityType(typeof(TRow)) ?? throw new InvalidOperationException($"{typeof(TRow).Name} is no row.");

    private static string Legible(object value)
    {
        var text = value is byte[] bytes ? Convert.ToHexStringLower(bytes) : Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture) ?? "";
        return string.Concat(text.Where(character => character is > ' ' and < '\u007f').Take(LongestName));
    }
}
