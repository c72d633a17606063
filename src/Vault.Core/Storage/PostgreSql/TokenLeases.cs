using System.Collections.Concurrent;
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

    private const string Renew =
        $"""UPDATE token_leases SET "ExpiresAt" = clock_timestamp() + {Life} WHERE "Account" = $1 AND "Take" = $2 AND "ExpiresAt" > clock_timestamp() RETURNING 1""";

    private const string GiveBack = """DELETE FROM token_leases WHERE "Account" = $1 AND "Take" = $2""";

    // What this replica couldn't give back it may take again: those that it holds are known here.
    private const string TakeIt =
        $"""
        INSERT INTO token_leases AS lease ("Account", "Take", "Replica", "ExpiresAt") VALUES ($1, $2, $3, clock_timestamp() + {Life})
        ON CONFLICT ("Account") DO UPDATE SET "Take" = $2, "Replica" = $3, "ExpiresAt" = clock_timestamp() + {Life}
        WHERE lease."ExpiresAt" < clock_timestamp() OR lease."ExpiresAt" > clock_timestamp() + 2 * {Life} OR lease."Replica" = $3
            OR ($4 AND NOT EXISTS (SELECT 1 FROM replicas WHERE "Id" = lease."Replica" AND {ReplicaFeed.IsAlive}))
        RETURNING 1
        """;

    private readonly ConcurrentDictionary<string, Guid> _held = new(StringComparer.Ordinal);

    /// <inheritdoc />
    public async Task<ITokenLease?> TryTakeAsync(TokenKey key, CancellationToken cancellationToken)
    {
        var lease = new Lease(this, Account(key), Guid.NewGuid());
        if (!_held.TryAdd(lease.Account, lease.Take))
        {
            return null;
        }

        var isTaken = false;
        try
        {
            isTaken = await ExecuteAsync(TakeIt, lease, cancellationToken, replica.Id, replica.MayJudge) is not null;
            return isTaken ? lease : null;
        }
        finally
        {
            if (!isTaken)
            {
                _held.TryRemove(lease.Account, out _);
            }
        }
    }

    // Whatever the stamp: what renews a token may outlive a change of the settings.
    private static string Account(TokenKey key) => Convert.ToHexStringLower(SHA256.HashData(
        Encoding.UTF8.GetBytes($"{key.ExternalCredentialId:N} {key.PrincipalId:N} {key.NamedCredentialId:N} {key.User}")));

    private async Task<object?> ExecuteAsync(string sql, Lease lease, CancellationToken cancellationToken, params object[] more)
    {
        await using var command = connections.Pooled.CreateCommand(sql);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = lease.Account });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = lease.Take });
        foreach (var value in more)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        return await command.ExecuteScalarAsync(cancellationToken);
    }

    private sealed class Lease(TokenLeases leases, string account, Guid take) : ITokenLease
    {
        public string Account => account;

        public Guid Take => take;

        public bool IsAbandoned { get; set; }

        public async Task<bool> RenewAsync(CancellationToken cancellationToken) => await leases.ExecuteAsync(Renew, this, cancellationToken) is not null;

        public async ValueTask DisposeAsync()
        {
            try
            {
                if (!IsAbandoned)
                {
                    await leases.ExecuteAsync(GiveBack, this, CancellationToken.None);
                }
            }
            catch (Exception exception) when (StorageFaults.IsUnavailable(exception))
            {
                // It ends by itself, or is taken again from here.
            }
            finally
            {
                leases._held.TryRemove(account, out _);
            }
        }
    }
}
