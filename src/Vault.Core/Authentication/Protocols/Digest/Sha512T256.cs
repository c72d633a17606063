using System.Buffers.Binary;
using System.Numerics;

namespace Vault.Core.Authentication.Protocols.Digest;

/// <summary>SHA-512/256 (FIPS 180-4 section 6.7), which .NET doesn't have. It is no SHA-512 cut to 256 bits: it begins with values of its own.</summary>
internal static class Sha512T256
{
    private const int HashBytes = 32;
    private const int BlockBytes = 128;
    private const int LengthBytes = 16;
    private const int Rounds = 80;

    // FIPS 180-4 section 5.3.6.2.
    private static ReadOnlySpan<ulong> Initial =>
    [
        0x22312194fc2bf72c, 0x9f555fa3c84c64c2, 0x2393b86b6f53b151, 0x963877195940eabd,
        0x96283ee2a88effe3, 0xbe5e1e2553863992, 0x2b0199fc2c85b8aa, 0x0eb72ddc81c52ca2,
    ];

    // FIPS 180-4 section 4.2.3.
    private static ReadOnlySpan<ulong> Constants =>
    [
        0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc,
        0x3956c25bf348b538, 0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118,
        0xd807aa98a3030242, 0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
        0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235, 0xc19bf174cf692694,
        0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
        0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
        0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4,
        0xc6e00bf33da88fc2, 0xd5a79147930aa725, 0x06ca6351e003826f, 0x142929670a0e6e70,
        0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
        0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
        0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30,
        0xd192e819d6ef5218, 0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
        0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8,
        0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3,
        0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
        0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b,
        0xca273eceea26619c, 0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178,
        0x06f067aa72176fba, 0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
        0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc, 0x431d67c49c100d4c,
        0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
    ];

    /// <summary>The hash, 32 bytes.</summary>
    public static byte[] HashData(ReadOnlySpan<byte> data)
    {
        Span<ulong> state = stackalloc ulong[Initial.Length];
        Initial.CopyTo(state);
        var rest = data;
        for (; rest.Length >= BlockBytes; rest = rest[BlockBytes..])
        {
            Mix(state, rest);
        }

        // Section 5.1.2: behind the data a one, zeros, and its length in bits, in one block or two.
        Span<byte> end = stackalloc byte[2 * BlockBytes];
        end.Clear();
        rest.CopyTo(end);
        end[rest.Length] = 0x80;
        end = rest.Length < BlockBytes - LengthBytes ? end[..BlockBytes] : end;
        BinaryPrimitives.WriteUInt64BigEndian(end[^sizeof(ulong)..], (ulong)data.Length * 8);
        for (var at = 0; at < end.Length; at += BlockBytes)
        {
            Mix(state, end[at..]);
        }

        var hash = new byte[HashBytes];
        for (var i = 0; i < HashBytes / sizeof(ulong); i++)
        {
            BinaryPrimitives.WriteUInt64BigEndian(hash.AsSpan(i * sizeof(ulong)), state[i]);
        }

        return hash;
    }

    // Section 6.4.2, by its names.
    private static void Mix(Span<ulong> state, ReadOnlySpan<byte> block)
    {
        Span<ulong> w = stackalloc ulong[Rounds];
        for (var t = 0; t < Rounds; t++)
        {
            w[t] = t < BlockBytes / sizeof(ulong)
                ? BinaryPrimitives.ReadUInt64BigEndian(block[(t * sizeof(ulong))..])
                : unchecked(SmallSigma1(w[t - 2]) + w[t - 7] + SmallSigma0(w[t - 15]) + w[t - 16]);
        }

        var (a, b, c, d, e, f, g, h) = (state[0], state[1], state[2], state[3], state[4], state[5], state[6], state[7]);
        for (var t = 0; t < Rounds; t++)
        {
            var t1 = unchecked(h + BigSigma1(e) + ((e & f) ^ (~e & g)) + Constants[t] + w[t]);
            var t2 = unchecked(BigSigma0(a) + ((a & b) ^ (a & c) ^ (b & c)));
            (h, g, f, e, d, c, b, a) = (g, f, e, unchecked(d + t1), c, b, a, unchecked(t1 + t2));
        }

        ReadOnlySpan<ulong> mixed = [a, b, c, d, e, f, g, h];
        for (var i = 0; i < mixed.Length; i++)
        {
            state[i] = unchecked(state[i] + mixed[i]);
        }
    }

    private static ulong BigSigma0(ulong x) => BitOperations.RotateRight(x, 28) ^ BitOperations.RotateRight(x, 34) ^ BitOperations.RotateRight(x, 39);

    private static ulong BigSigma1(ulong x) => BitOperations.RotateRight(x, 14) ^ BitOperations.RotateRight(x, 18) ^ BitOperations.RotateRight(x, 41);

    private static ulong SmallSigma0(ulong x) => BitOperations.RotateRight(x, 1) ^ BitOperations.RotateRight(x, 8) ^ (x >> 7);

    private static ulong SmallSigma1(ulong x) => BitOperations.RotateRight(x, 19) ^ BitOperations.RotateRight(x, 61) ^ (x >> 6);
}
