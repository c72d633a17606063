using System.Security.Cryptography;
using System.Text;
using Vault.Core.Authentication.Tokens;
using Vault.Core.Primitives;
using Vault.Core.Redaction;

namespace Vault.Core.Callouts;

/// <summary>
/// What to search this callout's answer for; contract section 5. Filled while the request is made, complete when the head of
/// the answer comes. A body that is merged while it streams may still add to it then, on another thread.
/// </summary>
public sealed class EchoSearch
{
    /// <summary>How many values of fields, headers and signatures are searched for; one that was escaped counts twice.</summary>
    internal const int MaxValues = 2000;

    /// <summary>How many bytes they have together (1 MiB).</summary>
    internal const int MaxBytes = 1024 * 1024;

    private const int MostOnStack = 1024;

    private readonly Callout _callout;
    private HashSet<byte[]>? _made;
    private int _bytes;
    private EchoSets? _sets;
    private EchoKey? _key;
    private RedactionSet _known = RedactionSet.Empty;
    private RedactionSet? _set;

    internal EchoSearch(Callout callout) => _callout = callout;

    /// <summary>
    /// Why a callout can't go on whose fields made more than can be searched for: an echo of what was left out would pass.
    /// </summary>
    internal static VaultError TooMany { get; } = new(
        ErrorCodes.MergeFieldInvalid, $"The merge fields of the request make more than {MaxValues} different values of secrets, or more than {MaxBytes} bytes of them.");

    /// <summary><see cref="Add(ReadOnlySpan{byte})"/> for what was made of a secret.</summary>
    internal Action<ReadOnlySpan<byte>> Note => field ??= Add;

    /// <summary>Whether answers of this callout are searched: it is on, and there is something to search for.</summary>
    internal bool IsOn => _callout.Admitted.Named.RedactResponses && !Set.IsEmpty;

    /// <summary>Whether more was made than is searched for.</summary>
    internal bool IsFull { get; private set; }

    /// <summary>How much may be spent on searching. Whoever changes what is searched for holds it, too: one object less for every callout.</summary>
    internal EchoWork Work { get; } = new();

    /// <summary>What is searched for.</summary>
    internal RedactionSet Set
    {
        get
        {
            // Asked for at each header of an answer.
            if (Volatile.Read(ref _set) is { } made)
            {
                return made;
            }

            lock (Work)
            {
                return _set ??= Make();
            }
        }
    }

    /// <summary>A header, reason phrase or trailer with echoes masked.</summary>
    /// <param name="bytes">A string of bytes.</param>
    public string Redact(string bytes) => _callout.Admitted.Named.RedactResponses ? Set.RedactHeader(bytes, Work) : bytes;

    /// <summary>The header that a callout before this one made of the very same parameters; null: none did.</summary>
    internal ReadyHeader? Header => _known.Header;

    /// <summary>Keeps a header for the callouts after this one, where all of it, and what follows its scheme, is kept to be searched for already.</summary>
    internal void KeepHeader(string name, string value)
    {
        var space = value.IndexOf(' ', StringComparison.Ordinal);
        if (_key is not null && _known.Has(Encoding.UTF8.GetBytes(value)) && (space < 0 || IsKnown(Encoding.UTF8.GetBytes(value[(space + 1)..]))))
        {
            _known.Header = new ReadyHeader(name, HeaderText.Encode(value));
        }

        bool IsKnown(byte[] utf8) => _known.Has(utf8) || !RedactionSet.IsSearched(utf8);
    }

    /// <summary>Searches for what was made ready for callouts before.</summary>
    internal void Know(EchoSets sets, EchoKey key, RedactionSet known)
    {
        lock (Work)
        {
            (_sets, _key, _known, _set) = (sets, key, known, null);
        }
    }

    /// <summary>Searches for tokens too.</summary>
    internal void Know(TokenKey slot, IReadOnlyList<SecretText> tokens)
    {
        lock (Work)
        {
            if (tokens.Count > 0 && _sets is not null && _key is { } key)
            {
                _known = _sets.Get(key with { Slot = slot }, _known, tokens);
                (_key, _set) = (key with { Slot = slot, Known = _known }, null);
            }
        }
    }

    /// <summary>Searches for a value too.</summary>
    internal void Add(ReadOnlySpan<byte> utf8)
    {
        if (!_callout.Admitted.Named.RedactResponses || !RedactionSet.IsSearched(utf8))
        {
            return;
        }

        lock (Work)
        {
            // Nearly always a value is a parameter itself, or the header that is made of it.
            if (_known.Has(utf8))
            {
                return;
            }

            var made = (_made ??= new(ByBytes.Instance)).GetAlternateLookup<ReadOnlySpan<byte>>();
            if (made.Contains(utf8))
            {
                return;
            }

            if (_made.Count >= MaxValues || _bytes + utf8.Length > MaxBytes)
            {
                IsFull = true;
                return;
            }

            made.Add(utf8);
            _bytes += utf8.Length;
            _set = null;
        }
    }

    /// <summary>Searches for a text too.</summary>
    internal void Add(ReadOnlySpan<char> text)
    {
        var length = Encoding.UTF8.GetMaxByteCount(text.Length);
        var utf8 = length <= MostOnStack ? stackalloc byte[MostOnStack] : new byte[length];
        Add(utf8[..Encoding.UTF8.GetBytes(text, utf8)]);
    }

    private RedactionSet Make()
    {
        if (_made is null)
        {
            return _known;
        }

        ReadOnlyMemory<byte>[] values = [.. _made];
        return _sets is null || _key is not { } key ? _known.With(values) : _sets.Get(key with { Made = Digest(_made) }, _known, values);
    }

    // Values of this request alone (a nonce's signature) differ each time, those of secrets alone don't.
    private static string Digest(HashSet<byte[]> made)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> length = stackalloc byte[4];
        foreach (var value in made)
        {
            System.Buffers.Binary.BinaryPrimitives.WriteInt32LittleEndian(length, value.Length);
            hash.AppendData(length);
            hash.AppendData(value);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
