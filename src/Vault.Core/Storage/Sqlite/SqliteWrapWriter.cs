using System.Data.Common;

namespace Vault.Core.Storage.Sqlite;

/// <summary>Row by row, by a statement that is prepared once: EF Core takes ten times as long, and whoever waits to write waits for all of them.</summary>
internal sealed class SqliteWrapWriter : IWrapWriter
{
    /// <inheritdoc />
    public async Task<int> ReplaceAsync(DbTransaction transaction, string table, IReadOnlyCollection<MovedWrap> moved, CancellationToken cancellationToken)
    {
        var connection = transaction.Connection ?? throw new InvalidOperationException("The transaction is over.");
        await using var command = connection.CreateCommand();
        command.Transaction = transaction;
#pragma warning disable CA2100 // Made of the model's own name.
        command.CommandText = $"UPDATE \"{table}\" SET \"Sealed\" = @moved WHERE \"Id\" = @id AND \"Sealed\" = @read";
#pragma warning restore CA2100
        var (after, id, before) = (Add("@moved"), Add("@id"), Add("@read"));
        var replaced = 0;
        foreach (var one in moved)
        {
            (after.Value, id.Value, before.Value) = (one.Moved, one.Id, one.Read);
            replaced += await command.ExecuteNonQueryAsync(cancellationToken);
        }

        return replaced;

        DbParameter Add(string parameter)
        {
            var added = command.CreateParameter();
            added.ParameterName = parameter;
            command.Parameters.Add(added);
            return added;
        }
    }
}
