using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Tokens;

/// <summary>What is known in memory of one key's token. Every member is read and written under the slot's own lock.</summary>
internal sealed class TokenSlot
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(60);

    /// <summary>The lock; never held across I/O.</summary>
    public Lock Gate { get; } = new();

    /// <summary>The token in use.</summary>
    public TokenSet? Current { get; set; }

    /// <summary>The token before, for what renews it; never used as a token.</summary>
    public TokenSet? Previous { get; set; }

    /// <summary>Whether <see cref="Previous"/> was given up without ever having worked.</summary>
    public bool IsPreviousDoubtful { get; set; }

    /// <summary>A token that was got and isn't saved: it is saved before another is asked for, since what renews it may be usable once.</summary>
    public UnsavedToken? Unsaved { get; set; }

    /// <summary>What the last sign-in gave, if it could not be kept: who waits for it may use it, nobody else.</summary>
    public TokenSet? Unkept { get; set; }

    /// <summary>The tokens in use that the store had when it was last read.</summary>
    public IReadOnlyCollection<Guid> Seen { get; set; } = [];

    /// <summary>The sign-in of the slot before this one, evicted while it was under way; null: none.</summary>
    public Task<Result<TokenSet>>? After { get; set; }

    /// <summary>Goes up when a token is put in from outside, so that a sign-in under way doesn't replace it.</summary>
    public int Generation { get; set; }

    /// <summary>How the token was last asked for; the renewal ahead of time asks in the same way.</summary>
    public TokenRequest? LastRequest { get; set; }

    /// <summary>Whether the token was asked for since it was got: only then is it renewed ahead of time.</summary>
    public bool IsInUse { get; set; }

    /// <summary>Whether the store was read.</summary>
    public bool IsLoaded { get; set; }

    /// <summary>Whether an upstream took the current token.</summary>
    public bool HasWorked { get; set; }

    /// <summary>The sign-in or load under way; everyone waits for the same.</summary>
    public Task<Result<TokenSet>>? Pending { get; set; }

    /// <summary>What <see cref="Pending"/>, or the last one, got of the service, or a person's consent gave since; null: nothing. What it gives may then be from the store.</summary>
    public Guid? Got { get; set; }

    /// <summary>The renewal ahead of time under way; nobody waits for it.</summary>
    public bool IsRenewing { get; set; }

    /// <summary>The last failure, repeated for <see cref="Pause"/>.</summary>
    public VaultError? Failure { get; set; }

    /// <summary>When it failed last; a timestamp.</summary>
    public long FailedAt { get; set; }

    /// <summary>How long after a failure no other sign-in is tried; zero: none failed.</summary>
    public TimeSpan Pause { get; set; }

    /// <summary>When a token was last given up since the service refused it; a timestamp, null: never.</summary>
    public long? GivenUpAt { get; set; }

    /// <summary>The tokens that are no longer used, which answers must not echo.</summary>
    public TokenHistory History { get; } = new();

    /// <summary>When the store was last looked into for what another process may have; a timestamp, null: never.</summary>
    public long? LookedAt { get; set; }

    /// <summary>Secrets or settings changed under it, or nobody used it: nothing begins here any more, there is another slot. What a sign-in under way gives goes to those who wait for it.</summary>
    public bool IsEvicted { get; set; }

    /// <summary>When the slot was last asked, for eviction.</summary>
    public long LastUsed { get; set; }

    /// <summary>The current token is no longer used; it may still renew, and must not be echoed.</summary>
    public void Retire(TokenSet token, DateTimeOffset now)
    {
        History.Remember(token, now);
        Previous = token;
        Current = null;
        HasWorked = false;
    }

    /// <summary>A token came from outside, by a person's consent: a sign-in under way doesn't replace it.</summary>
    public void Put(TokenSet token, DateTimeOffset now)
    {
        RetireCurrent(now);
        Generation++;
        IsLoaded = true;
        Current = token;
        Got = token.Id;
        Unsaved = null;
        HasWorked = false;
        NoteDone();
    }

    /// <summary>A sign-in gave a token; where it couldn't be kept, the next sign-in begins by what there is.</summary>
    public void Take(TokenSet token, DateTimeOffset now)
    {
        if (!ReferenceEquals(Current, token))
        {
            RetireCurrent(now);
        }

        if (ReferenceEquals(Unkept, token))
        {
            Retire(token, now);
            IsLoaded = false;
            Unkept = null;
        }
        else
        {
            Current = token;
        }

        NoteDone();
    }

    /// <summary>A sign-in failed: the same answer is given for 5 s, doubling to 60 s.</summary>
    public void Fail(VaultError error, TimeProvider time)
    {
        Pause = Pause == TimeSpan.Zero ? FirstPause : Pause * 2 < LongestPause ? Pause * 2 : LongestPause;
        FailedAt = time.GetTimestamp();
        Failure = error;
    }

    /// <summary>Whether a sign-in may be tried, whatever the clock was set to since the last one failed.</summary>
    public bool MayTry(TimeProvider time) => Pause == TimeSpan.Zero || time.GetElapsedTime(FailedAt) >= Pause;

    private void RetireCurrent(DateTimeOffset now)
    {
        if (Current is { } old)
        {
            Retire(old, now);
        }
    }

    private void NoteDone()
    {
        Previous = null;
        IsPreviousDoubtful = false;
        Failure = null;
        Pause = TimeSpan.Zero;
    }
}

/// <summary>A token that was got and isn't saved.</summary>
/// <param name="Token">The token.</param>
/// <param name="Predecessor">The one in whose place it comes; null: none.</param>
/// <param name="IsRenewal">Whether the predecessor was traded in for it: then it is saved only where that one is still in use.</param>
/// <param name="Seen">The tokens in use that were known then, the predecessor among them.</param>
/// <param name="IsDisturbed">Whether something changed since: whatever its predecessor was for, it is saved only in its place.</param>
internal sealed record UnsavedToken(TokenSet Token, Guid? Predecessor, bool IsRenewal, IReadOnlyCollection<Guid> Seen, bool IsDisturbed = false);
