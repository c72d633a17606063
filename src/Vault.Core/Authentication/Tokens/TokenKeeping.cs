namespace Vault.Core.Authentication.Tokens;

/// <summary>Loads the tokens of a slot from the store, and saves them there, sealed.</summary>
internal sealed class TokenKeeping(ITokenStore store, TokenSealing sealing, TimeProvider time)
{
    /// <summary>How long a token that is no longer used is known, for redaction.</summary>
    public static readonly TimeSpan RetiredLife = TimeSpan.FromHours(24);

    /// <summary>Reads what the store has; gives the token that is good now, null: none.</summary>
    public async Task<TokenSet?> LoadAsync(TokenRequest request, TokenKey key, TokenSlot slot)
    {
        var now = time.GetUtcNow();
        var stored = await store.FindAsync(key, now - RetiredLife, CancellationToken.None);
        TokenSet? current = null;
        TokenSet? previous = null;
        var retired = new List<(TokenSet, DateTimeOffset)>();
        foreach (var token in stored)
        {
            if (sealing.Open(token, request.Credential.Binding) is not { } opened)
            {
                continue;
            }

            if (token.RetiredAt is null && token.Key == key && !opened.IsExpired(now))
            {
                current = opened;
            }
            else
            {
                retired.Add((opened, token.RetiredAt ?? now));
                // What was retired was replaced, or its secrets were: what renews it is used up, or not ours to use any more.
                if (token.Key == key && token.RetiredAt is null)
                {
                    previous = opened;
                }
            }
        }

        lock (slot.Gate)
        {
            slot.IsLoaded = true;
            slot.Retired.AddRange(retired);
            slot.Previous ??= previous;
            slot.Current ??= current;

            // It came through a restart: nobody knows any more whether it worked, but it is not new.
            slot.HasWorked = current is not null;
        }

        return current;
    }

    /// <summary>
    /// Reads what other processes did since; gives the token of theirs that is good now, null: none. What renews the token is theirs, too:
    /// the one that is known here may be used up.
    /// </summary>
    public async Task<TokenSet?> CatchUpAsync(TokenRequest request, TokenKey key, TokenSlot slot)
    {
        var now = time.GetUtcNow();
        var stored = await store.FindAsync(key, now - RetiredLife, CancellationToken.None);
        TokenSet? newest = null;
        lock (slot.Gate)
        {
            foreach (var token in stored)
            {
                if (token.Id == slot.Current?.Id || slot.Retired.Exists(retired => retired.Token.Id == token.Id)
                    || sealing.Open(token, request.Credential.Binding) is not { } opened)
                {
                    continue;
                }

                if (token.RetiredAt is null && token.Key == key)
                {
                    newest = opened;
                }
                else
                {
                    slot.Retired.Add((opened, token.RetiredAt ?? now));
                }
            }

            if (newest is null || !newest.IsExpired(now))
            {
                return newest;
            }

            if (slot.Current is { } old)
            {
                slot.Retired.Add((old, now));
                slot.Current = null;
                slot.HasWorked = false;
            }

            slot.Previous = newest;
            return null;
        }
    }

    /// <summary>Saves what a sign-in gave. It is kept in the slot until then: a refresh token that was traded in may be gone for good.</summary>
    /// <param name="request">Whose token.</param>
    /// <param name="key">Of the slot.</param>
    /// <param name="slot">Where it is kept in memory.</param>
    /// <param name="token">The token.</param>
    /// <param name="generation">Of the slot when the sign-in began.</param>
    public async Task SaveAsync(TokenRequest request, TokenKey key, TokenSlot slot, TokenSet token, int generation)
    {
        slot.Unsaved = token;
        var stored = sealing.Seal(token, key, request.Credential.Binding);
        Guid? predecessor;
        lock (slot.Gate)
        {
            if (slot.Generation != generation)
            {
                // A person has consented meanwhile: theirs counts.
                slot.Unsaved = null;
                return;
            }

            predecessor = (slot.Current ?? slot.Previous)?.Id;
        }

        if (!IsEvicted(slot))
        {
            await store.SaveAsync(stored, CancellationToken.None);
        }
        else if (token.IsRenewable && predecessor is { } id)
        {
            // Evicted because something changed; the token before says whether it was about this account.
            await store.ReplaceAsync(stored, id, CancellationToken.None);
        }

        slot.Unsaved = null;
    }

    /// <summary>Saves a token that was got in another way.</summary>
    public Task SaveAsync(TokenRequest request, TokenSet token, CancellationToken cancellationToken) =>
        store.SaveAsync(sealing.Seal(token, request.Key, request.Credential.Binding), cancellationToken);

    /// <summary>The token is no longer used; what renews it outlives it.</summary>
    public Task GiveUpAsync(TokenSet token, DateTimeOffset at, CancellationToken cancellationToken) => token.IsRenewable
        ? store.ExpireAsync(token.Id, at, cancellationToken)
        : store.RetireAsync(token.Id, at, cancellationToken);

    /// <summary>Opens a stored token; null where it can't be opened.</summary>
    public TokenSet? Open(TokenRequest request, StoredToken stored) => sealing.Open(stored, request.Credential.Binding);

    // The secrets may be gone for good: a token that they gave must not be left behind in the database.
    private static bool IsEvicted(TokenSlot slot)
    {
        lock (slot.Gate)
        {
            return slot.IsEvicted;
        }
    }
}
