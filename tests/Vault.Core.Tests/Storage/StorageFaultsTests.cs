using System.Security.Authentication;
using Npgsql;
using Vault.Core.Storage;
using Xunit;

namespace Vault.Core.Tests.Storage;

/// <summary>What operators are told of a database that can't be used.</summary>
public sealed class StorageFaultsTests
{
    public static TheoryData<string, Exception> Faults => new()
    {
        { "SSL connection requested. No SSL enabled connection from this host is configured", new NpgsqlException("SSL connection requested. No SSL enabled connection from this host is configured.") },
        { "The certificate isn't trusted", new NpgsqlException("Exception while performing SSL handshake", new AuthenticationException("The certificate isn't trusted.")) },
        { "no answer in time", new NpgsqlException("The operation has timed out", new TimeoutException()) },
        { "NpgsqlException", new NpgsqlException("Exception while reading", new InvalidCastException()) },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void Reason_SaysWhatIsWrong(string reason, Exception fault) => Assert.Equal(reason, StorageFaults.Reason(fault));
}
