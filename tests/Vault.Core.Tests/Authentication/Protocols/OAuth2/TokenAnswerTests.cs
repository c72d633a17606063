using System.Text;
using System.Text.Json;
using Vault.Core.Authentication.Protocols.OAuth2;
using Vault.Core.Authentication.SignIns;
using Xunit;

namespace Vault.Core.Tests.Authentication.Protocols.OAuth2;

/// <summary>What is kept of a token answer.</summary>
public sealed class TokenAnswerTests
{
    [Theory]
    [InlineData("rotated-token", true)]
    [InlineData("rotated token", true)]
    [InlineData(" rotated ", true)]
    [InlineData("rotated-tok\u00E9n", true)]
    [InlineData("rotated\ntoken", false)]
    [InlineData("rotated\0token", false)]
    [InlineData("", false)]
    public void RefreshToken_MayHoldWhatAFormMay(string rotated, bool isKept)
    {
        var token = Read(new { access_token = "access-token", refresh_token = rotated });
        Assert.Equal(isKept ? rotated : "the-one-before", token?.Values[OAuth2Tokens.RefreshToken].Reveal());
    }

    [Theory]
    [InlineData("access token")]
    [InlineData("access-tok\u00E9n")]
    public void AccessToken_MayHoldWhatAHeaderMay(string token) => Assert.Null(Read(new { access_token = token }));

    private static Core.Authentication.Tokens.TokenSet? Read(object answer)
    {
        using var message = new HttpResponseMessage();
        var read = new SignInAnswer(message, Encoding.UTF8.GetBytes(JsonSerializer.Serialize(answer)), "The token request", new Uri("https://service.example/token"));
        return TokenAnswer.Read(read, "the-one-before", DateTimeOffset.UnixEpoch).Value;
    }
}
