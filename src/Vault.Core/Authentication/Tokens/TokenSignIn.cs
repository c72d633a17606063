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

    /// <summary>Gets a token for the slot.</summary>
    /// <param name="request">Whose token.</param>
    /// <param name="key">Of the slot.</param>
    /// <param name="slot">What is known in memory.</param>
    /// <param name="isForced">Whether it has to be a fresh one.</param>
    /// <param name="trace">Collects what happens; null: nobody looks.</param>
    public async Task<Result<TokenSet>> ObtainAsync(TokenRequest request, TokenKey key, TokenSlot slot, bool isForced, SignInTrace? trace)
    {
        if (slot.After is { } before)
        {
            // A sign-in that was under way when the slot was evicted may be using up what renews the token.
            await before;
            slot.After = null;
        }

        if (!slot.IsLoaded && await keeping.LoadAsync(request, key, slot) is { } stored && !isForced)
        {
            return stored;
        }

        return leases is null
            ? await SignInAsync(request, key, slot, isForced, trace, lease: null)
            : await ShareAsync(leases, request, key, slot, isForced, trace);
    }

    // One process signs in; the others take its token from the store. Whoever has the lease looks there once more, too.
    private async Task<Result<TokenSet>> ShareAsync(
        ITokenLeases shared, TokenRequest request, TokenKey key, TokenSlot slot, bool isForced, SignInTrace? trace)
    {
        for (var until = time.GetUtcNow() + LongestWait; time.GetUtcNow() < until;)
        {
            await using (var lease = await shared.TryTakeAsync(key, CancellationToken.None))
            {
                if (await keeping.CatchUpAsync(request, key, slot) is { } theirs && !isForced)
                {
                    return theirs;
                }

                if (lease is not null)
                {
                    return await SignInAsync(request, key, slot, isForced, trace, lease);
                }
            }

            await Task.Delay(LookPace, time);
        }

        return new VaultError(ErrorCodes.TokenRequestFailed, "Another replica has been signing in for too long.");
    }

    private async Task<Result<TokenSet>> SignInAsync(
        TokenRequest request, TokenKey key, TokenSlot slot, bool isForced, SignInTrace? trace, ITokenLease? lease)
    {
        var generation = slot.Generation;
        if (slot.Unsaved is { } unsaved)
        {
            await keeping.SaveAsync(request, key, slot, unsaved, generation);
            lock (slot.Gate)
            {
                slot.Current = unsaved;
            }

            if (!isForced && !unsaved.IsExpired(time.GetUtcNow()))
            {
                return unsaved;
            }
        }

        var protocol = request.Credential.Authentication.Tokens ?? throw new InvalidOperationException("This protocol has no tokens.");
        var started = time.GetUtcNow();
        using var limit = new CancellationTokenSource(SignInLimit, time);
        var acquired = await protocol.AcquireAsync(Acquisition(request, slot, trace), limit.Token);
        if (!acquired.IsOk)
        {
            Record(request, started, acquired.Error);
            LogSignInFailed(logger, request.Credential.Definition.Name.Value, acquired.Error.Code, acquired.Error.Detail);
            return acquired;
        }

        if (lease is not null && !await lease.IsHeldAsync(CancellationToken.None) && await keeping.CatchUpAsync(request, key, slot) is { } newer)
        {
            // This process was frozen, and another one signed in: everybody goes on with that one's.
            return newer;
        }

        await keeping.SaveAsync(request, key, slot, acquired.Value, generation);
        Record(request, started, null);
        LogSignedIn(logger, request.Credential.Definition.Name.Value);
        return acquired;
    }

    /// <summary>Tells the service that a token is no longer used, if its protocol can.</summary>
    public async Task EndAsync(TokenRequest request, StoredToken stored, CancellationToken cancellationToken)
    {
        if (request.Credential.Authentication.Tokens is { CanEnd: true } protocol
            && keeping.Open(request, stored) is { } token
            && await protocol.EndAsync(Acquisition(request, token, false, null), cancellationToken) is { } error)
        {
            LogEndFailed(logger, request.Credential.Definition.Name.Value, error.Code, error.Detail);
        }
    }

    /// <summary>What a sign-in of this account needs.</summary>
    public TokenAcquisition Acquisition(TokenRequest request, TokenSet? previous, bool isDoubtful, SignInTrace? trace) => new(
        request.Credential, request.Parameters, request.User, request.NamedCredentialUrl, request.Http ?? connections.Invoker,
        url => (url.Scheme == Uri.UriSchemeHttps || connections.AllowHttp)
            && request.Credential.Definition.AllowedHosts?.Any(host => host.Matches(url)) is true,
        time)
    {
        Previous = previous,
        IsPreviousDoubtful = isDoubtful,
        Trace = trace,
    };

    private TokenAcquisition Acquisition(TokenRequest request, TokenSlot slot, SignInTrace? trace)
    {
        lock (slot.Gate)
        {
            return Acquisition(request, slot.Unsaved ?? slot.Current ?? slot.Previous, slot.IsPreviousDoubtful, trace);
        }
    }

    private void Record(TokenRequest request, DateTimeOffset started, VaultError? error)
    {
        var definition = request.Credential.Definition;
        audit.Note(new AuditEvent(
            Guid.CreateVersion7().ToString("N"), started, "vault", "token.refresh", definition.Name.Value, error is null ? AuditOutcomes.Success : AuditOutcomes.Failed)
        {
            Principal = request.PrincipalName,
            User = request.User.Length == 0 ? null : request.User,
            Code = error?.Code,
            DurationMs = Math.Round((time.GetUtcNow() - started).TotalMilliseconds, 1),
        });
    }

    [LoggerMessage(4001, LogLevel.Information, "Signed in for the external credential {Credential}.")]
    private static partial void LogSignedIn(ILogger logger, string credential);

    [LoggerMessage(4002, LogLevel.Warning, "The sign-in for the external credential {Credential} failed: {Code}, {Detail}")]
    private static partial void LogSignInFailed(ILogger logger, string credential, string code, string detail);

    [LoggerMessage(4004, LogLevel.Warning, "The service of the external credential {Credential} could not be told that a token is no longer used: {Code}, {Detail}")]
    private static partial void LogEndFailed(ILogger logger, string credential, string code, string detail);
}
