using System.Buffers.Binary;

namespace Vault.Core.Secrets.Sealing;

/// <summary>
/// The layout of a sealed value; design section 3. Magic <c>CV</c>, format, algorithm, vault-key id (16, big-endian), wrap
/// nonce (12), wrapped data key (32), wrap tag (16), data nonce (12), length of the ciphertext (4, big-endian), ciphertext
/// (padded to 64), tag (16). Read strictly: anything else is unreadable.
/// </summary>
internal static class SealedRecord
{
    public const int PrefixSize = 4;
    public const int KeyIdOffset = 4;
    public const int WrapNonceOffset = 20;
    public const int WrappedKeyOffset = 32;
    public const int WrapTagOffset = 64;
    public const int DataNonceOffset = 80;
    public const int LengthOffset = 92;
    public const int CiphertextOffset = 96;
    public const int NonceSize = 12;
    public const int KeySize = 32;
    public const int TagSize = 16;
    public const int Padding = 64;

    /// <summary>Magic, format 1, algorithm 1: AES-256-GCM with a data key wrapped by AES-256-GCM.</summary>
    public static ReadOnlySpan<byte> Prefix => [(byte)'C', (byte)'V', 1, 1];

    /// <summary>Size of a record for a plaintext of this many bytes.</summary>
    public static int SizeFor(int plaintext) => CiphertextOffset + PaddedSize(plaintext) + TagSize;

    /// <summary>Size of the padded plaintext: length, bytes, zeros up to a multiple of 64.</summary>
    public static int PaddedSize(int plaintext) => (4 + plaintext + Padding - 1) / Padding * Padding;

    /// <summary>Whether the bytes have the shape of a record.</summary>
    public static bool IsWellFormed(ReadOnlySpan<byte> record)
    {
        if (record.Length < CiphertextOffset + Padding + TagSize || !record[..PrefixSize].SequenceEqual(Prefix))
        {
            return false;
        }

        var length = BinaryPrimitives.ReadUInt32BigEndian(record[LengthOffset..]);
        return length % Padding == 0 && length == record.Length - CiphertextOffset - TagSize;
    }
}
