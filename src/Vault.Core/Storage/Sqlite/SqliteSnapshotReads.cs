using System.Data;
using System.Data.Common;
using Microsoft.Data.Sqlite;

namespace Vault.Core.Storage.Sqlite;

/// <summary>A deferred transaction: it takes no lock to write, and in WAL sees the database as it is at its first read.</summary>
internal sealed class SqliteSnapshotReads : ISnapshotReads
{
    /// <inheritdoc />
    public ValueTask<DbTransaction> BeginAsync(DbConnection connection, CancellationToken cancellationToken) =>
        ValueTask.FromResult<DbTransaction>(((SqliteConnection)connection).BeginTransaction(IsolationLevel.Serializable, deferred: true));
}
