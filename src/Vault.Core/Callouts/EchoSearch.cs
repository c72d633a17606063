using System.Text;
using Vault.Core.Primitives;
using Vault.Core.Redaction;

namespace Vault.Core.Callouts;

/// <summary>
/// What to search this callout's answer for; contract section 5. Filled while the request is made, complete when the head of
/// the answer comes.
/// </summary>
public sealed class EchoSearch
{
    private readonly Callout _callout;
    private readonly List<ReadOnlyMemory<byte>> _values = [];
    private RedactionSet? _set;

    internal EchoSearch(Callout callout) => _callout = callout;

    /// <summary><see cref="Add(ReadOnlySpan{byte})"/> for what was made of a secret.</summary>
    internal Action<byte[]> Note => field ??= bytes => Add(bytes);

    /// <summary>Whether answers of this callout are searched: it is on, and there is something to search for.</summary>
    internal bool IsOn => _callout.Admitted.Named.RedactResponses && !Set.IsEmpty;

    /// <summary>What is searched for. Reading it closes the list.</summary>
    internal RedactionSet Set => _set ??= new RedactionSet(_values);

    /// <summary>A header value, reason phrase or trailer with echoes masked.</summary>
    /// <param name="bytes">A string of bytes.</param>
    public string Redact(string bytes) => IsOn ? Set.RedactHeader(bytes) : bytes;

    /// <summary>Searches for a value too.</summary>
    internal void Add(ReadOnlySpan<byte> utf8)
    {
        _set = null;
        _values.Add(utf8.ToArray());
    }

    /// <summary>Searches for a text too.</summary>
    internal void Add(string text) => Add(Encoding.UTF8.GetBytes(text));

    /// <summary>Searches for a secret too.</summary>
    internal void Add(SecretText secret) => Add(secret.RevealUtf8());
}
