using System.Data.Common;

namespace Vault.Core.Storage;

/// <summary>Reads that all see the same moment of the database, while others write. One for each kind of database.</summary>
internal interface ISnapshotReads
{
    /// <summary>Begins on a connection that is open; to be rolled back or disposed, never committed.</summary>
    ValueTask<DbTransaction> BeginAsync(DbConnection connection, CancellationToken cancellationToken);
}
