using System.Buffers.Text;
using System.Text.Json;
using Vault.Core.Tests.Authentication.Fakes;
using Xunit;

namespace Vault.Core.Tests.Authentication.Assertions;

/// <summary>The JWTs that are made.</summary>
public sealed class AssertionTemplateTests
{
    private readonly Authenticating _parts = new();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(999)]
    public async Task Token_EndsWithItsExp(int milliseconds)
    {
        _parts.Time.Advance(TimeSpan.FromMilliseconds(milliseconds));
        var credential = _parts.Bind("""{ "protocol": "jwt", "algorithm": "HS256", "lifetimeSeconds": 5 }""");
        var token = await credential.Authentication.Tokens!.AcquireAsync(
            _parts.Acquisition(credential, FakeService.Always(""), null, ("Key", new string('k', 40))), CancellationToken.None);
        var claims = JsonElement.Parse(Base64Url.DecodeFromChars(token.Value!.Values["jwt"].Reveal().Split('.')[1]));
        Assert.Equal(5, claims.GetProperty("exp").GetInt64() - claims.GetProperty("iat").GetInt64());
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(claims.GetProperty("exp").GetInt64()), token.Value.ExpiresAt);
    }
}
