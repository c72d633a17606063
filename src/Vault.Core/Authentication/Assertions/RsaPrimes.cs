using System.Numerics;
using System.Security.Cryptography;

namespace Vault.Core.Authentication.Assertions;

/// <summary>
/// Finds the primes of an RSA key that came with its exponents alone, which the platform doesn't take: the deterministic method of
/// NIST SP 800-56B Rev. 2, appendix C.2. A few multiplications and divisions, whatever the key; it is for keys whose public
/// exponent is as short as they are in use.
/// </summary>
internal static class RsaPrimes
{
    // What the platform takes at most: 16,384 bits.
    private const int MaxModulus = 2048;

    // SP 800-56B section 6.2: an exponent is less than 2^256.
    private const int MaxExponent = 32;

    /// <summary>The whole key.</summary>
    /// <param name="modulus">n, big-endian, as are the others.</param>
    /// <param name="exponent">e.</param>
    /// <param name="privateExponent">d.</param>
    /// <exception cref="CryptographicException">They are not of one key.</exception>
    public static RSAParameters Recover(byte[] modulus, byte[] exponent, byte[] privateExponent)
    {
        if (modulus.Length > MaxModulus || exponent.Length > MaxExponent || privateExponent.Length > MaxModulus)
        {
            throw new CryptographicException();
        }

        var (n, e, d) = (Read(modulus), Read(exponent), Read(privateExponent));
        var (p, q) = Factor(n, (d * e) - 1);
        var length = n.GetByteCount(isUnsigned: true);
        var half = (length + 1) / 2;
        return new RSAParameters
        {
            Modulus = Write(n, length),
            Exponent = Write(e, e.GetByteCount(isUnsigned: true)),
            D = Write(d, length),
            P = Write(p, half),
            Q = Write(q, half),
            DP = Write(d % (p - 1), half),
            DQ = Write(d % (q - 1), half),
            InverseQ = Write(Inverse(q, p), half),
        };
    }

    private static (BigInteger P, BigInteger Q) Factor(BigInteger n, BigInteger multiple)
    {
        if (n.Sign <= 0 || multiple.Sign <= 0)
        {
            throw new CryptographicException();
        }

        // 1 A multiple of (p-1)(q-1), by a little more than n.
        var (quotient, remainder) = BigInteger.DivRem(multiple * BigInteger.GreatestCommonDivisor(n - 1, multiple), n);

        // 2 p + q, then p - q.
        var sum = ((n - remainder) / (quotient + 1)) + 1;
        var square = (sum * sum) - (4 * n);
        if (square.Sign <= 0)
        {
            throw new CryptographicException();
        }

        // 3 Whatever came in, what goes out are its factors.
        var difference = Root(square);
        var (p, q) = ((sum + difference) / 2, (sum - difference) / 2);
        return q > 1 && p * q == n ? (p, q) : throw new CryptographicException();
    }

    // Newton's method from above: the first step that doesn't go down stands on the root.
    private static BigInteger Root(BigInteger square)
    {
        var root = BigInteger.One << (int)((square.GetBitLength() + 1) / 2);
        while (true)
        {
            var next = (root + (square / root)) / 2;
            if (next >= root)
            {
                return root;
            }

            root = next;
        }
    }

    private static BigInteger Inverse(BigInteger value, BigInteger modulus)
    {
        var (rest, before) = (value % modulus, modulus);
        var (factor, factorBefore) = (BigInteger.One, BigInteger.Zero);
        while (rest.Sign > 0)
        {
            var (quotient, remainder) = BigInteger.DivRem(before, rest);
            (rest, before) = (remainder, rest);
            (factor, factorBefore) = (factorBefore - (quotient * factor), factor);
        }

        if (!before.IsOne)
        {
            throw new CryptographicException();
        }

        return factorBefore.Sign < 0 ? factorBefore + modulus : factorBefore;
    }

    private static BigInteger Read(byte[] bytes) => new(bytes, isUnsigned: true, isBigEndian: true);

    private static byte[] Write(BigInteger value, int length)
    {
        var bytes = new byte[length];
        var count = value.GetByteCount(isUnsigned: true);
        return count <= length && value.TryWriteBytes(bytes.AsSpan(length - count), out _, isUnsigned: true, isBigEndian: true)
            ? bytes
            : throw new CryptographicException();
    }
}
