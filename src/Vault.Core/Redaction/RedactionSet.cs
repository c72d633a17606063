using System.Buffers;
using System.Text;
using Vault.Core.Primitives;

namespace Vault.Core.Redaction;

/// <summary>
/// The secrets of one callout, ready to be searched for in its answer, in every encoding that the contract lists. Immutable
/// and safe for any number of threads; it holds the secrets in a form of its own, so keep it no longer than them.
/// </summary>
public sealed class RedactionSet
{
    /// <summary>A shorter secret isn't searched for: too much would be masked that isn't one.</summary>
    public const int MinCharacters = 8;

    private readonly ulong[] _pairs = new ulong[65536 / 64];
    private readonly Start[]?[] _starts = new Start[256][];

    /// <summary>A set of secrets in UTF-8; those of fewer than <see cref="MinCharacters"/> characters are left out.</summary>
    public RedactionSet(IEnumerable<ReadOnlyMemory<byte>> secrets)
    {
        Patterns = [.. secrets
            .Where(secret => Characters(secret.Span) >= MinCharacters)
            .Select(secret => secret.ToArray())
            .DistinctBy(Convert.ToHexString)
            .SelectMany(EchoPattern.Of)];
        for (var pattern = 0; pattern < Patterns.Length; pattern++)
        {
            for (var index = 0; index <= Patterns[pattern].StartFrom; index++)
            {
                AddStart(pattern, index);
            }
        }

        FirstBytes = SearchValues.Create([.. Enumerable.Range(0, 256).Where(b => _starts[b] is not null).Select(b => (byte)b)]);
    }

    /// <summary>A set of secrets.</summary>
    public RedactionSet(IEnumerable<SecretText> secrets)
        : this(secrets.Select(secret => (ReadOnlyMemory<byte>)secret.RevealUtf8().ToArray()))
    {
    }

    /// <summary>Whether there is nothing to search for.</summary>
    public bool IsEmpty => Patterns.Length == 0;

    internal EchoPattern[] Patterns { get; }

    /// <summary>What any echo can begin with.</summary>
    internal SearchValues<byte> FirstBytes { get; }

    /// <summary>Overwrites every echo in the bytes with <c>*</c>.</summary>
    public void Redact(Span<byte> bytes)
    {
        if (!IsEmpty)
        {
            new EchoScanner(this).Scan(bytes, 0, 0);
        }
    }

    /// <summary>
    /// A header value with every echo overwritten. Characters up to U+00FF are taken for the bytes that they stand for, which
    /// is how answers are read; where there are others, and where that differs, the value is searched as UTF-8 too.
    /// </summary>
    public string RedactHeader(string value)
    {
        if (IsEmpty || value.Length == 0)
        {
            return value;
        }

        if (value.All(c => c <= 0xFF))
        {
            value = Redact(value, Encoding.Latin1);
        }

        return Ascii.IsValid(value) ? value : Redact(value, Encoding.UTF8);
    }

    /// <summary>Whether an echo may begin with these two bytes.</summary>
    internal bool MayBegin(byte first, byte second)
    {
        var pair = (first << 8) | second;
        return (_pairs[pair >> 6] & (1UL << (pair & 63))) != 0;
    }

    internal ReadOnlySpan<Start> StartsWith(byte first) => _starts[first];

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

    private string Redact(string value, Encoding encoding)
    {
        var before = encoding.GetBytes(value);
        var after = before.AsSpan().ToArray();
        Redact(after);
        return before.AsSpan().SequenceEqual(after) ? value : encoding.GetString(after);
    }

    private void AddStart(int pattern, int index)
    {
        var nodes = Patterns[pattern].Nodes;
        foreach (var first in nodes[index].Keys)
        {
            _starts[first] = [.. _starts[first] ?? [], new Start(pattern, index)];
            if (nodes[index].Find(first) is { } node)
            {
                AddPairs(first, node.Keys);
                AddPairs(first, node.Accepts && index + 1 < nodes.Length ? nodes[index + 1].Keys : []);
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
