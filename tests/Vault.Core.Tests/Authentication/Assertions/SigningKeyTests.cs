using System.Security.Cryptography;
using System.Text;
using Vault.Core.Authentication.Assertions;
using Xunit;

namespace Vault.Core.Tests.Authentication.Assertions;

/// <summary>Keys in the forms in which admins have them.</summary>
public sealed class SigningKeyTests
{
    private static readonly byte[] Data = "data"u8.ToArray();

    [Theory]
    [InlineData("{")]
    [InlineData("{secret}")]
    [InlineData(" {\"a\": 1}")]
    [InlineData("[1, 2]")]
    [InlineData("\"kty\"")]
    public void Sign_WithTextThatIsNoJwk_IsOfTheText(string key) =>
        Assert.Equal(HMACSHA256.HashData(Encoding.UTF8.GetBytes(key), Data), SigningKey.Sign(JwtAlgorithm.Find("HS256")!, key, null, Data));

    [Theory]
    [InlineData("{\"kty\": \"oct\"}")]
    [InlineData("{\"kty\": \"oct\"")]
    [InlineData("[{\"kty\": \"oct\"}]")]
    [InlineData("{\"keys\": [{\"kty\": \"RSA\", \"n\": \"AQAB\", \"e\": \"AQAB\"}]}")]
    [InlineData("\uFEFF{\"kty\": \"RSA\", \"n\": \"AQAB\", \"e\": \"AQAB\"}")]
    [InlineData("{\"kty\": \"RSA\", \"k\": \"AyM1\"}")]
    [InlineData("{\"kty\": 1, \"k\": \"AyM1\"}")]
    [InlineData("{\"kty\": \"oct\", \"k\": \"!\"}")]
    public void Sign_WithAJwkThatDoesntFit_IsNone(string key) => Assert.Null(SigningKey.Sign(JwtAlgorithm.Find("HS256")!, key, null, Data));

    [Theory]
    [InlineData("RS256", "\uFEFF{0}")]
    [InlineData("PS256", "\uFEFF{0}")]
    [InlineData("ES256", "\uFEFF{0}")]
    [InlineData("RS256", "\\n")]
    [InlineData("PS256", "\\n")]
    [InlineData("ES256", "\\n")]
    [InlineData("RS256", "\\r\\n")]
    public void Sign_WithPem_AsFilesAndJsonHoldIt(string name, string form)
    {
        var algorithm = JwtAlgorithm.Find(name)!;
        using var rsa = RSA.Create(2048);
        using var ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        foreach (var pem in name[0] == 'E'
            ? [ec.ExportPkcs8PrivateKeyPem(), ec.ExportECPrivateKeyPem(), Encrypted(ec)]
            : new[] { rsa.ExportPkcs8PrivateKeyPem(), rsa.ExportRSAPrivateKeyPem(), Encrypted(rsa) })
        {
            var key = form[0] == '\\' ? pem.Replace("\n", form, StringComparison.Ordinal) + form : form.Replace("{0}", pem, StringComparison.Ordinal);
            var signature = SigningKey.Sign(algorithm, key, "the-password", Data)!;
            Assert.NotNull(signature);
            Assert.True(name[0] == 'E'
                ? ec.VerifyData(Data, signature, algorithm.Hash)
                : rsa.VerifyData(Data, signature, algorithm.Hash, name[0] == 'P' ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1));
        }

        static string Encrypted(AsymmetricAlgorithm key) =>
            key.ExportEncryptedPkcs8PrivateKeyPem("the-password", new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000));
    }

    [Theory]
    [InlineData("ES256", "nistP256", true)]
    [InlineData("ES384", "nistP384", true)]
    [InlineData("ES512", "nistP521", true)]
    [InlineData("ES256", "nistP384", false)]
    [InlineData("ES256", "secp256k1", false)]
    [InlineData("ES256", "brainpoolP256r1", false)]
    [InlineData("ES384", "brainpoolP384r1", false)]
    public void Sign_WithAnEllipticCurve_OnlyWithTheAlgorithmsOwn(string name, string curve, bool isItsOwn)
    {
        using var key = ECDsa.Create(ECCurve.CreateFromFriendlyName(curve));
        using var writtenOut = ECDsa.Create(key.ExportExplicitParameters(true));
        foreach (var pem in new[] { key.ExportPkcs8PrivateKeyPem(), key.ExportECPrivateKeyPem(), writtenOut.ExportPkcs8PrivateKeyPem() })
        {
            Assert.Equal(isItsOwn, SigningKey.Sign(JwtAlgorithm.Find(name)!, pem, null, Data) is not null);
        }
    }
}
