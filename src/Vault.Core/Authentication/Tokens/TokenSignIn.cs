using Microsoft.Extensions.Logging;
using Vault.Core.Audit;
using Vault.Core.Authentication.SignIns;
using Vault.Core.Egress;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Tokens;

/// <summary>One sign-in: what the store has, else what the service gives, saved and recorded.</summary>
internal sealed partial class TokenSignIn(TokenKeeping keeping, UpstreamConnections connections, AuditLog audit, ITokenLeases? leases, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan SignInLimit = TimeSpan.FromSeconds(30);

    // A sign-in of another process, and what it takes to find out that the process is gone.
    private static readonly TimeSpan LongestWait = SignInLimit + TimeSpan.FromSeconds(20);
    private static readonly TimeSpan LookPace = TimeSpan.FromMilliseconds(100);

    /// <summary>Nothing was asked for: what was got before is saved, or overtaken. Whoever waits begins anew.</summary>
    public static readonly VaultError NotTried = new(ErrorCodes.TokenRequestFailed, "Another token was being saved.");

    /// <summary>Gets a token for the slot.</summary>
    public async Task<Result<TokenSet>> ObtainAsync(SignInRun run)
    {
        if (!run.Slot.IsLoaded && await keeping.LoadAsync(run.Request, run.Key, run.Slot) is { } stored && !run.IsForced && run.Slot.Unsaved is null)
        {
            return stored;
        }

        return leases is null
            ? await SignInAsync(run, lease: null) ?? throw new InvalidOperationException("There is no lease that could be lost.")
            : await ShareAsync(leases, run);
    }

    // One process signs in; the others take its token from the store. Whoever has the lease looks there once more, too.
    private async Task<Result<TokenSet>> ShareAsync(ITokenLeases shared, SignInRun run)
    {
        var (request, key, slot, _) = run;
        var isForced = run.IsForced;
        for (var began = time.GetTimestamp(); time.GetElapsedTime(began) < LongestWait;)
        {
            await using (var lease = await shared.TryTakeAsync(key, CancellationToken.None))
            {
                if (await keeping.CatchUpAsync(request, key, slot) is { } theirs && !isForced)
                {
                    return theirs;
                }

                if (lease is not null && await SignInAsync(run with { IsForced = isForced }, lease) is { } result)
                {
                    return result;
                }

                // What was got under a lease that was lost is fresh enough.
                isForced &= slot.Unsaved is null;
            }

            await Task.Delay(LookPace, time);
        }

        return new VaultError(ErrorCodes.TokenRequestFailed, "Another replica has been signing in for too long.");
    }

    private async Task<Result<TokenSet>?> SignInAsync(SignInRun run, ITokenLease? lease)
    {
        try
        {
            return await SignInNowAsync(run, lease);
        }
        finally
        {
            // Nobody else must try with what was traded in.
            lease?.IsAbandoned = run.Slot.Unsaved is not null;
        }
    }

    // Null: the lease was lost on the way; what was got waits in the slot, to be saved under the next one.
    private async Task<Result<TokenSet>?> SignInNowAsync(SignInRun run, ITokenLease? lease)
    {
        // 1. What was got before and isn't saved.
        var (request, key, slot, generation) = run;
        if (slot.Unsaved is { } before)
        {
            switch (await keeping.SaveAsync(request, key, slot, before, generation, lease))
            {
                case SaveOutcome.LeaseLost:
                    return null;
                case SaveOutcome.Kept:
                    lock (slot.Gate)
                    {
                        if (slot.Generation != generation && slot.Current is { } consented)
                        {
                            // A person has consented meanwhile: theirs counts.
                            return consented;
                        }

                        if (slot.Current is { } replaced && replaced.Id != before.Token.Id)
                        {
                            slot.Retire(replaced, time.GetUtcNow());
                        }

                        (slot.Current, slot.Previous) = (before.Token, null);
                        slot.Seen = [before.Token.Id];
                    }

                    if (!run.IsForced && !before.Token.IsExpired(time.GetUtcNow()))
                    {
                        return before.Token;
                    }

                    break;
                default:
                    // Another process has a newer one, or the secrets were changed: it goes on with what there is.
                    if (await keeping.CatchUpAsync(request, key, slot) is { } newer && !run.IsForced)
                    {
                        return newer;
                    }

                    break;
            }
        }

        if (run.IsSavedOnly)
        {
            return NotTried;
        }

        lock (slot.Gate)
        {
            if (slot.Generation != generation && slot.Current is { } given && !given.IsExpired(time.GetUtcNow()))
            {
                // What renews a consent that came meanwhile isn't used up for this.
                return given;
            }
        }

        // 2. A new one. The wait for the lease may have been long ago: it has to last for all of this.
        var protocol = request.Credential.Authentication.Tokens ?? throw new InvalidOperationException("This protocol has no tokens.");
        if (lease is not null && !await lease.RenewAsync(CancellationToken.None))
        {
            return null;
        }

        var (at, started) = (time.GetUtcNow(), time.GetTimestamp());
        using var limit = new CancellationTokenSource(SignInLimit, time);
        var acquisition = Acquisition(request, slot, run.Trace);
        var acquired = await protocol.AcquireAsync(acquisition, limit.Token);
        if (!acquired.IsOk)
        {
            Record(request, at, time.GetElapsedTime(started), acquired.Error);
            LogSignInFailed(logger, request.Credential.Definition.Name.Value, acquired.Error.Code, acquired.Error.Detail);
            if (acquired.Error.IsGrantGone && acquisition.Previous is { IsRenewable: true } refused)
            {
                await keeping.EndRenewalAsync(slot, refused);
            }

            return acquired;
        }

        // 3. In the slot before anything that can fail: a refresh token that was traded in may be gone for good.
        UnsavedToken unsaved;
        lock (slot.Gate)
        {
            var predecessor = (slot.Current ?? slot.Previous)?.Id;
            slot.Got = acquired.Value.Id;
            slot.Unsaved = unsaved = new UnsavedToken(
                acquired.Value, predecessor, acquisition.Previous is { IsRenewable: true }, predecessor is { } known ? [.. slot.Seen, known] : slot.Seen);
        }

        Record(request, at, time.GetElapsedTime(started), null);
        LogSignedIn(logger, request.Credential.Definition.Name.Value);
        var outcome = await keeping.SaveAsync(request, key, slot, unsaved, generation, lease);
        if (outcome is SaveOutcome.LeaseLost)
        {
            return null;
        }

        if (outcome is SaveOutcome.Overtaken)
        {
            // Where this process was frozen and another one signed in, everybody goes on with that one's.
            if (await keeping.CatchUpAsync(request, key, slot) is { } theirs)
            {
                return theirs;
            }

            lock (slot.Gate)
            {
                slot.Unkept = acquired.Value;
            }
        }

        return acquired;
    }

    /// <summary>Tells the service that a token is no longer used, if its protocol can.</summary>
    public Task EndAsync(TokenRequest request, StoredToken stored, CancellationToken cancellationToken) =>
        request.Credential.Authentication.Tokens is { CanEnd: true } && keeping.Open(request, stored) is { } token ? EndAsync(request, token, cancellationToken) : Task.CompletedTask;

    /// <summary>The same of one that isn't stored.</summary>
    public async Task EndAsync(TokenRequest request, TokenSet token, CancellationToken cancellationToken)
    {
        if (request.Credential.Authentication.Tokens is { CanEnd: true } protocol
            && await protocol.EndAsync(Acquisition(request, token, false, null), cancellationToken) is { } error)
        {
            LogEndFailed(logger, request.Credential.Definition.Name.Value, error.Code, error.Detail);
        }
    }

    /// <summary>What a sign-in of this account needs.</summary>
    public TokenAcquisition Acquisition(TokenRequest request, TokenSet? previous, bool isDoubtful, SignInTrace? trace) => new(
        request.Credential, request.Parameters, request.User, request.NamedCredentialUrl, request.Http ?? connections.Invoker,
        url => url.Scheme != Uri.UriSchemeHttps && !connections.AllowHttp ? "would be reached over http, which this vault doesn't allow (Vault:Egress:AllowHttp)"
            : request.Credential.Definition.AllowedHosts?.Any(host => host.Matches(url)) is true ? null
            : "is not in allowedHosts",
        time)
    {
        Previous = previous,
        IsPreviousDoubtful = isDoubtful,
        ShownUrl = request.ShownUrl,
        Trace = trace,
    };

    private TokenAcquisition Acquisition(TokenRequest request, TokenSlot slot, SignInTrace? trace)
    {
        lock (slot.Gate)
        {
            return Acquisition(request, slot.Unsaved?.Token ?? slot.Current ?? slot.Previous, slot.IsPreviousDoubtful, trace);
        }
    }

    private void Record(TokenRequest request, DateTimeOffset at, TimeSpan took, VaultError? error)
    {
        var definition = request.Credential.Definition;
        audit.Note(new AuditEvent(
            Guid.CreateVersion7().ToString("N"), at, "vault", "token.refresh", definition.Name.Value, error is null ? AuditOutcomes.Success : AuditOutcomes.Failed)
        {
            Principal = request.PrincipalName,
            User = request.User.Length == 0 ? null : request.User,
            Code = error?.Code,
            DurationMs = Math.Round(took.TotalMilliseconds, 1),
        });
    }

    [LoggerMessage(4001, LogLevel.Information, "Signed in for the external credential {Credential}.")]
    private static partial void LogSignedIn(ILogger logger, string credential);

    [LoggerMessage(4002, LogLevel.Warning, "The sign-in for the external credential {Credential} failed: {Code}, {Detail}")]
    private static partial void LogSignInFailed(ILogger logger, string credential, string code, string detail);

    [LoggerMessage(4004, LogLevel.Warning, "The service of the external credential {Credential} could not be told that a token is no longer used: {Code}, {Detail}")]
    private static partial void LogEndFailed(ILogger logger, string credential, string code, string detail);
}
