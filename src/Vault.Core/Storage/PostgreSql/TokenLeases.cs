using System.Security.Cryptography;
using System.Text;
using Npgsql;
using Vault.Core.Authentication.Tokens;

namespace Vault.Core.Storage.PostgreSql;

/// <summary>
/// Leases in a table, taken by compare-and-swap. One ends when it is given back, when its replica has given no sign of life for five
/// seconds, and at the latest when no sign-in can be under way any more; all by the clock of the database.
/// </summary>
internal sealed class TokenLeases(PostgreSqlConnections connections, ReplicaFeed replica) : ITokenLeases
{
    private const string Life = "interval '45 seconds'";

    private static readonly string Take =
        $"""
        INSERT INTO token_leases AS lease ("Account", "Replica", "ExpiresAt") VALUES ($1, $2, clock_timestamp() + {Life})
        ON CONFLICT ("Account") DO UPDATE SET "Replica" = $2, "ExpiresAt" = clock_timestamp() + {Life}
        WHERE lease."ExpiresAt" < clock_timestamp()
            OR NOT EXISTS (SELECT 1 FROM replicas WHERE "Id" = lease."Replica" AND "SeenAt" > clock_timestamp() - {ReplicaFeed.Patience})
        RETURNING 1
        """;

    /// <inheritdoc />
    public async Task<ITokenLease?> TryTakeAsync(TokenKey key, CancellationToken cancellationToken)
    {
        var account = Account(key);
        return await ExecuteAsync(Take, account, cancellationToken) is not null ? new Lease(this, account) : null;
    }

    // Whatever the stamp: what renews a token may outlive a change of the settings.
    private static string Account(TokenKey key) => Convert.ToHexStringLower(SHA256.HashData(
        Encoding.UTF8.GetBytes($"{key.ExternalCredentialId:N} {key.PrincipalId:N} {key.NamedCredentialId:N} {key.User}")));

    private async Task<object?> ExecuteAsync(string sql, string account, CancellationToken cancellationToken)
    {
        await using var command = connections.Pooled.CreateCommand(sql);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = account });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = replica.Id });
        return await command.ExecuteScalarAsync(cancellationToken);
    }

    private sealed class Lease(TokenLeases leases, string account) : ITokenLease
    {
        public async Task<bool> IsHeldAsync(CancellationToken cancellationToken) =>
            await leases.ExecuteAsync("""SELECT 1 FROM token_leases WHERE "Account" = $1 AND "Replica" = $2""", account, cancellationToken) is not null;

        public async ValueTask DisposeAsync()
        {
            try
            {
                await leases.ExecuteAsync("""DELETE FROM token_leases WHERE "Account" = $1 AND "Replica" = $2""", account, CancellationToken.None);
            }
            catch (Exception exception) when (StorageFaults.IsUnavailable(exception))
            {
                // It ends by itself.
            }
        }
    }
}
