using System.Data.Common;
using Microsoft.EntityFrameworkCore;

namespace Vault.Core.Storage;

/// <summary>Tells faults of the database from bugs.</summary>
public static class StorageFaults
{
    /// <summary>Whether the database could not do its work (locked, full, gone), so that the caller may try again: <c>storage-unavailable</c>.</summary>
    public static bool IsUnavailable(Exception exception)
    {
        for (var current = exception; current is not null; current = current.InnerException)
        {
            if (current is DbException or TimeoutException or IOException)
            {
                return true;
            }
        }

        return exception is DbUpdateException;
    }
}
