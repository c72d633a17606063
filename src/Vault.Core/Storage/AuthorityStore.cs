using Microsoft.EntityFrameworkCore;
using Vault.Core.ForwardProxy;
using Vault.Core.Storage.Rows;

namespace Vault.Core.Storage;

/// <summary>The sealed certificate authority of the forward proxy, a fact of the database.</summary>
internal sealed class AuthorityStore(IDbContextFactory<VaultDbContext> contexts) : IAuthorityStore
{
    /// <summary>What the fact is called.</summary>
    public const string Fact = "forward-proxy-authority";

    public async Task<byte[]?> FindAsync(CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return (await context.Facts.AsNoTracking().SingleOrDefaultAsync(row => row.Name == Fact, cancellationToken))?.Value;
    }

    public async Task<bool> TryReplaceAsync(byte[]? before, byte[] after, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        if (before is not null)
        {
            return await context.Facts.Where(row => row.Name == Fact && row.Value == before)
                .ExecuteUpdateAsync(update => update.SetProperty(row => row.Value, after), cancellationToken) == 1;
        }

        context.Facts.Add(new VaultFactRow { Name = Fact, Value = after });
        try
        {
            await context.SaveChangesAsync(cancellationToken);
            return true;
        }
        catch (DbUpdateException) when (!cancellationToken.IsCancellationRequested)
        {
            // Another replica made one in this moment; where that isn't why, the exception goes on.
            if (await FindAsync(cancellationToken) is null)
            {
                throw;
            }

            return false;
        }
    }
}
