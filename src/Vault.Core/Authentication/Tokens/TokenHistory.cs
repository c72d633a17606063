using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Tokens;

/// <summary>The tokens of one key that are no longer used, for the 24 hours in which answers must not echo them. Read and written under the lock of its slot.</summary>
internal sealed class TokenHistory
{
    // Some thousands: each its bytes, and about what is made of it to search for it.
    private const int MostKnown = 4 * 1024 * 1024;
    private const int HalfKnown = MostKnown / 2;
    private const int SizeOfAny = 1024;
    private static readonly TimeSpan ShortestPace = TimeSpan.FromMinutes(1);

    // A token that is really dead is waited for by everybody.
    private static readonly TimeSpan LongestPace = TimeSpan.FromMinutes(10);

    /// <summary>How long a token that is no longer used is known.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromHours(24);

    private readonly List<(TokenSet Token, DateTimeOffset At)> _retired = [];
    private long _retiredSize;
    private (IReadOnlyList<SecretText> Values, int Count, TokenSet? Current, IReadOnlyList<TokenSet> Learned, DateTimeOffset Oldest)? _known;

    /// <summary>What the store had when it was last read for redaction alone: nobody asked for a token.</summary>
    public IReadOnlyList<TokenSet> Learned { get; set; } = [];

    /// <summary>The reading for redaction that is under way.</summary>
    public Task? Learning { get; set; }

    /// <summary>When it ended last; a timestamp, null: never.</summary>
    public long? LearnedAt { get; set; }

    /// <summary>Whether it ended without the store's word.</summary>
    public bool HasNotLearned { get; set; }

    /// <summary>The ids of what is remembered.</summary>
    public HashSet<Guid> Ids() => [.. _retired.Select(retired => retired.Token.Id)];

    /// <summary>A token is no longer used.</summary>
    public void Remember(TokenSet token, DateTimeOffset at)
    {
        if (_retired.Count > 0 && _retired[0].At < at - Life)
        {
            Prune(at - Life);
        }

        _retired.Add((token, at));
        _retiredSize += SizeOf(token);
    }

    /// <summary>What must not be echoed: the current token, and those that were used within <see cref="Life"/>; of more than 4 MiB the newest. The same list as long as it is so.</summary>
    /// <param name="current">The current token; null: there is none.</param>
    /// <param name="protocol">Says which of their values are secret: always the same one.</param>
    /// <param name="now">The time.</param>
    public IReadOnlyList<SecretText> Known(TokenSet? current, ITokenProtocol? protocol, DateTimeOffset now)
    {
        var since = now - Life;
        if (_known is { } known && known.Count == _retired.Count && known.Current == current && known.Learned == Learned && known.Oldest >= since)
        {
            return known.Values;
        }

        Prune(since);
        var (values, seen, size) = (new List<SecretText>(), new HashSet<string>(StringComparer.Ordinal), 0L);
        foreach (var (name, value) in (current is null ? Enumerable.Empty<TokenSet>() : [current])
            .Concat(Learned).Concat(_retired.AsEnumerable().Reverse().OrderByDescending(retired => retired.At).Select(retired => retired.Token)).SelectMany(token => token.Values))
        {
            // What renews a token may be the same for all of them.
            if (protocol?.IsSecret(name, value) is not false && seen.Add(value.Reveal()) && (size += value.ByteLength + SizeOfAny) <= MostKnown)
            {
                values.Add(value);
            }
        }

        _known = (values, _retired.Count, current, Learned, _retired.Select(retired => retired.At).DefaultIfEmpty(DateTimeOffset.MaxValue).Min());
        return values;
    }

    /// <summary>
    /// How long after the last one a token may be given up that its service refuses: at once, while it and the next one have room in half of what is searched for; then so
    /// slowly, by its size, that the other half lasts for 24 hours; but as long as there is room, no slower than one in ten minutes.
    /// </summary>
    public TimeSpan PaceOf(TokenSet token, DateTimeOffset now)
    {
        Prune(now - Life);
        var size = SizeOf(token);
        if (_retiredSize + (2 * size) <= HalfKnown)
        {
            return TimeSpan.Zero;
        }

        // The first one doesn't wait, where the last was given up long ago: the others share what it leaves.
        var pace = size < HalfKnown / 2 ? Life * ((double)size / (HalfKnown - size)) : Life;
        return pace < ShortestPace ? ShortestPace : pace > LongestPace && _retiredSize + size <= MostKnown ? LongestPace : pace;
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
}
