using Microsoft.EntityFrameworkCore;
using Vault.Core.Storage.Sqlite;
using Xunit;

namespace Vault.Core.Tests.Storage.Sqlite;

public sealed class SqliteContextFactoryTests
{
    [Fact]
    public async Task CreateAsync_OnAThreadThatIsNotThePools_LeavesIt()
    {
        var inner = new Inner();
        IDbContextFactory<Core.Storage.VaultDbContext> factory = new SqliteContextFactory(inner);
        Task<Core.Storage.VaultDbContext>? made = null;
        var socket = new Thread(() => made = factory.CreateDbContextAsync());
        socket.Start();
        socket.Join();
        await using var context = await made!;
        Assert.NotSame(socket, inner.MadeBy);
    }

    private sealed class Inner : IDbContextFactory<SqliteVaultDbContext>
    {
        public Thread? MadeBy { get; private set; }

        public SqliteVaultDbContext CreateDbContext()
        {
            MadeBy = Thread.CurrentThread;
            return new SqliteVaultDbContext(new DbContextOptionsBuilder<SqliteVaultDbContext>().UseSqlite("Data Source=:memory:").Options);
        }
    }
}
