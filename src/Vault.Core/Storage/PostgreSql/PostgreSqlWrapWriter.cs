using System.Data.Common;

namespace Vault.Core.Storage.PostgreSql;

/// <summary>
/// All at once: a way to the database for each row takes ten times as long. Rows that somebody else has locked are left to them, so that
/// a step neither waits while it holds others up nor can be part of a deadlock; and its commit waits for no disk that records wait for.
/// </summary>
internal sealed class PostgreSqlWrapWriter : IWrapWriter
{
    // Commits become durable in their order: a record that a rewrap has ended is so after all of its steps.
    private const string LeaveToOthers = "SET LOCAL synchronous_commit = off";

    /// <inheritdoc />
    public async Task<int> ReplaceAsync(DbTransaction transaction, string table, IReadOnlyCollection<MovedWrap> moved, CancellationToken cancellationToken)
    {
        var connection = transaction.Connection ?? throw new InvalidOperationException("The transaction is over.");
        await using var batch = connection.CreateBatch();
        batch.Transaction = transaction;
        Add(LeaveToOthers);
        var update = Add(
            $"""
            WITH free AS (
                SELECT kept."Id", step.moved
                FROM unnest($1, $2, $3) AS step(id, before, moved) JOIN "{table}" AS kept ON kept."Id" = step.id AND kept."Sealed" = step.before
                FOR NO KEY UPDATE OF kept SKIP LOCKED)
            UPDATE "{table}" AS kept SET "Sealed" = free.moved FROM free WHERE kept."Id" = free."Id"
            """,
            moved.Select(one => one.Id).ToArray(), moved.Select(one => one.Read).ToArray(), moved.Select(one => one.Moved).ToArray());
        await batch.ExecuteNonQueryAsync(cancellationToken);
        return update.RecordsAffected;

        DbBatchCommand Add(string text, params object[] values)
        {
            var command = batch.CreateBatchCommand();
#pragma warning disable CA2100 // Made of the model's own name.
            command.CommandText = text;
#pragma warning restore CA2100
            foreach (var value in values)
            {
                var parameter = command.CreateParameter();
                parameter.Value = value;
                command.Parameters.Add(parameter);
            }

            batch.BatchCommands.Add(command);
            return command;
        }
    }
}
