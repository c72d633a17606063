using System.Net;
using Vault.Core.Tests.Authentication.Fakes;
using Xunit;

namespace Vault.Core.Tests.Authentication.Protocols.OAuth2;

/// <summary>Where the metadata of an issuer is looked for.</summary>
public sealed class OAuth2DiscoveryTests
{
    private const string Metadata = """{ "issuer": "https://id.example/t", "token_endpoint": "https://id.example/token" }""";
    private readonly Authenticating _parts = new();

    [Theory]
    [InlineData(200, Metadata, 404, "", null)]
    [InlineData(404, "", 200, Metadata, null)]
    [InlineData(200, "<!DOCTYPE html><html></html>", 200, Metadata, null)]
    [InlineData(200, "[]", 200, Metadata, null)]
    [InlineData(200, "", 200, Metadata, null)]
    [InlineData(200, "<html></html>", 200, "<html></html>", "no metadata in JSON")]
    [InlineData(200, "<html></html>", 404, "", "status 404")]
    [InlineData(200, """{ "issuer": "https://evil.example" }""", 200, Metadata, "another issuer")]
    public async Task Metadata_IsThatOfTheFirstPlaceThatHasIt(int status, string openId, int otherStatus, string other, string? fault)
    {
        var credential = _parts.Bind("""{ "protocol": "oauth2", "grant": "clientCredentials", "issuer": "https://id.example/t" }""", "id.example");
        var service = new FakeService(request => request.Url switch
        {
            "https://id.example/t/.well-known/openid-configuration" => Authenticating.Answer(openId, (HttpStatusCode)status),
            "https://id.example/.well-known/oauth-authorization-server/t" => Authenticating.Answer(other, (HttpStatusCode)otherStatus),
            _ => Authenticating.Answer("""{ "access_token": "access-token" }"""),
        });
        var token = await credential.Authentication.Tokens!.AcquireAsync(
            _parts.Acquisition(credential, service, null, ("ClientId", "me"), ("ClientSecret", "the-client-secret")), CancellationToken.None);
        Assert.Equal(fault is null, token.IsOk);
        Assert.Contains(fault ?? "", token.Error?.Detail ?? "", StringComparison.Ordinal);
    }
}
