using System.Net;
using Vault.Core.Authentication.Tokens;
using Vault.Core.Tests.Authentication.Fakes;
using Xunit;

namespace Vault.Core.Tests.Authentication.Protocols.Signing;

/// <summary>Where a role is asked for, and for which region that is signed.</summary>
public sealed class AssumedRoleTests
{
    private readonly Authenticating _parts = new();

    [Theory]
    [InlineData("us-west-2", "https://sts.eu-west-1.amazonaws.com/", "eu-west-1")]
    [InlineData("eu-west-1", "https://sts.amazonaws.com", "us-east-1")]
    [InlineData("eu-west-1", "https://STS.AmazonAWS.com", "us-east-1")]
    [InlineData("eu-west-1", "https://sts-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1")]
    [InlineData("eu-west-1", "https://sts.cn-northwest-1.amazonaws.com.cn", "cn-northwest-1")]
    [InlineData("eu-west-1", "https://vpce-0123abcd-wxyz.sts.us-east-2.vpce.amazonaws.com", "us-east-2")]
    [InlineData("eu-west-1", "https://vpce-0123abcd-wxyz-cn-north-1a.sts.cn-north-1.vpce.amazonaws.com.cn", "cn-north-1")]
    [InlineData("eu-west-1", "https://sts.us-east-2.api.aws", "us-east-2")]
    [InlineData("eu-west-1", "https://sts.us-east-2.amazonaws.com.proxy.example", "eu-west-1")]
    [InlineData("eu-west-1", "https://sts.proxy.example:8443/sts.us-east-2.amazonaws.com", "eu-west-1")]
    [InlineData("eu-west-1", "https://iam.us-east-2.amazonaws.com", "eu-west-1")]
    [InlineData("eu-west-1", "https://[2001:db8::1]/", "eu-west-1")]
    public async Task Acquire_IsSignedForTheRegionOfTheHost(string region, string url, string expected)
    {
        var request = await SentAsync(region, $$""", "stsUrl": "{{url}}" """, new Uri(url).Authority);
        Assert.Contains($"/{expected}/sts/aws4_request, ", request.Headers["Authorization"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("eu-west-1", "sts.eu-west-1.amazonaws.com")]
    [InlineData("cn-north-1", "sts.cn-north-1.amazonaws.com.cn")]
    public async Task Acquire_WithoutAUrl_AsksTheRegionsOwn(string region, string host)
    {
        var request = await SentAsync(region, "", host);
        Assert.Equal($"https://{host}/", request.Url);
        Assert.Contains($"/{region}/sts/aws4_request, ", request.Headers["Authorization"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("arn:aws:iam::1:role/r", "the-external-id", false)]
    [InlineData("arn:aws:iam::1:role/{!$Credential.Role}", "{!$Credential.AccessKeyId}", false)]
    [InlineData("arn:aws:iam::1:role/r", "{!$Credential.Endpoint.Url}", true)]
    [InlineData("arn:aws:iam::1:role/{!HEX($Credential.Endpoint.Url)}", "the-external-id", true)]
    public void Token_IsOfTheNamedCredential_WhereItIsGotWithItsUrl(string role, string externalId, bool isItsOwn)
    {
        var credential = _parts.Bind(
            $$"""{ "protocol": "awsSigV4", "region": "eu-west-1", "service": "dynamodb", "roleArn": "{{role}}", "externalId": "{{externalId}}" }""", "sts.eu-west-1.amazonaws.com");
        var parameters = _parts.Set(credential, ("AccessKeyId", "AKID"), ("SecretAccessKey", "the-key"), ("Role", "r"));
        var keys = new[] { "https://one.example", "https://two.example" }
            .Select(url => new TokenRequest(credential, _parts.Principal, "", parameters, Guid.NewGuid(), url).Key);
        Assert.Equal(isItsOwn ? 2 : 1, keys.Distinct().Count());
    }

    private async Task<FakeRequest> SentAsync(string region, string more, string host)
    {
        var credential = _parts.Bind($$"""{ "protocol": "awsSigV4", "region": "{{region}}", "service": "dynamodb", "roleArn": "arn:aws:iam::1:role/r"{{more}} }""", host);
        var service = FakeService.Always("", HttpStatusCode.Forbidden);
        await credential.Authentication.Tokens!.AcquireAsync(_parts.Acquisition(credential, service, null, ("AccessKeyId", "AKID"), ("SecretAccessKey", "the-key")), default);
        return Assert.Single(service.Requests);
    }
}
