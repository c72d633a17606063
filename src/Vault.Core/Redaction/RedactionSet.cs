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

    private const int OnStack = 512;

    private readonly RedactionSet? _known;
    private readonly byte[][] _secrets;
    private readonly ulong[] _pairs;
    private readonly List<Start>?[] _starts;
    private EchoFilter? _filter;
    private long _scanned;

    /// <summary>A set of secrets in UTF-8; those of fewer than <see cref="MinCharacters"/> characters are left out.</summary>
    public RedactionSet(IEnumerable<ReadOnlyMemory<byte>> secrets)
        : this(null, secrets)
    {
    }

    /// <summary>A set of secrets.</summary>
    public RedactionSet(IEnumerable<SecretText> secrets)
        : this(null, secrets.Select(secret => (ReadOnlyMemory<byte>)secret.RevealUtf8().ToArray()))
    {
    }

    private RedactionSet(RedactionSet? known, IEnumerable<ReadOnlyMemory<byte>> secrets)
    {
        _known = known;
        _pairs = known is null ? new ulong[65536 / 64] : [.. known._pairs];
        _starts = new List<Start>[256];
        for (var b = 0; known is not null && b < 256; b++)
        {
            _starts[b] = known._starts[b] is { } starts ? [.. starts] : null;
        }

        byte[][] added = [.. secrets
            .Where(secret => Characters(secret.Span) >= MinCharacters && known?.Has(secret.Span) is not true)
            .Select(secret => secret.ToArray())
            .DistinctBy(Convert.ToHexString)];
        _secrets = [.. known?._secrets ?? [], .. added];
        Size = _secrets.Sum(secret => secret.Length);
        Patterns = [.. known?.Patterns ?? [], .. added.SelectMany(EchoPattern.Of)];
        for (var pattern = known?.Patterns.Length ?? 0; pattern < Patterns.Length; pattern++)
        {
            for (var index = 0; index <= Patterns[pattern].StartFrom; index++)
            {
                AddStart(pattern, index);
            }
        }

        FirstBytes = SearchValues.Create([.. Enumerable.Range(0, 256).Where(b => _starts[b] is not null).Select(b => (byte)b)]);
    }

    /// <summary>Nothing to search for.</summary>
    public static RedactionSet Empty { get; } = new(null, []);

    /// <summary>Whether there is nothing to search for.</summary>
    public bool IsEmpty => Patterns.Length == 0;

    /// <summary>
    /// The header that callouts with these secrets send, whose value is among them, so that nothing is kept here that wasn't; null where it isn't known yet, or
    /// differs from callout to callout.
    /// </summary>
    internal ReadyHeader? Header { get; set; }

    /// <summary>How many secrets it has.</summary>
    internal int Count => _secrets.Length;

    /// <summary>How many bytes its secrets have together.</summary>
    internal int Size { get; }

    internal EchoPattern[] Patterns { get; }

    /// <summary>What any echo can begin with.</summary>
    internal SearchValues<byte> FirstBytes { get; }

    /// <summary>Whether a secret is long enough to be searched for.</summary>
    /// <param name="utf8">The secret.</param>
    public static bool IsSearched(ReadOnlySpan<byte> utf8) => Characters(utf8) >= MinCharacters;

    /// <summary>These secrets and more: what was made ready for these is used again.</summary>
    public RedactionSet With(IEnumerable<ReadOnlyMemory<byte>> secrets) => new(this, secrets);

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

    internal ReadOnlySpan<Start> StartsWith(byte first) => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_starts[first]);

    /// <summary>What rules bytes out quickly; null until so many were searched that it pays to make it.</summary>
    internal EchoFilter? FilterFor(int count)
    {
        if (_filter is null && !IsEmpty && Interlocked.Add(ref _scanned, count) >= FilterFrom)
        {
            MakeFilter();
        }

        return Volatile.Read(ref _filter);
    }

    private EchoFilter MakeFilter()
    {
        if (Volatile.Read(ref _filter) is { } made)
        {
            return made;
        }

        var known = _known is { IsEmpty: false } ? _known.MakeFilter() : null;
        var added = Patterns[(_known?.Patterns.Length ?? 0)..];
        made = known is not null && added.Length == 0 ? known : EchoFilter.Of(known, added);
        Volatile.Write(ref _filter, made);
        return made;
    }

    private static int Characters(ReadOnlySpan<byte> utf8)
    {
        var count = 0;
        for (; !utf8.IsEmpty; count++)
        {
            Rune.DecodeFromUtf8(utf8, out _, out var length);
            utf8 = utf8[length..];
        }

        return count;
    }

    /// <summary>Whether this secret is searched for.</summary>
    internal bool Has(ReadOnlySpan<byte> secret)
    {
        foreach (var known in _secrets)
        {
            if (secret.SequenceEqual(known))
            {
                return true;
            }
        }

        return false;
    }

    private string Redact(string value, Encoding encoding, EchoWork work)
    {
        var length = encoding.GetByteCount(value);
        var bytes = length <= OnStack ? stackalloc byte[length] : new byte[length];
        encoding.GetBytes(value, bytes);
        return Redact(bytes, work) ? encoding.GetString(bytes) : value;
    }

    private void AddStart(int pattern, int index)
    {
        var node = Patterns[pattern][index];
        var following = index + 1 < Patterns[pattern].Length ? Patterns[pattern][index + 1].Keys : [];
        foreach (var first in node.Keys)
        {
            (_starts[first] ??= []).Add(new Start(pattern, index));
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

    /// <summary>A place where a pattern may begin.</summary>
    internal readonly record struct Start(int Pattern, int Index);
}
