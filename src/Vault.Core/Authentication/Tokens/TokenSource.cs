using Microsoft.Extensions.Logging;
using Vault.Core.Audit;
using Vault.Core.Authentication.Credentials;
using Vault.Core.Authentication.SignIns;
using Vault.Core.Egress;
using Vault.Core.Primitives;
using Vault.Core.Secrets;

namespace Vault.Core.Authentication.Tokens;

/// <summary>
/// Gives tokens: from memory, else from the store, else by one sign-in for all who wait. A token is saved, sealed, before it is
/// used; a dead one is never a fallback. Safe for use by many threads; no lock is held across I/O.
/// </summary>
public sealed partial class TokenSource : ICredentialCache
{
    private static readonly TimeSpan TooYoung = TimeSpan.FromSeconds(10);

    private readonly TokenSlots _slots;
    private readonly CredentialSets _parameters;
    private readonly TokenKeeping _keeping;
    private readonly TokenSignIn _signIn;
    private readonly bool _isShared;
    private readonly TimeProvider _time;
    private readonly ILogger<TokenSource> _logger;

    /// <summary>Takes what sign-ins need.</summary>
    public TokenSource(
        ITokenStore store, CredentialSets parameters, SecretSealer sealer, BindingsInForce bindings, UpstreamConnections connections, AuditLog audit, TimeProvider time,
        ILogger<TokenSource> logger, ITokenLeases? leases = null)
    {
        _slots = new TokenSlots(time);
        _parameters = parameters;
        _keeping = new TokenKeeping(store, new TokenSealing(sealer), bindings, time);
        _signIn = new TokenSignIn(_keeping, connections, audit, leases, time, logger);
        _isShared = leases is not null;
        _time = time;
        _logger = logger;
        Consents = new TokenConsents(_slots, _keeping, _signIn, _isShared, time);
        Known = new KnownTokens(_slots, _keeping, time);
    }

    /// <summary>What a person's consent is about.</summary>
    internal TokenConsents Consents { get; }

    /// <summary>The tokens that answers must not echo.</summary>
    internal KnownTokens Known { get; }

    /// <summary>A token that is good now. The caller's cancellation ends its waiting, not a sign-in that others wait for.</summary>
    public async ValueTask<Result<TokenSet>> GetAsync(TokenRequest request, CancellationToken cancellationToken)
    {
        var key = request.Key;
        while (true)
        {
            var slot = _slots.Get(key);
            Task<Result<TokenSet>> pending;
            lock (slot.Gate)
            {
                if (slot.IsEvicted)
                {
                    continue;
                }

                var now = _time.GetUtcNow();
                slot.LastRequest = request;
                slot.IsInUse = true;
                if (slot.Current is { } token && !token.IsExpired(now))
                {
                    if (!slot.IsRenewing && slot.Pending is null && token.IsDue(now) && slot.MayTry(_time))
                    {
                        // Still good: it is renewed while the callouts go on with it.
                        slot.IsRenewing = true;
                        slot.Pending = Start(request, key, slot);
                    }

                    return token;
                }

                if (slot.Failure is { } failure && !slot.MayTry(_time))
                {
                    return failure;
                }

                pending = slot.Pending ??= Start(request, key, slot);
            }

            var result = await pending.WaitAsync(cancellationToken);
            if (!ReferenceEquals(result.Error, TokenSignIn.NotTried))
            {
                return result;
            }
        }
    }

    /// <summary>
    /// Gets a fresh token now, whatever there is; those who wait for one meanwhile get the same. Of a consent that nothing renews a trace gets the token that is good, and others are told
    /// until when it is.
    /// </summary>
    /// <param name="request">Whose token.</param>
    /// <param name="trace">Collects what happens; null: nobody looks.</param>
    /// <param name="cancellationToken">Ends the waiting, not the sign-in.</param>
    public async Task<Result<TokenSet>> RenewAsync(TokenRequest request, SignInTrace? trace, CancellationToken cancellationToken)
    {
        if (await Consents.FindUnrenewableAsync(request) is { } lasting)
        {
            return trace is null ? TokenConsents.Unrenewable(lasting) : lasting;
        }

        while (true)
        {
            var slot = _slots.Get(request.Key);
            Task<Result<TokenSet>> pending;
            var isOurs = false;
            lock (slot.Gate)
            {
                if (slot.IsEvicted)
                {
                    continue;
                }

                isOurs = slot.Pending is null;
                pending = slot.Pending ??= Start(request, request.Key, slot, isForced: true, trace: trace);
            }

            var result = await pending.WaitAsync(cancellationToken);
            if ((isOurs || (trace is null && IsNews(slot, result))) && !ReferenceEquals(result.Error, TokenSignIn.NotTried))
            {
                return result;
            }
        }
    }

    /// <summary>Tells the service that a token is no longer used (logout, revocation), if it can be reached.</summary>
    /// <param name="request">Whose token.</param>
    /// <param name="stored">The token.</param>
    /// <param name="cancellationToken">Bounds the trying.</param>
    public Task EndAsync(TokenRequest request, StoredToken stored, CancellationToken cancellationToken) => _signIn.EndAsync(request, stored, cancellationToken);

    /// <summary>Renews the tokens in use that are about to end, so that no callout waits for it, and forgets what nobody uses.</summary>
    public void RenewDue()
    {
        _slots.Forget();
        foreach (var (key, slot) in _slots.All)
        {
            lock (slot.Gate)
            {
                var now = _time.GetUtcNow();
                if (slot is { IsEvicted: false, Pending: null, LastRequest: { } request } && slot.MayTry(_time)
                    && (slot.Unsaved is not null || (slot is { IsInUse: true, Current: { } token } && token.IsDue(now))))
                {
                    slot.IsRenewing = true;
                    slot.IsInUse = false;
                    slot.Pending = Start(request.Anew(_time), key, slot, isSavedOnly: slot.Unsaved is not null);
                }
            }
        }
    }

    /// <summary>Ends when no sign-in is under way.</summary>
    internal Task SettledAsync() => Task.WhenAll(_slots.Leaving.Concat(_slots.All.Select(entry =>
    {
        lock (entry.Value.Gate)
        {
            return entry.Value.Pending ?? Task.CompletedTask;
        }
    })));

    /// <summary>The upstream took the token.</summary>
    public void NoteWorked(TokenRequest request, TokenSet token)
    {
        var slot = _slots.Get(request.Key);
        lock (slot.Gate)
        {
            slot.HasWorked |= slot.Current?.Id == token.Id;
        }
    }

    /// <summary>
    /// The upstream says that the token is dead. It is given up if it is still the one in use; false where a fresh one would be
    /// no better, because this one was got less than 10 seconds ago and never worked, or another was given up a short time ago and those of the day take much of what is
    /// searched for (an app that chooses what upstream answers could push older ones out of the search for echoes, a sign-in each); or where there can be none now, because the store that is
    /// shared with other processes is away: the token is kept, since one answer doesn't say that all would be so.
    /// </summary>
    public async ValueTask<bool> GiveUpAsync(TokenRequest request, TokenSet token, CancellationToken cancellationToken)
    {
        var slot = _slots.Get(request.Key);
        var now = _time.GetUtcNow();
        lock (slot.Gate)
        {
            // A slot that was just made, since something was edited, will read this very token from the store.
            var isCurrent = slot.Current?.Id == token.Id;
            if (!isCurrent && slot.IsLoaded)
            {
                // Another callout's answer was first: there is, or will be, a fresh one.
                return true;
            }

            if ((isCurrent && !slot.HasWorked && (now - token.ObtainedAt).Duration() < TooYoung)
                || (slot.GivenUpAt is { } last && _time.GetElapsedTime(last) < slot.History.PaceOf(token, now)))
            {
                return false;
            }
        }

        // The store first: without it no sign-in gets the lease, and this token would be missed as long as the store is away.
        if (!await _keeping.GiveUpAsync(token, now, cancellationToken))
        {
            LogNotGivenUp(_logger, request.Credential.Definition.Name.Value);
            if (_isShared)
            {
                return false;
            }
        }

        lock (slot.Gate)
        {
            if (slot.Current is { } current && current.Id == token.Id)
            {
                slot.IsPreviousDoubtful = !slot.HasWorked;
                slot.GivenUpAt = _time.GetTimestamp();
                slot.Retire(current, now);
            }
        }

        return true;
    }

    /// <inheritdoc />
    public void Evict(Guid externalCredentialId)
    {
        _parameters.Evict(externalCredentialId);
        _slots.Evict(externalCredentialId);
    }

    /// <inheritdoc />
    public void EvictAll()
    {
        _parameters.EvictAll();
        _slots.Evict(null);
    }

    // Others may have asked for any token, and got one from the store.
    private static bool IsNews(TokenSlot slot, Result<TokenSet> result)
    {
        lock (slot.Gate)
        {
            return !result.IsOk || slot.Got == result.Value.Id;
        }
    }

    // Off the caller's context and token: others wait for the same task. The slot's lock is held by whoever starts it.
    private Task<Result<TokenSet>> Start(TokenRequest request, TokenKey key, TokenSlot slot, bool isForced = false, bool isSavedOnly = false, SignInTrace? trace = null)
    {
        // What can't be saved is saved by whatever asked for it, if nobody else asks.
        slot.LastRequest ??= request;
        slot.Got = null;
        var run = new SignInRun(request, key, slot, slot.Generation) { IsForced = isForced, IsSavedOnly = isSavedOnly, Trace = trace };
        return Task.Run(() => RunAsync(run));
    }

    private async Task<Result<TokenSet>> RunAsync(SignInRun run)
    {
        var (request, key, slot, generation) = run;
        Result<TokenSet> result;
        try
        {
            result = await _signIn.ObtainAsync(run);
        }
        catch (Exception exception)
        {
            // A boundary: whatever went wrong (the database, a bug), those who wait get an error and the next may try again.
            LogSignInFault(_logger, request.Credential.Definition.Name.Value, exception.GetType().Name);
            result = new VaultError(ErrorCodes.TokenRequestFailed, "The sign-in could not be completed.");
        }

        _slots.HandOn(key, slot);

        lock (slot.Gate)
        {
            slot.Pending = null;
            slot.IsRenewing = false;
            if (slot.Generation != generation && slot.Current is { } consented)
            {
                return consented;
            }

            if (result.IsOk)
            {
                slot.Take(result.Value, _time.GetUtcNow());
            }
            else if (!ReferenceEquals(result.Error, TokenSignIn.NotTried))
            {
                request.Parameters.NoteRefused();
                slot.Fail(result.Error, _time);
            }
        }

        return result;
    }

    [LoggerMessage(4005, LogLevel.Warning, "The service of the external credential {Credential} refused a token, but the database is away and can't be told.")]
    private static partial void LogNotGivenUp(ILogger logger, string credential);

    [LoggerMessage(4003, LogLevel.Error, "The sign-in for the external credential {Credential} could not be completed: {Fault}.")]
    private static partial void LogSignInFault(ILogger logger, string credential, string fault);
}
