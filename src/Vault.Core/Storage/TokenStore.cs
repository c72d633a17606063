using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Vault.Core.Authentication.Tokens;
using Vault.Core.Secrets;
using Vault.Core.Storage.Rows;

namespace Vault.Core.Storage;

/// <summary>Sealed tokens in the database.</summary>
internal sealed class TokenStore(IDbContextFactory<VaultDbContext> contexts, SecretSealer sealer) : ITokenStore
{
    // SQLSTATE: a unique index has it already; what it belongs to is gone; two wait for each other.
    private const string Duplicate = "23505";
    private const string NoParent = "23503";
    private const string Deadlock = "40P01";

    public async Task<IReadOnlyList<StoredToken>> FindAsync(TokenKey key, DateTimeOffset retiredSince, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var rows = await Of(context, key).AsNoTracking()
            .Where(row => row.RetiredAt == null || row.RetiredAt >= retiredSince)
            .ToListAsync(cancellationToken);
        await sealer.LearnKeysAsync(rows.Select(row => row.Sealed));

        // A token got under other settings or secrets is only of use for redaction.
        return [.. rows.Select(row => new StoredToken(
            row.Id, key with { Stamp = row.Stamp }, row.Version, row.Sealed, row.ObtainedAt, row.ExpiresAt, row.RetiredAt, row.IsRenewable))];
    }

    public async Task<ClaimOutcome> SaveAsync(StoredToken token, Guid consentRequest, long version, CancellationToken cancellationToken)
    {
        for (var tries = 0; ; tries++)
        {
            try
            {
                await using var context = await contexts.CreateDbContextAsync(cancellationToken);
                await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);

                // In the order of changes: whoever deletes the credential meanwhile has closed the request, or finds the token.
                await LockAsync(Of(context, token.Key).Where(row => row.RetiredAt == null), cancellationToken);
                var saved = await context.Tokens.Where(row => row.Id == token.Id).Select(row => new { row.RetiredAt }).FirstOrDefaultAsync(cancellationToken);
                if (saved is not null)
                {
                    // It was committed before, and the word of it was lost; or another one has taken its place since.
                    return saved.RetiredAt is null ? ClaimOutcome.Saved : ClaimOutcome.Refused;
                }

                if (await context.AuthorizationRequests.Where(row => row.Id == consentRequest).ExecuteDeleteAsync(cancellationToken) != 1)
                {
                    return ClaimOutcome.Refused;
                }

                if (await JudgeAsync(context, token, version, cancellationToken) is not ClaimOutcome.Saved and var outcome)
                {
                    return outcome;
                }

                await WriteAsync(context, token, cancellationToken);
                await transaction.CommitAsync(cancellationToken);
                return ClaimOutcome.Saved;
            }
            catch (DbUpdateException exception) when (exception.InnerException is DbException { SqlState: NoParent })
            {
                return ClaimOutcome.Refused;
            }
            catch (Exception exception) when ((exception as DbException ?? exception.InnerException) is DbException { SqlState: Duplicate or Deadlock } && tries < 5)
            {
                // Another process saved one for the same account in this moment: the one that comes later counts. Or a change of several accounts had its way first.
            }
        }
    }

    public async Task<ClaimOutcome> SaveAsync(StoredToken token, TokenClaim claim, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);

        // 1. Until this is committed nobody ends the account's tokens, takes the lease, or changes the secrets.
        if (!await (claim.Lease is { } lease ? HoldAsync(context, token.Key, lease, [.. claim.Secrets], cancellationToken) : AreInUseAsync(context, claim.Secrets, cancellationToken)))
        {
            return ClaimOutcome.Refused;
        }

        // 2. Nothing came in between.
        var inUse = await Of(context, token.Key).Where(row => row.RetiredAt == null && row.Stamp == token.Key.Stamp).Select(row => row.Id).ToListAsync(cancellationToken);
        if (inUse.Contains(token.Id))
        {
            // It was committed before, and the word of it was lost.
            return ClaimOutcome.Saved;
        }

        if (inUse.Exists(id => !claim.Seen.Contains(id)) || (claim.Predecessor is { } predecessor && !inUse.Contains(predecessor)))
        {
            return ClaimOutcome.Refused;
        }

        if (claim.Version is { } version && await JudgeAsync(context, token, version, cancellationToken) is not ClaimOutcome.Saved and var outcome)
        {
            return outcome;
        }

        try
        {
            await WriteAsync(context, token, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return ClaimOutcome.Saved;
        }
        catch (DbUpdateException exception) when (exception.InnerException is DbException { SqlState: Duplicate or NoParent })
        {
            return ClaimOutcome.Refused;
        }
    }

    // Until this is committed, nobody changes the external credential either.
    private static async Task<ClaimOutcome> JudgeAsync(VaultDbContext context, StoredToken token, long version, CancellationToken cancellationToken)
    {
        var versions = context.Database.IsNpgsql()
            ? await context.Database.SqlQuery<long>(
                $"""SELECT "Version" AS "Value" FROM external_credentials WHERE "Id" = {token.Key.ExternalCredentialId} FOR SHARE""").ToListAsync(cancellationToken)
            : await context.ExternalCredentials.Where(row => row.Id == token.Key.ExternalCredentialId).Select(row => row.Version).ToListAsync(cancellationToken);
        return versions switch
        {
            [] => ClaimOutcome.Refused,

            // Nobody would use it, find it or end it.
            _ when token.Key.NamedCredentialId is { } named && !await context.NamedCredentials.AnyAsync(row => row.Id == named, cancellationToken) => ClaimOutcome.Refused,
            [var current] when current == version => ClaimOutcome.Saved,
            _ => ClaimOutcome.OutOfDate,
        };
    }

    private static async Task<bool> HoldAsync(VaultDbContext context, TokenKey key, ITokenLease lease, Guid[] secrets, CancellationToken cancellationToken)
    {
        // In the order of changes, which lock the tokens that they end before they touch the secrets.
        await LockAsync(Of(context, key).Where(row => row.RetiredAt == null), cancellationToken);
        return (await context.Database.SqlQuery<int>(
                $"""SELECT 1 AS "Value" FROM token_leases WHERE "Account" = {lease.Account} AND "Take" = {lease.Take} FOR UPDATE""").ToListAsync(cancellationToken)).Count > 0
            && (await context.Database.SqlQuery<int>(
                $"""SELECT 1 AS "Value" FROM secrets WHERE "Id" = ANY({secrets}) AND "RetiredAt" IS NULL FOR SHARE""").ToListAsync(cancellationToken)).Count == secrets.Length;
    }

    // Without leases the database is one process's own, and the transaction the only one that writes.
    private static async Task<bool> AreInUseAsync(VaultDbContext context, IReadOnlyCollection<Guid> secrets, CancellationToken cancellationToken) =>
        await context.Secrets.CountAsync(row => secrets.Contains(row.Id) && row.RetiredAt == null, cancellationToken) == secrets.Count;

    /// <summary>Locks tokens for the transaction: what replaces one of them in this moment is committed by then, and later statements see it.</summary>
    internal static Task LockAsync(IQueryable<TokenRow> tokens, CancellationToken cancellationToken) =>
        tokens.ExecuteUpdateAsync(update => update.SetProperty(row => row.Version, row => row.Version), cancellationToken);

    private static async Task WriteAsync(VaultDbContext context, StoredToken token, CancellationToken cancellationToken)
    {
        await Of(context, token.Key)
            .Where(row => row.RetiredAt == null)
            .ExecuteUpdateAsync(update => update.SetProperty(row => row.RetiredAt, (DateTimeOffset?)token.ObtainedAt), cancellationToken);
        context.Tokens.Add(new TokenRow
        {
            Id = token.Id,
            ExternalCredentialId = token.Key.ExternalCredentialId,
            PrincipalId = token.Key.PrincipalId,
            User = token.Key.User,
            NamedCredentialId = token.Key.NamedCredentialId,
            Stamp = token.Key.Stamp,
            Version = token.Version,
            Sealed = token.Sealed,
            ObtainedAt = token.ObtainedAt,
            ExpiresAt = token.ExpiresAt,
            IsRenewable = token.IsRenewable,
        });
        await context.SaveChangesAsync(cancellationToken);
    }

    public async Task RetireAsync(Guid tokenId, DateTimeOffset at, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await context.Tokens
            .Where(row => row.Id == tokenId && row.RetiredAt == null)
            .ExecuteUpdateAsync(update => update.SetProperty(row => row.RetiredAt, (DateTimeOffset?)at), cancellationToken);
    }

    public async Task ExpireAsync(Guid tokenId, DateTimeOffset at, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await context.Tokens
            .Where(row => row.Id == tokenId && row.RetiredAt == null)
            .ExecuteUpdateAsync(update => update.SetProperty(row => row.ExpiresAt, (DateTimeOffset?)at), cancellationToken);
    }

    public async Task EndRenewalAsync(Guid tokenId, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await context.Tokens
            .Where(row => row.Id == tokenId && row.RetiredAt == null)
            .ExecuteUpdateAsync(update => update.SetProperty(row => row.IsRenewable, false), cancellationToken);
    }

    public bool IsUnavailable(Exception exception) => StorageFaults.IsUnavailable(exception);

    private static IQueryable<TokenRow> Of(VaultDbContext context, TokenKey key) => context.Tokens.Where(row =>
        row.ExternalCredentialId == key.ExternalCredentialId && row.PrincipalId == key.PrincipalId && row.User == key.User
        && row.NamedCredentialId == key.NamedCredentialId);
}
