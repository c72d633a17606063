using System.Data.Common;
using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Vault.Core.Audit;
using Vault.Core.Secrets;

namespace Vault.Core.Storage.Backups;

/// <summary>Puts the rows of a backup into an empty database of any kind, in a transaction that whoever began it ends.</summary>
internal sealed class BackupFill(VaultDbContext context, DbTransaction transaction, CancellationToken cancellationToken) : IAsyncDisposable
{
    private readonly Dictionary<string, BackupTable> _tables = BackupTable.Of(context).ToDictionary(table => table.Name, StringComparer.Ordinal);
    private readonly Dictionary<string, DbCommand> _inserts = new(StringComparer.Ordinal);
    private readonly DbConnection _connection = context.Database.GetDbConnection();
    private readonly StringBuilder _checkpoints = new();

    /// <summary>The signed checkpoints of the audit, as their file has them.</summary>
    public string Checkpoints => _checkpoints.ToString();

    /// <summary>Whether the checkpoints may begin later than the audit.</summary>
    public bool IsShared { get; private set; }

    /// <summary>The mark of the audit's end; null: the backup has none.</summary>
    public AuditMarked? Mark { get; private set; }

    /// <summary>Whether there is nothing yet.</summary>
    public static async Task<bool> IsEmptyAsync(VaultDbContext context, CancellationToken cancellationToken) =>
        !await context.Facts.AnyAsync(cancellationToken) && !await context.KeyRing.AnyAsync(cancellationToken) && !await context.Audit.AnyAsync(cancellationToken);

    /// <summary>The tables of the backup have to be those of this program.</summary>
    /// <exception cref="VaultStartException">They aren't.</exception>
    public void Begin(BackupContent.Beginning beginning)
    {
        IsShared = beginning.IsShared;
        if (!beginning.Shape.SequenceEqual(_tables.Values.Select(table => table.Shape)))
        {
            throw new VaultStartException("The backup was made by another version of the vault, with other tables; restore it with that version.");
        }
    }

    /// <summary>Takes a row.</summary>
    /// <exception cref="BackupDamagedException">It isn't one.</exception>
    public async Task AddAsync(string name, JsonElement row)
    {
        if (name == BackupContent.Checkpoints)
        {
            _checkpoints.Append(row[1].GetString()).Append('\n');
            return;
        }

        if (name == BackupContent.Mark)
        {
            Mark = row[1].Deserialize<AuditMarked>(JsonSerializerOptions.Web);
            return;
        }

        if (!_tables.TryGetValue(name, out var table))
        {
            throw new BackupDamagedException("The backup holds a row of no table.");
        }

        if (!_inserts.TryGetValue(name, out var insert))
        {
            _inserts.Add(name, insert = table.PrepareInsert(_connection, transaction));
        }

        await table.InsertAsync(insert, row, cancellationToken);
    }

    /// <summary>Every table has as many rows as the backup.</summary>
    /// <exception cref="VaultStartException">One hasn't.</exception>
    public async Task CheckAsync(IReadOnlyDictionary<string, long> rows)
    {
        foreach (var table in _tables.Values)
        {
            var (expected, found) = (rows.GetValueOrDefault(table.Name), await table.CountAsync(_connection, transaction, cancellationToken));
            if (found != expected)
            {
                throw new VaultStartException($"Of {expected} rows of {table.Name} the database has {found}; nothing was restored.");
            }
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        foreach (var insert in _inserts.Values)
        {
            await insert.DisposeAsync();
        }
    }
}
