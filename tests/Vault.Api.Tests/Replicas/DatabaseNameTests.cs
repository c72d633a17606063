using Microsoft.Extensions.Logging.Abstractions;
using Vault.Core.Access;
using Vault.Core.Secrets;
using Vault.Core.Storage.PostgreSql;
using Xunit;

namespace Vault.Api.Tests.Replicas;

/// <summary>A database whose host isn't found any more while the vault starts.</summary>
public sealed class DatabaseNameTests
{
    [Fact]
    public async Task HostThatIsNotFound_IsSaidToBeTheDatabases()
    {
        await using var connections = new PostgreSqlConnections("Host=no-such-host.invalid;Database=vault;Username=vault;Password=the-password-of-the-database");
        using var feed = new ReplicaFeed(connections, null!, new LiveReplicas(), TimeProvider.System, NullLogger<ReplicaFeed>.Instance);
        var fault = await Assert.ThrowsAsync<VaultStartException>(() => feed.StartAsync(CancellationToken.None));
        Assert.Contains("'vault' on no-such-host.invalid:5432 (ConnectionStrings:Vault)", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("the-password", fault.Message, StringComparison.Ordinal);
    }
}
