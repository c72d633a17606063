using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Tokens;

/// <summary>What is known in memory of one key's token. Every member is read and written under the slot's own lock.</summary>
internal sealed class TokenSlot
{
    // Some thousands: each its bytes, and about what is made of it to search for it.
    private const int MostKnown = 4 * 1024 * 1024;
    private const int ManyKnown = MostKnown / 2;
    private const int SizeOfAny = 1024;

    /// <summary>How long a token that is no longer used is known, for redaction.</summary>
    public static readonly TimeSpan RetiredLife = TimeSpan.FromHours(24);

    private readonly List<(TokenSet Token, DateTimeOffset At)> _retired = [];
    private long _retiredSize;
    private (IReadOnlyList<SecretText> Values, int Count, TokenSet? Current, IReadOnlyList<TokenSet> Learned, DateTimeOffset Oldest)? _known;

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

    /// <summary>Whether there were so many tokens in the last 24 hours (a few hundred, of ordinary size) that the oldest may soon not be searched for any more.</summary>
    public bool HasMany => _retiredSize > ManyKnown;

    /// <summary>What the store had when it was last read for redaction alone: nobody asked for a token.</summary>
    public IReadOnlyList<TokenSet> Learned { get; set; } = [];

    /// <summary>The reading for redaction that is under way.</summary>
    public Task? Learning { get; set; }

    /// <summary>When it ended last; a timestamp, null: never.</summary>
    public long? LearnedAt { get; set; }

    /// <summary>Whether it ended without the store's word.</summary>
    public bool HasNotLearned { get; set; }

    /// <summary>When the store was last looked into for what another process may have; a timestamp, null: never.</summary>
    public long? LookedAt { get; set; }

    /// <summary>Secrets or settings changed under it, or nobody used it: nothing begins here any more, there is another slot. What a sign-in under way gives goes to those who wait for it.</summary>
    public bool IsEvicted { get; set; }

    /// <summary>When the slot was last asked, for eviction.</summary>
    public long LastUsed { get; set; }

    /// <summary>The ids of what is remembered.</summary>
    public HashSet<Guid> RetiredIds() => [.. _retired.Select(retired => retired.Token.Id)];

    /// <summary>A token is no longer used; it must not be echoed for 24 hours.</summary>
    public void Remember(TokenSet token, DateTimeOffset at)
    {
        if (_retired.Count > 0 && _retired[0].At < at - RetiredLife)
        {
            Prune(at - RetiredLife);
        }

        _retired.Add((token, at));
        _retiredSize += SizeOf(token);
    }

    private void Prune(DateTimeOffset since)
    {
        _retired.RemoveAll(retired => retired.At < since);
        _retiredSize = _retired.Sum(retired => SizeOf(retired.Token));
    }

    private static long SizeOf(TokenSet token)
    {
        var size = 0L;
        foreach (var value in token.Values.Values)
        {
            size += value.ByteLength + SizeOfAny;
        }

        return size;
    }

    /// <summary>What must not be echoed: the current token, and those that were retired since then; of more than 4 MiB the newest. The same list as long as it is so.</summary>
    public IReadOnlyList<SecretText> Known(DateTimeOffset since)
    {
        if (_known is { } known && known.Count == _retired.Count && known.Current == Current && known.Learned == Learned && known.Oldest >= since)
        {
            return known.Values;
        }

        Prune(since);
        var (values, seen, size) = (new List<SecretText>(), new HashSet<string>(StringComparer.Ordinal), 0L);
        foreach (var value in (Current is { } current ? [current] : Enumerable.Empty<TokenSet>())
            .Concat(Learned).Concat(_retired.AsEnumerable().Reverse().OrderByDescending(retired => retired.At).Select(retired => retired.Token)).SelectMany(token => token.Values.Values))
        {
            // What renews a token may be the same for all of them.
            if (seen.Add(value.Reveal()) && (size += value.ByteLength + SizeOfAny) <= MostKnown)
            {
                values.Add(value);
            }
        }

        _known = (values, _retired.Count, Current, Learned, _retired.Select(retired => retired.At).DefaultIfEmpty(DateTimeOffset.MaxValue).Min());
        return values;
    }

    /// <summary>The current token is no longer used; it may still renew, and must not be echoed.</summary>
    public void Retire(TokenSet token, DateTimeOffset now)
    {
        Remember(token, now);
        Previous = token;
        Current = null;
        HasWorked = false;
    }
}

/// <summary>A token that was got and isn't saved.</summary>
/// <param name="Token">The token.</param>
/// <param name="Predecessor">The one in whose place it comes; null: none.</param>
/// <param name="IsRenewal">Whether the predecessor was traded in for it: then it is saved only where that one is still in use.</param>
/// <param name="Seen">The tokens in use that were known then, the predecessor among them.</param>
/// <param name="IsDisturbed">Whether something changed since: whatever its predecessor was for, it is saved only in its place.</param>
internal sealed record UnsavedToken(TokenSet Token, Guid? Predecessor, bool IsRenewal, IReadOnlyCollection<Guid> Seen, bool IsDisturbed = false);
