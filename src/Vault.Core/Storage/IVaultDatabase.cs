using System.Data.Common;
using Vault.Core.Secrets;

namespace Vault.Core.Storage;

/// <summary>What differs between databases before and beneath EF Core: how one is connected to, locked and brought up to date.</summary>
internal interface IVaultDatabase
{
    /// <summary>Where it is, for messages: names of settings and addresses, never a password.</summary>
    string Place { get; }

    /// <summary>A connection, not yet open, for what has to go on though callouts use up all others.</summary>
    DbConnection CreateConnection();

    /// <summary>A connection, not yet open, of those that callouts share.</summary>
    DbConnection CreateSharedConnection();

    /// <summary>A connection for what takes long; open, and nobody waits for it to be given back.</summary>
    Task<DbConnection> OpenLastingAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Keeps every other process that would change the database away until it is disposed of, whatever its data directory; null: any number may share it.
    /// </summary>
    /// <param name="mayMake">Whether the database may be made, empty; else it is there.</param>
    /// <exception cref="VaultStartException">Another process has it.</exception>
    IDisposable? TakeAlone(bool mayMake);

    /// <summary>
    /// Keeps other processes away while this one starts, so that schema and keys are made once; null: <see cref="TakeAlone"/> did.
    /// </summary>
    /// <exception cref="VaultStartException">The database can't be reached.</exception>
    Task<IStartLock?> LockAsync(CancellationToken cancellationToken);

    /// <summary>Whether it has every migration. Reads only, and makes no database where there is none.</summary>
    Task<bool> IsCurrentAsync(CancellationToken cancellationToken);

    /// <summary>Brings the schema up to date; the lock is held.</summary>
    Task MigrateAsync(CancellationToken cancellationToken);

    /// <summary>Nobody else writes vault keys until this transaction ends; whoever waited sees what was written.</summary>
    Task ReserveVaultKeysAsync(VaultDbContext context, CancellationToken cancellationToken);
}

/// <summary>Keeps other processes away until it is disposed of.</summary>
internal interface IStartLock : IDisposable
{
    /// <summary>Still held; before something is made that may be there once only.</summary>
    /// <exception cref="VaultStartException">It was lost.</exception>
    Task RequireAsync(CancellationToken cancellationToken);
}
