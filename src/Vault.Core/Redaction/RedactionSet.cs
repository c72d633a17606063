using System.Buffers;
using System.Text;
using Vault.Core.Primitives;

namespace Vault.Core.Redaction;

/// <summary>
/// The secrets of one callout, ready to be searched for in its answer, in every encoding that the contract lists. Safe for
/// any number of threads; it holds the secrets in a form of its own, so keep it no longer than them.
/// </summary>
public sealed class RedactionSet
{
    /// <summary>A shorter secret isn't searched for: too much would be masked that isn't one.</summary>
    public const int MinCharacters = 8;

    /// <summary>To make a filter costs as much as it saves on about this many bytes.</summary>
    private const int FilterFrom = 32 * 1024;

    /// <summary>Of more different beginnings (some thousand secrets') nearly every byte may be one: a filter would rule nothing out, and takes long to make.</summary>
    private const int MostFiltered = 6000;

    /// <summary>A filter of more forms (some dozens of secrets') is made in the background.</summary>
    private const int MostAtOnce = 300;

    private const int OnStack = 512;

    // What the objects around a secret take beside its bytes.
    private const int SizeOfAny = 1024;

    private readonly RedactionSet? _known;
    private readonly HashSet<byte[]> _secrets = new(ByBytes.Instance);
    private readonly EchoPattern[] _patterns;
    private readonly ulong[] _pairs;
    private readonly int _count;
    private readonly bool _isFiltered;
    private EchoFilter? _filter;
    private int _isMaking;
    private long _scanned;

    /// <summary>A set of secrets in UTF-8; those of fewer than <see cref="MinCharacters"/> characters are left out.</summary>
    public RedactionSet(IEnumerable<ReadOnlyMemory<byte>> secrets)
        : this(null, secrets, isMade: false)
    {
    }

    /// <summary>A set of secrets.</summary>
    public RedactionSet(IEnumerable<SecretText> secrets)
        : this(null, secrets.Select(secret => (ReadOnlyMemory<byte>)secret.RevealUtf8().ToArray()), isMade: false)
    {
    }

    private RedactionSet(RedactionSet? known, IEnumerable<ReadOnlyMemory<byte>> secrets, bool isMade)
    {
        _known = known is { IsEmpty: true } ? null : known;
        var own = _secrets.GetAlternateLookup<ReadOnlySpan<byte>>();
        foreach (var secret in secrets)
        {
            if (IsSearched(secret.Span) && _known?.Has(secret.Span) is not true)
            {
                own.Add(secret.Span);
            }
        }

        Size = _secrets.Sum(secret => secret.Length + SizeOfAny);
        _patterns = [.. _secrets.SelectMany(EchoPattern.Of)];
        _count = (_known?._count ?? 0) + _patterns.Length;
        _isFiltered = _known?._isFiltered is not false && (_patterns.Length <= MostFiltered || EchoFilter.CountHeads(_patterns) <= MostFiltered);
        _pairs = _known is null ? new ulong[65536 / 64] : [.. _known._pairs];
        AddPairs();
        Forks = _patterns.Length == 0 ? _known?.Forks ?? [] : [.. _known?.Forks ?? [], EchoFork.Of(_patterns, isMade)];
        FirstBytes = SearchValues.Create([.. Enumerable.Range(0, 256).Where(first => _pairs.AsSpan(first * 4, 4).ContainsAnyExcept(0UL)).Select(first => (byte)first)]);
    }

    /// <summary>Nothing to search for.</summary>
    public static RedactionSet Empty { get; } = new(null, [], isMade: false);

    /// <summary>Whether there is nothing to search for.</summary>
    public bool IsEmpty => Forks.Length == 0;

    /// <summary>
    /// The header that callouts with these secrets send, whose value is among them, so that nothing is kept here that wasn't; null where it isn't known yet, or
    /// differs from callout to callout.
    /// </summary>
    internal ReadyHeader? Header { get; set; }

    /// <summary>The tokens that it was made of, where it was made of tokens: as long as they are these very ones, it is up to date.</summary>
    internal IReadOnlyList<SecretText> Tokens { get; private init; } = [];

    /// <summary>How many bytes its secrets take, without those of the set that it was made from.</summary>
    internal int Size { get; }

    /// <summary>Every form of every secret.</summary>
    internal IEnumerable<EchoPattern> Patterns => [.. _known?.Patterns ?? [], .. _patterns];

    /// <summary>Where echoes begin.</summary>
    internal EchoFork[] Forks { get; }

    /// <summary>What any echo can begin with.</summary>
    internal SearchValues<byte> FirstBytes { get; }

    /// <summary>Whether a secret is long enough to be searched for.</summary>
    /// <param name="utf8">The secret.</param>
    public static bool IsSearched(ReadOnlySpan<byte> utf8)
    {
        var count = 0;
        for (; count < MinCharacters && !utf8.IsEmpty; count++)
        {
            Rune.DecodeFromUtf8(utf8, out _, out var length);
            utf8 = utf8[length..];
        }

        return count == MinCharacters;
    }

    /// <summary>These secrets and what merge fields made of them: what was made ready for these is used again.</summary>
    public RedactionSet With(IEnumerable<ReadOnlyMemory<byte>> secrets) => new(this, secrets, isMade: true);

    /// <summary>These secrets and tokens.</summary>
    internal RedactionSet With(IReadOnlyList<SecretText> tokens) =>
        new(this, tokens.Select(token => (ReadOnlyMemory<byte>)token.RevealUtf8().ToArray()), isMade: false) { Tokens = tokens };

    /// <summary>Overwrites every echo in the bytes with <c>*</c>; whether there was any. Bytes that take too much work to search are overwritten whole.</summary>
    public bool Redact(Span<byte> bytes, EchoWork work)
    {
        if (IsEmpty || bytes.Length < MinCharacters || (bytes.Length <= OnStack && !MayHold(bytes)))
        {
            return false;
        }

        try
        {
            var scanner = new EchoScanner(this, work);
            scanner.Scan(bytes, 0, 0, isWhole: true);
            return scanner.HasMasked;
        }
        catch (EchoWorkExceededException)
        {
            bytes.Fill((byte)'*');
            return true;
        }
    }

    /// <summary>
    /// A header value with every echo overwritten. Characters up to U+00FF are taken for the bytes that they stand for, which
    /// is how answers are read; where there are others, and where that differs, the value is searched as UTF-8 too.
    /// </summary>
    public string RedactHeader(string value, EchoWork work)
    {
        if (IsEmpty || value.Length < MinCharacters)
        {
            return value;
        }

        if (value.AsSpan().IndexOfAnyExceptInRange('\0', '\xFF') < 0)
        {
            value = Redact(value, Encoding.Latin1, work);
        }

        return Ascii.IsValid(value) ? value : Redact(value, Encoding.UTF8, work);
    }

    // Most headers hold no two bytes that any echo begins with, and need no scanner.
    private bool MayHold(ReadOnlySpan<byte> bytes)
    {
        for (var i = 0; i < bytes.Length - 1; i++)
        {
            if (MayBegin(bytes[i], bytes[i + 1]))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether an echo may begin with these two bytes.</summary>
    internal bool MayBegin(byte first, byte second)
    {
        var pair = (first << 8) | second;
        return (_pairs[pair >> 6] & (1UL << (pair & 63))) != 0;
    }

    /// <summary>What rules bytes out quickly; null until so many were searched that it pays to make it, and where it never does.</summary>
    internal EchoFilter? FilterFor(int count)
    {
        if (_filter is null && _isFiltered && !IsEmpty && Interlocked.Add(ref _scanned, count) >= FilterFrom && Interlocked.Exchange(ref _isMaking, 1) == 0)
        {
            // Of hundreds of secrets it takes longer than the thread of a socket may be kept from its work. Meanwhile there is none.
            if (_count > MostAtOnce)
            {
                _ = Task.Run(MakeFilter);
            }
            else
            {
                MakeFilter();
            }
        }

        return Volatile.Read(ref _filter);
    }

    private EchoFilter MakeFilter()
    {
        if (Volatile.Read(ref _filter) is { } made)
        {
            return made;
        }

        var known = _known?.MakeFilter();
        made = known is not null && _patterns.Length == 0 ? known : EchoFilter.Of(known, _patterns);
        Volatile.Write(ref _filter, made);
        return made;
    }

    /// <summary>Whether this secret is searched for.</summary>
    internal bool Has(ReadOnlySpan<byte> secret) =>
        _secrets.GetAlternateLookup<ReadOnlySpan<byte>>().Contains(secret) || _known?.Has(secret) is true;

    private string Redact(string value, Encoding encoding, EchoWork work)
    {
        var length = encoding.GetByteCount(value);
        var bytes = length <= OnStack ? stackalloc byte[length] : new byte[length];
        encoding.GetBytes(value, bytes);
        return Redact(bytes, work) ? encoding.GetString(bytes) : value;
    }

    private void AddPairs()
    {
        HashSet<(int, int)> seen = [];
        foreach (var pattern in _patterns)
        {
            for (var index = 0; index <= pattern.StartFrom; index++)
            {
                // Of thousands of secrets many begin alike.
                if (seen.Add((pattern.Key(index), pattern.Key(index + 1))))
                {
                    AddPairs(pattern[index], pattern[index + 1].Keys);
                }
            }
        }
    }

    private void AddPairs(EncodingNode node, ReadOnlySpan<byte> following)
    {
        foreach (var first in node.Keys)
        {
            if (node.Find(first) is { } next)
            {
                AddPairs(first, next.Keys);
                AddPairs(first, next.Accepts ? following : []);
            }
        }
    }

    private void AddPairs(byte first, ReadOnlySpan<byte> seconds)
    {
        foreach (var second in seconds)
        {
            var pair = (first << 8) | second;
            _pairs[pair >> 6] |= 1UL << (pair & 63);
        }
    }
}
