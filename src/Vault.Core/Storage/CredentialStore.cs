using Microsoft.EntityFrameworkCore;
using Vault.Core.Authentication.Credentials;
using Vault.Core.Secrets;

namespace Vault.Core.Storage;

/// <summary>Sealed parameters in the database.</summary>
internal sealed class CredentialStore(IDbContextFactory<VaultDbContext> contexts, SecretSealer sealer) : ICredentialStore
{
    public async Task<IReadOnlyList<SealedParameter>> LoadAsync(
        Guid externalCredentialId, Guid principalId, string user, DateTimeOffset retiredSince, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var parameters = await context.Secrets.AsNoTracking()
            .Where(row => row.ExternalCredentialId == externalCredentialId && row.PrincipalId == principalId && (row.User == user || row.User == "")
                && (row.RetiredAt == null || row.RetiredAt >= retiredSince))
            .Select(row => new SealedParameter(row.Id, row.User, row.Name, row.Version, row.Sealed, row.UpdatedAt, row.RetiredAt))
            .ToListAsync(cancellationToken);
        await sealer.LearnKeysAsync(parameters.Select(parameter => parameter.Sealed));
        return parameters;
    }

    public async Task<long?> VersionOfAsync(Guid externalCredentialId, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.ExternalCredentials.Where(row => row.Id == externalCredentialId).Select(row => (long?)row.Version).SingleOrDefaultAsync(cancellationToken);
    }

    public bool IsUnavailable(Exception exception) => StorageFaults.IsUnavailable(exception);
}
