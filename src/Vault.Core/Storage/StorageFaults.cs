using System.Data.Common;
using System.Net.Sockets;
using System.Security.Authentication;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Vault.Core.Storage;

/// <summary>Tells faults of the database from bugs.</summary>
public static class StorageFaults
{
    /// <summary>Whether the database could not do its work (locked, full, gone), so that the caller may try again: <c>storage-unavailable</c>.</summary>
    public static bool IsUnavailable(Exception exception)
    {
        for (var current = exception; current is not null; current = current.InnerException)
        {
            if (current is DbException or TimeoutException or IOException or SocketException)
            {
                return true;
            }
        }

        return exception is DbUpdateException;
    }

    /// <summary>
    /// What was wrong, for whoever operates the vault: in the database's own words where it answered, in the system's, with the path, where it was a file, else what kind
    /// of fault it was. Names no password and no value: SQLite names tables, columns and what a statement of ours doesn't hold, PostgreSQL keeps values to its details.
    /// </summary>
    public static string Reason(Exception exception)
    {
        for (var current = exception; current is not null; current = current.InnerException)
        {
            switch (current)
            {
                case PostgresException answered:
                    return answered.MessageText;
                case SqliteException answered:
                    return answered.Message.TrimEnd('.');
                case SocketException socket:
                    return socket.SocketErrorCode.ToString();
                case TimeoutException:
                    return "no answer in time";
                case AuthenticationException handshake:
                    return handshake.Message.TrimEnd('.');
                case NpgsqlException { InnerException: null } refused:
                    return refused.Message.TrimEnd('.');
                case UnauthorizedAccessException:
                case IOException { InnerException: null }:
                    return current.Message.TrimEnd('.');
                default:
                    break;
            }
        }

        return exception.GetType().Name;
    }
}
