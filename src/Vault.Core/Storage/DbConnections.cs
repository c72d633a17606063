using System.Data.Common;

namespace Vault.Core.Storage;

/// <summary>Opens connections.</summary>
internal static class DbConnections
{
    /// <summary>Opens one for a caller that disposes of it; where that fails, nothing of it is left.</summary>
    public static async Task<DbConnection> OpenedAsync(this DbConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            await connection.OpenAsync(cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }
}
