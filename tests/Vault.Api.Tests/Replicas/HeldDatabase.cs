using System.Data.Common;
using Microsoft.Extensions.DependencyInjection;
using Vault.Core.Storage;

namespace Vault.Api.Tests.Replicas;

/// <summary>A database whose whole tables can't be read until it is released, as if there were millions of rows; all else goes through.</summary>
internal sealed class HeldDatabase
{
    private TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _opened;

    /// <summary>The number of reads of whole tables that go through all the same: the first two are of definitions, the third is of grants.</summary>
    public int Free { get; init; }

    /// <summary>What happens before the next connection for a few rows is made; once.</summary>
    public Action? BeforeConnection { get; set; }

    /// <summary>Puts it between the vault and its database.</summary>
    public void Hold(IServiceCollection services)
    {
        var type = services.Last(service => service.ServiceType == typeof(IVaultDatabase)).ImplementationType!;
        services.AddSingleton<IVaultDatabase>(provider => new Held(this, (IVaultDatabase)ActivatorUtilities.CreateInstance(provider, type)));
    }

    /// <summary>Everything can be read.</summary>
    public void Release() => _released.TrySetResult();

    /// <summary>From now on, whole tables can't be read again.</summary>
    public void HoldAgain() => _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed class Held(HeldDatabase held, IVaultDatabase inner) : IVaultDatabase
    {
        public string Place => inner.Place;

        public DbConnection CreateConnection()
        {
            var before = held.BeforeConnection;
            held.BeforeConnection = null;
            before?.Invoke();
            return inner.CreateConnection();
        }

        public DbConnection CreateSharedConnection() => inner.CreateSharedConnection();

        public async Task<DbConnection> OpenLastingAsync(CancellationToken cancellationToken)
        {
            if (Interlocked.Increment(ref held._opened) > held.Free)
            {
                await held._released.Task.WaitAsync(cancellationToken);
            }

            return await inner.OpenLastingAsync(cancellationToken);
        }

        public IDisposable? TakeAlone(bool mayMake) => inner.TakeAlone(mayMake);

        public Task<IStartLock?> LockAsync(CancellationToken cancellationToken) => inner.LockAsync(cancellationToken);

        public Task<bool> IsCurrentAsync(CancellationToken cancellationToken) => inner.IsCurrentAsync(cancellationToken);

        public Task MigrateAsync(CancellationToken cancellationToken) => inner.MigrateAsync(cancellationToken);

        public Task ReserveVaultKeysAsync(VaultDbContext context, CancellationToken cancellationToken) => inner.ReserveVaultKeysAsync(context, cancellationToken);
    }
}
