using Microsoft.EntityFrameworkCore;
using Vault.Core.Authentication.Tokens;
using Vault.Core.Storage.Rows;

namespace Vault.Core.Storage;

/// <summary>Sealed tokens in the database.</summary>
internal sealed class TokenStore(IDbContextFactory<VaultDbContext> contexts) : ITokenStore
{
    public async Task<IReadOnlyList<StoredToken>> FindAsync(TokenKey key, DateTimeOffset retiredSince, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var rows = await Of(context, key).AsNoTracking()
            .Where(row => row.RetiredAt == null || row.RetiredAt >= retiredSince)
            .ToListAsync(cancellationToken);

        // A token got under other settings or secrets is only of use for redaction.
        return [.. rows.Select(row => new StoredToken(
            row.Id, key with { Stamp = row.Stamp }, row.Version, row.Sealed, row.ObtainedAt, row.ExpiresAt, row.RetiredAt, row.IsRenewable))];
    }

    public Task SaveAsync(StoredToken token, CancellationToken cancellationToken) => SaveAsync(token, null, cancellationToken);

    public Task ReplaceAsync(StoredToken token, Guid predecessor, CancellationToken cancellationToken) => SaveAsync(token, predecessor, cancellationToken);

    private async Task SaveAsync(StoredToken token, Guid? predecessor, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        if (predecessor is { } id
            && !await Of(context, token.Key).AnyAsync(row => row.Id == id && row.RetiredAt == null && row.Stamp == token.Key.Stamp, cancellationToken))
        {
            return;
        }

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
        await transaction.CommitAsync(cancellationToken);
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

    private static IQueryable<TokenRow> Of(VaultDbContext context, TokenKey key) => context.Tokens.Where(row =>
        row.ExternalCredentialId == key.ExternalCredentialId && row.PrincipalId == key.PrincipalId && row.User == key.User
        && row.NamedCredentialId == key.NamedCredentialId);
}
