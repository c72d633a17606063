using System.Data.Common;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Vault.Core.Storage.PostgreSql;
using Vault.Core.Storage.Sqlite;
using Vault.Testing;

namespace Vault.Api.Tests;

/// <summary>Counts what a vault asks or tells its database by EF Core, records of the audit aside.</summary>
internal sealed class CommandCounter : DbCommandInterceptor
{
    private int _count;

    /// <summary>How many commands there were.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <inheritdoc />
    public override DbCommand CommandInitialized(CommandEndEventData eventData, DbCommand result)
    {
        if (!result.CommandText.StartsWith("INSERT INTO \"audit\"", StringComparison.Ordinal))
        {
            Interlocked.Increment(ref _count);
        }

        return result;
    }
}

/// <summary>Vaults whose database is listened to.</summary>
internal static class InterceptedVaults
{
    /// <summary>A vault, on whichever database, that tells this of each command.</summary>
    public static VaultFactory StartVault(this IInterceptor interceptor) => new(services: services =>
        services.ConfigureDbContext<SqliteVaultDbContext>(builder => builder.AddInterceptors(interceptor))
            .ConfigureDbContext<PostgreSqlVaultDbContext>(builder => builder.AddInterceptors(interceptor)));
}
