using System.Security.Cryptography;
using System.Text;
using Vault.Core.Primitives;

namespace Vault.Core.MergeFields.Functions;

/// <summary>
/// <c>SIGN(algorithm, blob, pemKey)</c>: RSA PKCS#1 v1.5 or ECDSA in DER form, by what the key is; PEM of PKCS#8, PKCS#1 or SEC1.
/// </summary>
internal sealed class SignFunction : DigestFunction
{
    private const string BadKey = "SIGN needs an unencrypted RSA or EC private key in PEM form that fits the algorithm";

    public override string Name => "SIGN";

    public override IReadOnlyList<MergeParameter> Parameters { get; } =
        [new("algorithm"), new("blob", IsBlob: true), new("pemKey", IsBlob: true, IsKey: true)];

    public override bool Signs => true;

    protected override Result<MergeValue> Compute(HashAlgorithmName algorithm, ReadOnlySpan<MergeValue> arguments)
    {
        var pem = Encoding.UTF8.GetString(arguments[1].Blob.AsSpan());
        var blob = arguments[0].Blob ?? [];
        // A PKCS#8 label doesn't say which kind of key it is, so that both are tried.
        var signature = TrySign(() => SignRsa(pem, blob, algorithm)) ?? TrySign(() => SignEc(pem, blob, algorithm));
        return signature is null ? MergeErrors.Invalid(BadKey) : MergeValue.OfBlob(signature, false);
    }

    private static byte[] SignRsa(string pem, byte[] blob, HashAlgorithmName algorithm)
    {
        using var rsa = RSA.Create();
        rsa.ImportFromPem(pem);
        return rsa.SignData(blob, algorithm, RSASignaturePadding.Pkcs1);
    }

    private static byte[] SignEc(string pem, byte[] blob, HashAlgorithmName algorithm)
    {
        using var ec = ECDsa.Create();
        ec.ImportFromPem(pem);
        return ec.SignData(blob, algorithm, DSASignatureFormat.Rfc3279DerSequence);
    }

    private static byte[]? TrySign(Func<byte[]> sign)
    {
        try
        {
            return sign();
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException or NotSupportedException)
        {
            // The message may quote the key: it is dropped on purpose. Not supported: a curve that the platform lacks.
            return null;
        }
    }
}
