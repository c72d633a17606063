using System.Buffers;
using System.Security.Cryptography;
using System.Text;

namespace Vault.Core.Access;

/// <summary>
/// The key that was right when it was last sent over a connection. Apps send one key over it again and again, and to hash it anew costs
/// a callout more than all else that is judged. The server keeps the headers of the last request for as long too. Safe for use by many threads.
/// </summary>
public sealed class ConnectionKey
{
    private const int MostOnStack = 256;
    private Known? _known;

    // The comparison takes its time for each byte: a key is ASCII, and half as many of these as its characters have.
    private sealed record Known(byte[] Text, VaultKey Key);

    /// <summary>The stored key that this text was found to be, in time that doesn't depend on how much of it is right; null: it has to be hashed.</summary>
    internal VaultKey? Find(string text)
    {
        if (Volatile.Read(ref _known) is not { } known || known.Text.Length != text.Length)
        {
            return null;
        }

        var ascii = text.Length <= MostOnStack ? stackalloc byte[text.Length] : new byte[text.Length];
        return Ascii.FromUtf16(text, ascii, out _) is OperationStatus.Done && CryptographicOperations.FixedTimeEquals(known.Text, ascii) ? known.Key : null;
    }

    /// <summary>The text is this key's.</summary>
    internal void Note(string text, VaultKey key) => Volatile.Write(ref _known, new Known(Encoding.ASCII.GetBytes(text), key));
}
