using Xunit;

namespace Vault.Cli.Tests.Import.Salesforce;

/// <summary>Shapes that files have in the wild, beside those of the project.</summary>
public sealed class ShapesTests
{
    private const string External =
        """
        <ExternalCredential xmlns="http://soap.sforce.com/2006/04/metadata">
            <authenticationProtocol>Basic</authenticationProtocol>
            <label>Login</label>
            <principals>
                <principalName>Main</principalName>
                <principalType>PerUserPrincipal</principalType>
                <sequenceNumber>3</sequenceNumber>
            </principals>
        </ExternalCredential>
        """;

    [Theory]
    [InlineData("<namedCredentialType>SecuredEndpoint</namedCredentialType><endpoint>https://a.example</endpoint><externalCredential>Login</externalCredential>")]
    [InlineData("<url>https://a.example</url><externalCredential>Login</externalCredential><label xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:nil=\"true\"/>")]
    public async Task Import_ElementsInTheWrongPlace_AreReadAndReported(string elements)
    {
        using var run = new ImportRun();
        run.Write("app/Login.externalCredential-meta.xml", External);
        run.Write("app/A.namedCredential-meta.xml", $"<NamedCredential>{elements}</NamedCredential>");

        await run.RunAsync("app");

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("A: https://a.example, external credential Login (password)", run.Output, StringComparison.Ordinal);
        Assert.Contains("Login.externalCredential-meta.xml:4:6: principals: Salesforce has no <principals>", run.Output, StringComparison.Ordinal);
        Assert.Contains("externalCredential: Salesforce takes <externalCredential> only as one of the namedCredentialParameters", run.Output, StringComparison.Ordinal);
        Assert.Contains("vault credential set Login Password --principal Main --user <user>", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Import_AClaimOfOnePrincipal_GoesIntoItsParameter()
    {
        static string Parameter(string type, string name, string? value, string group) =>
            $"<externalCredentialParameters><parameterGroup>{group}</parameterGroup><parameterName>{name}</parameterName><parameterType>{type}</parameterType>{(value is null ? "" : $"<parameterValue>{value}</parameterValue>")}</externalCredentialParameters>";
        using var run = new ImportRun();
        run.Write("Lake.externalCredential", "<ExternalCredential><authenticationProtocol>Jwt</authenticationProtocol><label>Lake</label>"
            + Parameter("NamedPrincipal", "Red", null, "Red") + Parameter("NamedPrincipal", "Blue", null, "Blue")
            + Parameter("JwtBodyClaim", "iss", "crm", "DefaultGroup") + Parameter("JwtBodyClaim", "sub", "svc-red", "Red") + Parameter("JwtBodyClaim", "sub", "svc-blue", "Blue")
            + "</ExternalCredential>");

        await run.RunAsync("Lake.externalCredential");

        Assert.Contains("subject: '{!$Credential.Claim_sub}'", run.Yaml, StringComparison.Ordinal);
        Assert.Contains("vault credential set Lake Claim_sub --principal Red   # the claim sub of this principal; in the metadata: svc-red", run.Output, StringComparison.Ordinal);
        Assert.Contains("vault credential set Lake Claim_sub --principal Blue   # the claim sub of this principal; in the metadata: svc-blue", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("externalAuthIdentityProviderParameter")]
    [InlineData("externalAuthIdentityProviderParameters")]
    public async Task Import_AnIdentityProviderForClientCredentials_GivesItsGrant(string element)
    {
        using var run = new ImportRun();
        run.Write("app/Idp.externalAuthIdentityProvider-meta.xml",
            "<ExternalAuthIdentityProvider><authenticationFlow>ClientCredentials</authenticationFlow><authenticationProtocol>OAuth</authenticationProtocol>"
            + $"<{element}><parameterName>TokenUrl</parameterName><parameterType>TokenUrl</parameterType><parameterValue>https://login.example/token</parameterValue></{element}>"
            + $"<{element}><parameterName>tenant</parameterName><parameterType>TokenRequestQueryParameter</parameterType><parameterValue>a b</parameterValue></{element}>"
            + $"<{element}><parameterName>scope</parameterName><parameterType>RefreshRequestBodyParameter</parameterType><parameterValue>x</parameterValue></{element}></ExternalAuthIdentityProvider>");
        run.Write("app/Login.externalCredential-meta.xml",
            "<ExternalCredential><authenticationProtocol>Oauth</authenticationProtocol><label>Login</label><externalCredentialParameters><externalAuthIdentityProvider>Idp</externalAuthIdentityProvider>"
            + "<parameterName>x</parameterName><parameterType>ExternalAuthIdentityProvider</parameterType></externalCredentialParameters></ExternalCredential>");

        await run.RunAsync("app");

        Assert.Contains("grant: clientCredentials\n      tokenUrl: https://login.example/token?tenant=a%20b\n      clientAuthentication: basic", run.Yaml, StringComparison.Ordinal);
        Assert.Contains("RefreshRequestBodyParameter scope: Renewals send what token requests send", run.Output, StringComparison.Ordinal);
        Assert.Contains("vault credential set Login ClientSecret", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Import_AFileWithoutTheProject_SaysWhatToRetrieve()
    {
        using var run = new ImportRun();
        run.Write("A.namedCredential-meta.xml",
            "<NamedCredential><namedCredentialParameters><externalCredential>ns__Login</externalCredential><parameterName>x</parameterName><parameterType>Authentication</parameterType></namedCredentialParameters></NamedCredential>");

        await run.RunAsync("A.namedCredential-meta.xml");

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("sf project retrieve start --metadata ExternalCredential:ns__Login", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Import_TwoCredentialsWithSecretsInTheirUrls_KeepThemApart()
    {
        using var run = new ImportRun();
        run.Write("app/Login.externalCredential", External);
        foreach (var name in new[] { "A", "B" })
        {
            run.Write($"app/{name}.namedCredential", $"<NamedCredential><endpoint>https://a.example/hook?code=4f9a7c21b8e35d60aa{name}&amp;page=2</endpoint><externalCredential>Login</externalCredential></NamedCredential>");
        }

        await run.RunAsync("app");

        Assert.Contains("url: https://a.example/hook?code={!$Credential.Login.A_Url_code}&page=2", run.Yaml, StringComparison.Ordinal);
        Assert.Contains("url: https://a.example/hook?code={!$Credential.Login.B_Url_code}&page=2", run.Yaml, StringComparison.Ordinal);
        Assert.DoesNotContain("4f9a7c21b8e35d60aa", run.Yaml + run.Output, StringComparison.Ordinal);
    }
}
