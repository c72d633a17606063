using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Vault.Core.Access;

/// <summary>
/// The key that was right when it was last sent over a connection. Apps send one key over it again and again, and to hash it anew costs
/// a callout more than all else that is judged. The server keeps the headers of the last request for as long too. Safe for use by many threads.
/// </summary>
public sealed class ConnectionKey
{
    private Known? _known;

    private sealed record Known(string Text, VaultKey Key);

    /// <summary>The stored key that this text was found to be, in time that doesn't depend on how much of it is right; null: it has to be hashed.</summary>
    internal VaultKey? Find(string text) => Volatile.Read(ref _known) is { } known
        && CryptographicOperations.FixedTimeEquals(MemoryMarshal.AsBytes(known.Text.AsSpan()), MemoryMarshal.AsBytes(text.AsSpan())) ? known.Key : null;

    /// <summary>The text is this key's.</summary>
    internal void Note(string text, VaultKey key) => Volatile.Write(ref _known, new Known(text, key));
}
