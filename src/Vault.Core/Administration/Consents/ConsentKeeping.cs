using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Vault.Core.Audit;
using Vault.Core.Authentication.Tokens;
using Vault.Core.Storage;

namespace Vault.Core.Administration.Consents;

/// <summary>Closes what was asked for, and keeps what was given.</summary>
public sealed partial class ConsentKeeping(
    TokenSource tokens, IDbContextFactory<VaultDbContext> contexts, AuditLog audit, TimeProvider time, ILogger<ConsentKeeping> logger, ISharedChanges? shared = null)
{
    /// <summary>What a state is found by; it is good for a consent, so it isn't in the database itself.</summary>
    internal static string HashOf(string state) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(state)));

    /// <summary>The hash of a state that nobody has.</summary>
    internal static string NoState() => HashOf(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)));

    /// <summary>Closes a request; false: it was closed already, by a change of the secrets or by a newer one.</summary>
    internal async Task<bool> CloseAsync(Guid rowId)
    {
        await using var database = await contexts.CreateDbContextAsync();
        return await database.AuthorizationRequests.Where(row => row.Id == rowId).ExecuteDeleteAsync() == 1;
    }

    /// <summary>Keeps a token that a person consented to.</summary>
    internal async Task KeepAsync(TokenRequest request, TokenSet token)
    {
        // Under the client that consent was given to: if it was replaced meanwhile, the token is never used.
        await tokens.PutAsync(request, token, CancellationToken.None);
        if (shared is not null)
        {
            // Other replicas remember that there was none.
            await shared.TellAsync(new Changed(ChangeKind.Secrets, request.Credential.Definition.Id.ToString()), CancellationToken.None);
        }

        audit.Note(new AuditEvent(
            Guid.CreateVersion7().ToString("N"), time.GetUtcNow(), "vault", "consent.given", request.Credential.Definition.Name.Value, AuditOutcomes.Success)
        {
            Principal = request.PrincipalName,
            User = request.User.Length == 0 ? null : request.User,
        });
        LogGiven(logger, request.Credential.Definition.Name.Value);
    }

    [LoggerMessage(5201, LogLevel.Information, "Consent was given for the external credential {Credential}.")]
    private static partial void LogGiven(ILogger logger, string credential);
}
