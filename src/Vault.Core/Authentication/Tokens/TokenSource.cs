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
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan TooYoung = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PaceAmongMany = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LearnedLife = TimeSpan.FromHours(1);
    private static readonly TimeSpan LookPace = TimeSpan.FromSeconds(2);

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
    }

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
                    if (!slot.IsRenewing && slot.Pending is null && token.IsDue(now) && MayTry(slot))
                    {
                        // Still good: it is renewed while the callouts go on with it.
                        slot.IsRenewing = true;
                        slot.Pending = Start(request, key, slot);
                    }

                    return token;
                }

                if (slot.Failure is { } failure && !MayTry(slot))
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

    /// <summary>Gets a fresh token now, whatever there is; those who wait for one meanwhile get the same.</summary>
    /// <param name="request">Whose token.</param>
    /// <param name="trace">Collects what happens; null: nobody looks.</param>
    /// <param name="cancellationToken">Ends the waiting, not the sign-in.</param>
    public async Task<Result<TokenSet>> RenewAsync(TokenRequest request, SignInTrace? trace, CancellationToken cancellationToken)
    {
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
            if ((isOurs || trace is null) && !ReferenceEquals(result.Error, TokenSignIn.NotTried))
            {
                return result;
            }
        }
    }

    /// <summary>Keeps a token that was got in another way than by asking for it here: by a person's consent.</summary>
    /// <param name="request">Whose token.</param>
    /// <param name="token">The token.</param>
    /// <param name="consentRequest">Of the row that says that the consent is asked for: it goes with this.</param>
    /// <returns>False: it was closed meanwhile, and nothing is kept.</returns>
    public async Task<bool> PutAsync(TokenRequest request, TokenSet token, Guid consentRequest)
    {
        var slot = _slots.Get(request.Key);
        if (!slot.IsLoaded)
        {
            await _keeping.LoadAsync(request, request.Key, slot);
        }

        if (!await _keeping.SaveAsync(request, token, consentRequest))
        {
            return false;
        }

        lock (slot.Gate)
        {
            if (!slot.IsEvicted)
            {
                var now = _time.GetUtcNow();
                if (slot.Current is { } old)
                {
                    slot.Retire(old, now);
                }

                slot.Generation++;
                slot.IsLoaded = true;
                slot.Current = token;
                slot.Previous = null;
                slot.Unsaved = null;
                slot.HasWorked = false;
                slot.Failure = null;
                slot.Pause = TimeSpan.Zero;
                return true;
            }
        }

        // The slot after it may have been read before the token was saved.
        _slots.Evict(request.Key.ExternalCredentialId);
        return true;
    }

    /// <summary>Whether a person has to consent before there can be a token.</summary>
    public async Task<bool> NeedsConsentAsync(TokenRequest request, CancellationToken cancellationToken)
    {
        if (request.Credential.Authentication.Tokens is not { ConsentParameters: not null } protocol)
        {
            return false;
        }

        var slot = _slots.Get(request.Key);
        bool isLoaded;
        lock (slot.Gate)
        {
            if (slot.After is { IsCompleted: false })
            {
                // Whoever asks for the token waits for what comes of that.
                return false;
            }

            isLoaded = slot.IsLoaded;
        }

        if (!isLoaded && await _keeping.LoadAsync(request, request.Key, slot) is { } stored)
        {
            lock (slot.Gate)
            {
                slot.Current ??= stored;
            }
        }

        cancellationToken.ThrowIfCancellationRequested();
        var needsConsent = Judge();
        if (needsConsent && isLoaded && _isShared && IsToLook(slot))
        {
            // Another process may have it, and the word of that may have been lost.
            await _keeping.LookAsync(request, request.Key, slot);
            needsConsent = Judge();
        }

        return needsConsent;

        bool Judge()
        {
            lock (slot.Gate)
            {
                return slot.Pending is null && protocol.NeedsConsent(_signIn.Acquisition(request, slot.Current ?? slot.Previous, false, null));
            }
        }
    }

    private bool IsToLook(TokenSlot slot)
    {
        lock (slot.Gate)
        {
            var isToLook = slot.LookedAt is not { } at || _time.GetElapsedTime(at) >= LookPace;
            slot.LookedAt = isToLook ? _time.GetTimestamp() : slot.LookedAt;
            return isToLook;
        }
    }

    /// <summary>Tells the service that a token is no longer used (logout, revocation), if it can be reached.</summary>
    /// <param name="request">Whose token.</param>
    /// <param name="stored">The token.</param>
    /// <param name="cancellationToken">Bounds the trying.</param>
    public Task EndAsync(TokenRequest request, StoredToken stored, CancellationToken cancellationToken) => _signIn.EndAsync(request, stored, cancellationToken);

    /// <summary>What a sign-in of this account needs, for what isn't asked for here: a person's consent.</summary>
    public TokenAcquisition ContextOf(TokenRequest request) => _signIn.Acquisition(request, null, false, null);

    /// <summary>Renews the tokens in use that are about to end, so that no callout waits for it, and forgets what nobody uses.</summary>
    public void RenewDue()
    {
        _slots.Forget();
        foreach (var (key, slot) in _slots.All)
        {
            lock (slot.Gate)
            {
                var now = _time.GetUtcNow();
                if (slot is { IsEvicted: false, Pending: null, LastRequest: { } request } && MayTry(slot)
                    && (slot.Unsaved is not null || (slot is { IsInUse: true, Current: { } token } && token.IsDue(now))))
                {
                    slot.IsRenewing = true;
                    slot.IsInUse = false;
                    slot.Pending = Start(request, key, slot, isSavedOnly: slot.Unsaved is not null);
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
            slot.HasWorked |= ReferenceEquals(slot.Current, token);
        }
    }

    /// <summary>
    /// The upstream says that the token is dead. It is given up if it is still the one in use; false where a fresh one would be
    /// no better, because this one was got less than 10 seconds ago and never worked, or another was given up less than a minute ago and hundreds were got within a day (an
    /// app that chooses what upstream answers could push older ones out of the search for echoes, a sign-in each); or where there can be none now, because the store that is
    /// shared with other processes is away: the token is kept, since one answer doesn't say that all would be so.
    /// </summary>
    public async ValueTask<bool> GiveUpAsync(TokenRequest request, TokenSet token, CancellationToken cancellationToken)
    {
        var slot = _slots.Get(request.Key);
        var now = _time.GetUtcNow();
        lock (slot.Gate)
        {
            if (!ReferenceEquals(slot.Current, token))
            {
                // Another callout's answer was first: there is, or will be, a fresh one.
                return true;
            }

            if ((!slot.HasWorked && (now - token.ObtainedAt).Duration() < TooYoung)
                || (slot.HasMany && slot.GivenUpAt is { } last && _time.GetElapsedTime(last) < PaceAmongMany))
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
            if (ReferenceEquals(slot.Current, token))
            {
                slot.IsPreviousDoubtful = !slot.HasWorked;
                slot.GivenUpAt = _time.GetTimestamp();
                slot.Retire(token, now);
            }
        }

        return true;
    }

    /// <summary>
    /// The key's tokens of the last 24 hours, the current one included: what answers must not echo. Where nobody asked for one yet, the store is read for it,
    /// once for all who wait, and again after an hour; what sign-ins go by is left alone. Without the store, what this process knows counts. Of thousands, the newest.
    /// </summary>
    public async ValueTask<IReadOnlyList<SecretText>> KnownAsync(TokenRequest request, CancellationToken cancellationToken)
    {
        var slot = _slots.Get(request.Key);
        if (Learning(request, slot) is { } learning)
        {
            await learning.WaitAsync(cancellationToken);
        }

        lock (slot.Gate)
        {
            return slot.Known(_time.GetUtcNow() - TokenSlot.RetiredLife);
        }
    }

    private Task? Learning(TokenRequest request, TokenSlot slot)
    {
        lock (slot.Gate)
        {
            return slot.IsLoaded || (slot.LearnedAt is { } at && _time.GetElapsedTime(at) < (slot.HasNotLearned ? TooYoung : LearnedLife))
                ? null
                : slot.Learning ??= Task.Run(() => _keeping.LearnAsync(request, request.Key, slot));
        }
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

    // Whatever the clock was set to meanwhile.
    private bool MayTry(TokenSlot slot) => slot.Pause == TimeSpan.Zero || _time.GetElapsedTime(slot.FailedAt) >= slot.Pause;

    // Off the caller's context and token: others wait for the same task. The slot's lock is held by whoever starts it.
    private Task<Result<TokenSet>> Start(TokenRequest request, TokenKey key, TokenSlot slot, bool isForced = false, bool isSavedOnly = false, SignInTrace? trace = null)
    {
        // What can't be saved is saved by whatever asked for it, if nobody else asks.
        slot.LastRequest ??= request;
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
                if (slot.Current is { } old && !ReferenceEquals(old, result.Value))
                {
                    slot.Retire(old, _time.GetUtcNow());
                }

                if (ReferenceEquals(slot.Unkept, result.Value))
                {
                    // What it was got with, or in place of, is gone: the next one begins by what there is.
                    slot.Retire(result.Value, _time.GetUtcNow());
                    slot.IsLoaded = false;
                    slot.Unkept = null;
                }
                else
                {
                    slot.Current = result.Value;
                }

                slot.Previous = null;
                slot.IsPreviousDoubtful = false;
                slot.Failure = null;
                slot.Pause = TimeSpan.Zero;
            }
            else if (!ReferenceEquals(result.Error, TokenSignIn.NotTried))
            {
                request.Parameters.NoteRefused();
                slot.Pause = slot.Pause == TimeSpan.Zero ? FirstPause : slot.Pause * 2 < LongestPause ? slot.Pause * 2 : LongestPause;
                slot.FailedAt = _time.GetTimestamp();
                slot.Failure = result.Error;
            }
        }

        return result;
    }

    [LoggerMessage(4005, LogLevel.Warning, "The service of the external credential {Credential} refused a token, but the database is away and can't be told.")]
    private static partial void LogNotGivenUp(ILogger logger, string credential);

    [LoggerMessage(4003, LogLevel.Error, "The sign-in for the external credential {Credential} could not be completed: {Fault}.")]
    private static partial void LogSignInFault(ILogger logger, string credential, string fault);
}
