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
    [InlineData("{\"kty\": \"oct\"")]
    [InlineData("[{\"kty\": \"oct\"}]")]
    [InlineData("\"kty\"")]
    public void Sign_WithTextThatIsNoJwk_IsOfTheText(string key) =>
        Assert.Equal(HMACSHA256.HashData(Encoding.UTF8.GetBytes(key), Data), SigningKey.Sign(JwtAlgorithm.Find("HS256")!, key, null, Data));

    [Theory]
    [InlineData("{\"kty\": \"oct\"}")]
    [InlineData("{\"kty\": \"RSA\", \"k\": \"AyM1\"}")]
    [InlineData("{\"kty\": 1, \"k\": \"AyM1\"}")]
    [InlineData("{\"kty\": \"oct\", \"k\": \"!\"}")]
    public void Sign_WithAJwkThatDoesntFit_IsNone(string key) => Assert.Null(SigningKey.Sign(JwtAlgorithm.Find("HS256")!, key, null, Data));
}
