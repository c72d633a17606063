using System.Data.Common;
using System.Reflection;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Vault.Core.Secrets;

namespace Vault.Core.Storage;

/// <summary>
/// Whether a database has every migration already. EF Core's own look takes a second of a start, most of it to find out that
/// there is nothing to do.
/// </summary>
internal static class SchemaState
{
    /// <summary>True where there is nothing to migrate.</summary>
    /// <exception cref="VaultStartException">A newer version made something of it that this one doesn't know.</exception>
    /// <param name="connection">Open.</param>
    /// <param name="context">Whose migrations.</param>
    /// <param name="hasHistory">SQL that counts the tables named <c>__EFMigrationsHistory</c>.</param>
    /// <param name="cancellationToken">Of the start.</param>
    public static async Task<bool> IsCurrentAsync(DbConnection connection, Type context, string hasHistory, CancellationToken cancellationToken)
    {
        // Migrations are public; a look at all types would load the libraries of clouds that nobody uses here.
        var known = typeof(SchemaState).Assembly.GetExportedTypes()
            .Where(type => type.GetCustomAttribute<DbContextAttribute>()?.ContextType == context)
            .Select(type => type.GetCustomAttribute<MigrationAttribute>()?.Id)
            .OfType<string>()
            .ToHashSet(StringComparer.Ordinal);
        var newest = known.Max(StringComparer.Ordinal);
        await using var command = connection.CreateCommand();
        command.CommandText = hasHistory;
        if (await command.ExecuteScalarAsync(cancellationToken) is not 1L)
        {
            return false;
        }

        command.CommandText = "SELECT \"MigrationId\" FROM \"__EFMigrationsHistory\"";
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var made = reader.GetString(0);
            if (!known.Remove(made) && string.CompareOrdinal(made, newest) > 0)
            {
                throw new VaultStartException($"The database was made by a newer version of the vault ({made}). Start that one, or restore a backup from before. Nothing was changed.");
            }
        }

        return known.Count == 0;
    }
}
