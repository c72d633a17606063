using System.Net.Sockets;
using Vault.Core.Authentication.Credentials;

namespace Vault.Core.Authentication.Tokens;

/// <summary>Loads the tokens of a slot from the store, and saves them there, sealed.</summary>
internal sealed class TokenKeeping(ITokenStore store, TokenSealing sealing, BindingsInForce bindings, TimeProvider time)
{
    private static readonly TimeSpan LearningTime = TimeSpan.FromSeconds(2);

    /// <summary>Reads what the store has; gives the token that is good now, null: none.</summary>
    public async Task<TokenSet?> LoadAsync(TokenRequest request, TokenKey key, TokenSlot slot)
    {
        if (slot.After is { } before)
        {
            // A sign-in that was under way when the slot was evicted may be using up what renews the token: what it saves counts.
            await before;
            slot.After = null;
        }

        var now = time.GetUtcNow();
        var stored = await store.FindAsync(key, now - TokenHistory.Life, CancellationToken.None);
        TokenSet? current = null;
        TokenSet? previous = null;
        var retired = new List<(TokenSet, DateTimeOffset)>();
        foreach (var token in stored)
        {
            if (OpenWhole(request, token) is not { } opened)
            {
                continue;
            }

            // What was retired was replaced, or its secrets were: what renews it is used up, or not ours to use any more.
            var usable = Usable(token, opened);
            if (token.RetiredAt is null && token.Key == key)
            {
                (current, previous) = opened.IsExpired(now) ? (current, usable) : (usable, previous);
            }

            if (current != usable || usable != opened)
            {
                retired.Add((opened, token.RetiredAt ?? now));
            }
        }

        lock (slot.Gate)
        {
            slot.IsLoaded = true;
            slot.History.Learned = [];
            slot.Seen = InUse(stored, key);
            var known = slot.History.Ids();
            foreach (var (token, at) in retired.Where(token => !known.Contains(token.Item1.Id)))
            {
                slot.History.Remember(token, at);
            }

            slot.Previous ??= previous;
            slot.Current ??= current;

            // It came through a restart: nobody knows any more whether it worked, but it is not new.
            slot.HasWorked = current is not null;
        }

        return current;
    }

    /// <summary>What the store has of the last 24 hours, newest first; null where it is away, or says nothing for two seconds.</summary>
    public async Task<TokenSet[]?> OfTheDayAsync(TokenRequest request, TokenKey key)
    {
        using var limit = new CancellationTokenSource(LearningTime, time);
        try
        {
            var stored = await store.FindAsync(key, time.GetUtcNow() - TokenHistory.Life, limit.Token).WaitAsync(limit.Token);
            return [.. stored.OrderByDescending(token => token.RetiredAt ?? DateTimeOffset.MaxValue).Select(token => OpenWhole(request, token)).OfType<TokenSet>()];
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException || store.IsUnavailable(exception))
        {
            return null;
        }
    }

    /// <summary>
    /// Reads what other processes did since; gives the token of theirs that is good now, null: none. What renews the token is theirs, too:
    /// the one that is known here may be used up.
    /// </summary>
    public Task<TokenSet?> CatchUpAsync(TokenRequest request, TokenKey key, TokenSlot slot) => CatchUpAsync(request, key, slot, isUsed: static _ => false);

    private async Task<TokenSet?> CatchUpAsync(TokenRequest request, TokenKey key, TokenSlot slot, Func<TokenSlot, bool> isUsed)
    {
        var now = time.GetUtcNow();
        var stored = await store.FindAsync(key, now - TokenHistory.Life, CancellationToken.None);
        TokenSet? newest = null;
        lock (slot.Gate)
        {
            if (isUsed(slot))
            {
                return null;
            }

            var known = slot.History.Ids();
            foreach (var token in stored)
            {
                if (token.Id == slot.Current?.Id || known.Contains(token.Id)
                    || OpenWhole(request, token) is not { } opened)
                {
                    continue;
                }

                var usable = Usable(token, opened);
                if (token.RetiredAt is null && token.Key == key)
                {
                    newest = usable;
                }

                if (newest != usable || usable != opened)
                {
                    slot.History.Remember(opened, token.RetiredAt ?? now);
                }
            }

            slot.Seen = InUse(stored, key);
            if (newest is null)
            {
                return null;
            }

            if (slot.Current is { } old)
            {
                slot.History.Remember(old, now);
            }

            // Theirs from now on, also for who needs a fresh one: what renewed the one before is used up.
            var isGood = !newest.IsExpired(now);
            if (!isGood)
            {
                slot.History.Remember(newest, now);
            }

            slot.Current = isGood ? newest : null;
            slot.Previous = isGood ? null : newest;
            slot.HasWorked = false;
            slot.IsPreviousDoubtful = false;
            return isGood ? newest : null;
        }
    }

    /// <summary>Reads what other processes did since, as far as the store can be reached.</summary>
    public async Task LookAsync(TokenRequest request, TokenKey key, TokenSlot slot)
    {
        try
        {
            // A sign-in that began meanwhile reads what there is itself.
            await CatchUpAsync(request, key, slot, isUsed: static slot => slot.Pending is not null || slot.Current is not null);
        }
        catch (Exception exception) when (store.IsUnavailable(exception))
        {
            // What is known here counts.
        }
    }

    /// <summary>Saves what a sign-in gave: <see cref="TokenSlot.Unsaved"/>, which stays there until it is known what became of it.</summary>
    /// <param name="request">Whose token.</param>
    /// <param name="key">Of the slot.</param>
    /// <param name="slot">Where it is kept in memory.</param>
    /// <param name="unsaved">The token.</param>
    /// <param name="generation">Of the slot when the sign-in began.</param>
    /// <param name="lease">Where several processes share the database.</param>
    public async Task<SaveOutcome> SaveAsync(TokenRequest request, TokenKey key, TokenSlot slot, UnsavedToken unsaved, int generation, ITokenLease? lease)
    {
        lock (slot.Gate)
        {
            if (slot.Generation != generation)
            {
                // A person has consented meanwhile: theirs counts.
                slot.Unsaved = null;
                return SaveOutcome.Overtaken;
            }

            // The secrets may be gone for good: a token that they gave must not be left behind in the database. The one before says
            // whether what changed was about this account.
            unsaved = unsaved with { IsDisturbed = unsaved.IsDisturbed || slot.IsEvicted };
        }

        // Where no token was traded in, consent can only have been entered. That may be used up; whoever takes it back takes it from among the secrets.
        var isEntered = !unsaved.IsRenewal && request.IsOfConsent && key.NamedCredentialId is null;

        // Whoever waits for it may use it; where it can be got again, it is kept nowhere.
        var token = unsaved.Token;
        var isKept = false;
        if (!unsaved.IsDisturbed || (token.IsRenewable && (isEntered || unsaved.Predecessor is not null)))
        {
            var predecessor = unsaved.IsRenewal || (unsaved.IsDisturbed && !isEntered) ? unsaved.Predecessor : null;
            isKept = await SealAndSaveAsync(
                request, key, token, (sealedToken, version) => store.SaveAsync(
                    sealedToken, new TokenClaim(lease, unsaved.Seen, predecessor, request.SecretIds, request.IsOfConsent ? version : null), CancellationToken.None));
            if (!isKept && lease is not null && !await lease.RenewAsync(CancellationToken.None))
            {
                return SaveOutcome.LeaseLost;
            }
        }

        lock (slot.Gate)
        {
            slot.Unsaved = null;
        }

        return isKept ? SaveOutcome.Kept : SaveOutcome.Overtaken;
    }

    /// <summary>Saves a token that a person consented to, and closes the request for it; false: that was closed before, and nothing is saved.</summary>
    public Task<bool> SaveAsync(TokenRequest request, TokenSet token, Guid consentRequest) => SealAndSaveAsync(
        request, request.Key, token, (sealedToken, version) => store.SaveAsync(sealedToken, consentRequest, version, CancellationToken.None));

    /// <summary>The token is no longer used; what renews it outlives it.</summary>
    /// <returns>False: the store is away, and can't be told.</returns>
    public async Task<bool> GiveUpAsync(TokenSet token, DateTimeOffset at, CancellationToken cancellationToken)
    {
        try
        {
            await (token.IsRenewable ? store.ExpireAsync(token.Id, at, cancellationToken) : store.RetireAsync(token.Id, at, cancellationToken));
            return true;
        }
        catch (Exception exception) when (store.IsUnavailable(exception))
        {
            return false;
        }
    }

    /// <summary>
    /// The service refused what renews this token. That is noted of this very one: where it was replaced meanwhile, the newer one is found, since the store is
    /// read again before the next sign-in. Where the store is away, the next sign-in asks once more.
    /// </summary>
    public async Task EndRenewalAsync(TokenSlot slot, TokenSet refused)
    {
        try
        {
            await store.EndRenewalAsync(refused.Id, CancellationToken.None);
        }
        catch (Exception exception) when (store.IsUnavailable(exception))
        {
            // What is in memory is forgotten all the same.
        }

        lock (slot.Gate)
        {
            var now = time.GetUtcNow();
            if (slot.Current is { } current && current.Id == refused.Id && current.IsExpired(now))
            {
                slot.Retire(current, now);
            }

            if (slot.Previous?.Id == refused.Id)
            {
                slot.Previous = null;
                slot.IsLoaded = slot.Current is not null;
            }
        }
    }

    /// <summary>Opens a stored token; null where it can't be opened.</summary>
    public TokenSet? Open(TokenRequest request, StoredToken stored) =>
        OpenWhole(request, stored) is { } opened ? Usable(stored, opened) : null;

    // A consent may have been sealed for other hosts since the request began, and for those of the request until a change is in force here.
    private TokenSet? OpenWhole(TokenRequest request, StoredToken stored)
    {
        var (own, current) = (request.Credential, request.IsOfConsent ? bindings.Of(request.Credential) : request.Credential);
        return sealing.Open(stored, current.Binding) ?? (ReferenceEquals(own, current) ? null : sealing.Open(stored, own.Binding));
    }

    // The service refused what renews it: that is known for redaction, and used no more.
    private static TokenSet Usable(StoredToken stored, TokenSet opened) => stored.IsRenewable ? opened : opened.WithoutRenewal();

    // What a person consented to outlives a change of what it is bound to, which may have come while it was got, and may come until it is saved.
    private async Task<bool> SealAndSaveAsync(TokenRequest request, TokenKey key, TokenSet token, Func<StoredToken, long, Task<ClaimOutcome>> saveAsync)
    {
        for (var tries = 0; ; tries++)
        {
            var credential = request.IsOfConsent ? bindings.Of(request.Credential) : request.Credential;
            switch (await saveAsync(sealing.Seal(token, key, credential.Binding), credential.Definition.Version))
            {
                case ClaimOutcome.Saved:
                    return true;
                case ClaimOutcome.OutOfDate when tries < 5:
                    await bindings.NextAsync(credential);
                    break;
                case ClaimOutcome.OutOfDate:
                    throw new TimeoutException("The external credential was changed, and what it is now isn't in force here.");
                default:
                    return false;
            }
        }
    }

    private static Guid[] InUse(IReadOnlyList<StoredToken> stored, TokenKey key) =>
        [.. stored.Where(token => token.RetiredAt is null && token.Key == key).Select(token => token.Id)];
}

/// <summary>What became of a token that was to be saved.</summary>
internal enum SaveOutcome
{
    /// <summary>It is in the store, or is none to be kept.</summary>
    Kept,

    /// <summary>It is not, and never will be: another one is in its place, or what it was got with is gone.</summary>
    Overtaken,

    /// <summary>It is not: the right to was lost. Once it is back, it may be.</summary>
    LeaseLost,
}
