using System.Data;
using System.Data.Common;

namespace Vault.Core.Storage.PostgreSql;

/// <summary>A transaction that sees the database as it is at its first read, however long it takes; it can't write, and holds nobody up.</summary>
internal sealed class PostgreSqlSnapshotReads : ISnapshotReads
{
    /// <inheritdoc />
    public async ValueTask<DbTransaction> BeginAsync(DbConnection connection, CancellationToken cancellationToken)
    {
        var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        try
        {
            await using var command = connection.CreateCommand();
            command.Transaction = transaction;
            command.CommandText = "SET TRANSACTION READ ONLY; SET LOCAL idle_in_transaction_session_timeout = 0";
            await command.ExecuteNonQueryAsync(cancellationToken);
            return transaction;
        }
        catch
        {
            await transaction.DisposeAsync();
            throw;
        }
    }
}
