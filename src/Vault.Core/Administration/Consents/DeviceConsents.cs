using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Vault.Core.Administration.Secrets;
using Vault.Core.Authentication;
using Vault.Core.Authentication.Tokens;
using Vault.Core.Definitions;
using Vault.Core.Primitives;
using Vault.Core.Storage;
using Vault.Core.Storage.Rows;

namespace Vault.Core.Administration.Consents;

/// <summary>Begins consents on another device (RFC 8628), and asks until they are given.</summary>
public sealed partial class DeviceConsents(
    Accounts accounts, TokenSource tokens, DefinitionCatalog definitions, IDefinitionReading reading, IDbContextFactory<VaultDbContext> contexts, ConsentKeeping keeping, TimeProvider time,
    ILogger<DeviceConsents> logger)
{
    private const string Closed = "The secrets were changed, or a newer request took its place.";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>Begins; what comes of it is kept as soon as the person has entered the code.</summary>
    internal async Task<Result<ConsentRequest>> BeginAsync(IConsentProtocol protocol, TokenRequest request, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Limit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        var start = await protocol.BeginDeviceAsync(tokens.Consents.ContextOf(request), both.Token);
        if (!start.IsOk)
        {
            return start.Error;
        }

        // The row says that this consent is open; a change of the secrets, or a newer one, closes it.
        var row = new AuthorizationRequestRow
        {
            Id = Guid.NewGuid(),

            // Nobody comes back with a state. The code is the server's own to choose, and may be the same as another's.
            StateHash = ConsentKeeping.NoState(),
            ExternalCredentialId = request.Credential.Definition.Id,
            PrincipalId = request.PrincipalId,
            User = request.User,
            ExpiresAt = start.Value.ExpiresAt,
        };
        await using (var database = await contexts.CreateDbContextAsync(cancellationToken))
        {
            await database.AuthorizationRequests
                .Where(older => older.ExternalCredentialId == row.ExternalCredentialId && older.PrincipalId == row.PrincipalId && older.User == row.User)
                .ExecuteDeleteAsync(cancellationToken);
            database.AuthorizationRequests.Add(row);
            await database.SaveChangesAsync(cancellationToken);
        }

        _ = Task.Run(() => PollAsync(request, start.Value, row.Id), CancellationToken.None);
        return new ConsentRequest(null, start.Value.VerificationUri, start.Value.UserCode, start.Value.ExpiresAt);
    }

    private async Task PollAsync(TokenRequest begun, DeviceStart start, Guid rowId)
    {
        var name = begun.Credential.Definition.Name.Value;
        try
        {
            TokenSet? given = null;
            var interval = start.Interval;
            var (began, life) = (time.GetTimestamp(), start.ExpiresAt - time.GetUtcNow());
            while (time.GetElapsedTime(began) < life)
            {
                await Task.Delay(interval, time);
                try
                {
                    if (given is null && !await IsOpenAsync(rowId))
                    {
                        LogFailed(logger, name, ErrorCodes.TokenRequestFailed, Closed);
                        return;
                    }

                    // By what is in force now: a day may have gone by.
                    var current = await RequestAsync(begun);
                    if (current.Error is { Code: ErrorCodes.StorageUnavailable })
                    {
                        continue;
                    }

                    if (!current.IsOk)
                    {
                        LogFailed(logger, name, current.Error.Code, current.Error.Detail);
                        return;
                    }

                    var (protocol, request) = current.Value;
                    if (given is null)
                    {
                        using var limit = new CancellationTokenSource(Limit, time);
                        var progress = await protocol.PollAsync(tokens.Consents.ContextOf(request), start, limit.Token);
                        if (!progress.IsOk)
                        {
                            LogFailed(logger, name, progress.Error.Code, progress.Error.Detail);
                            return;
                        }

                        interval += progress.Value.SlowDown ? TimeSpan.FromSeconds(5) : TimeSpan.Zero;
                        given = progress.Value.Token;
                    }

                    if (given is not null)
                    {
                        if (!await keeping.KeepAsync(rowId, request, given))
                        {
                            LogFailed(logger, name, ErrorCodes.TokenRequestFailed, Closed);
                        }

                        return;
                    }
                }
                catch (Exception exception) when (StorageFaults.IsUnavailable(exception))
                {
                    // The code is good for longer than that. A token that came is kept once the database is back.
                }
            }

            LogFailed(logger, name, ErrorCodes.TokenRequestFailed, "Nobody entered the code in time.");
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // A boundary: nobody waits for this task.
            LogFailed(logger, name, ErrorCodes.TokenRequestFailed, exception.GetType().Name);
        }
    }

    private async Task<Result<(IConsentProtocol Protocol, TokenRequest Request)>> RequestAsync(TokenRequest begun)
    {
        var all = await reading.OfAllAsync(() => ValueTask.FromResult(definitions.Current), CancellationToken.None);
        if (!all.IsOk)
        {
            return all.Error;
        }

        var changed = new VaultError(ErrorCodes.TokenRequestFailed, "The credential was changed since.");
        if (accounts.Find(all.Value, begun.Credential.Definition.Id, begun.PrincipalId, begun.User) is not { Credential.Authentication.Consent: { } protocol } account)
        {
            return changed;
        }

        var request = await accounts.RequestAgainAsync(account, begun.Key, CancellationToken.None);
        return !request.IsOk ? request.Error : request.Value.Key != begun.Key ? changed : (protocol, request.Value);
    }

    private async Task<bool> IsOpenAsync(Guid rowId)
    {
        await using var database = await contexts.CreateDbContextAsync();
        return await database.AuthorizationRequests.AnyAsync(row => row.Id == rowId);
    }

    [LoggerMessage(5203, LogLevel.Warning, "A consent for the external credential {Credential} failed: {Code}, {Detail}")]
    private static partial void LogFailed(ILogger logger, string credential, string code, string detail);
}
