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
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(10);

    /// <summary>What a state is found by; it is good for a consent, so it isn't in the database itself.</summary>
    internal static string HashOf(string state) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(state)));

    /// <summary>The hash of a state that nobody has.</summary>
    internal static string NoState() => HashOf(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)));

    /// <summary>Closes a request.</summary>
    internal async Task CloseAsync(Guid rowId)
    {
        await using var database = await contexts.CreateDbContextAsync();
        await database.AuthorizationRequests.Where(row => row.Id == rowId).ExecuteDeleteAsync();
    }

    /// <summary>Keeps a token that a person consented to, and closes the request.</summary>
    /// <returns>False: it was closed already, and nothing is kept; the service is told so.</returns>
    internal async Task<bool> KeepAsync(Guid rowId, TokenRequest request, TokenSet token)
    {
        // Under the client that consent was given to: if it was replaced meanwhile, the token is never used.
        if (!await tokens.Consents.PutAsync(request, token, rowId))
        {
            await EndAsync(request, token);
            return false;
        }

        audit.Note(new AuditEvent(
            Guid.CreateVersion7().ToString("N"), time.GetUtcNow(), "vault", "consent.given", request.Credential.Definition.Name.Value, AuditOutcomes.Success)
        {
            Principal = request.PrincipalName,
            User = request.User.Length == 0 ? null : request.User,
        });
        LogGiven(logger, request.Credential.Definition.Name.Value);
        if (shared is not null)
        {
            try
            {
                // Other replicas remember that there was none.
                await shared.TellAsync(new Changed(ChangeKind.Secrets, request.Credential.Definition.Id.ToString()), CancellationToken.None);
            }
            catch (Exception exception) when (StorageFaults.IsUnavailable(exception))
            {
                // They look for it themselves before they ask for consent. It is given, whoever heard of it.
                LogUntold(logger, request.Credential.Definition.Name.Value, exception.GetType().Name);
            }
        }

        return true;
    }

    // Whoever closed the request, by deleting the secrets say, could not end what wasn't there yet.
    private async Task EndAsync(TokenRequest request, TokenSet token)
    {
        try
        {
            using var limit = new CancellationTokenSource(EndLimit, time);
            await tokens.Consents.EndAsync(request, token, limit.Token);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // A boundary: nothing is kept, and that has to be said, whatever the service does.
            LogNotEnded(logger, request.Credential.Definition.Name.Value, exception.GetType().Name);
        }
    }

    [LoggerMessage(5201, LogLevel.Information, "Consent was given for the external credential {Credential}.")]
    private static partial void LogGiven(ILogger logger, string credential);

    [LoggerMessage(5204, LogLevel.Warning, "Other replicas could not be told of a consent for the external credential {Credential}: {Fault}.")]
    private static partial void LogUntold(ILogger logger, string credential, string fault);

    [LoggerMessage(5205, LogLevel.Warning, "The service of the external credential {Credential} could not be told that a consent is not used: {Fault}.")]
    private static partial void LogNotEnded(ILogger logger, string credential, string fault);
}
