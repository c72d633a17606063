using System.Data.Common;
using Vault.Core.Secrets;

namespace Vault.Core.Storage;

/// <summary>What differs between databases before and beneath EF Core: how one is connected to, locked and brought up to date.</summary>
internal interface IVaultDatabase
{
    /// <summary>Whether several processes may use it at once.</summary>
    bool IsShared { get; }

    /// <summary>Where it is, for messages: names of settings and addresses, never a password.</summary>
    string Place { get; }

    /// <summary>A connection, not yet open.</summary>
    DbConnection CreateConnection();

    /// <summary>
    /// Keeps other processes away: of a database that isn't shared for as long as this one runs, of one that is while it starts, so that
    /// schema and keys are made once.
    /// </summary>
    /// <exception cref="VaultStartException">Another process has it, or the database can't be reached.</exception>
    Task<IDisposable> LockAsync(CancellationToken cancellationToken);

    /// <summary>Whether it has every migration. Reads only, and makes no database where there is none.</summary>
    Task<bool> IsCurrentAsync(CancellationToken cancellationToken);

    /// <summary>Brings the schema up to date; the lock is held.</summary>
    Task MigrateAsync(CancellationToken cancellationToken);
}
