using Xunit;
using static Vault.Cli.Tests.Import.Salesforce.Metadata;

namespace Vault.Cli.Tests.Import.Salesforce;

/// <summary>The commands of the report work as they are printed.</summary>
public sealed class PrintedCommandsTests
{
    [Fact]
    public async Task Import_ACustomCredentialWithoutHeaders_HasACommandForEachPrincipal()
    {
        using var run = new ImportRun();
        run.Write("app/Login.externalCredential", External("Custom", Principal("Main"), Principal("People", 2, isPerUser: true)));
        run.Write("app/A.namedCredential", Named("Login"));

        await run.RunAsync("app");

        Assert.Contains("Enter each: vault credential set Login <parameter> --principal Main, vault credential set Login <parameter> --principal People --user <user>", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Import_ACustomCredentialWhoseNamedCredentialHasHeaders_IsNotSaidToHaveNone()
    {
        using var run = new ImportRun();
        run.Write("app/Login.externalCredential", External("Custom", Principal("Main")));
        run.Write("app/A.namedCredential", Named("Login", parameters: [Parameter("HttpHeader", "X-Key", "{!$Credential.Login.Key}")]));

        await run.RunAsync("app");

        Assert.DoesNotContain("has no headers", run.Output, StringComparison.Ordinal);
        Assert.Contains("vault credential set Login Key --principal Main", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Import_ACredentialThatNeedsConsent_NamesTheRouteOfEachPrincipal()
    {
        using var run = new ImportRun();
        run.Write("app/Provider.authprovider",
            "<AuthProvider><authorizeUrl>https://login.example/authorize</authorizeUrl><friendlyName>x</friendlyName><providerType>OpenIdConnect</providerType><tokenUrl>https://login.example/token</tokenUrl></AuthProvider>");
        run.Write("app/Login.externalCredential", External(
            "Oauth", Principal("Robot"), Principal("People", 2, isPerUser: true), Parameter("AuthProvider", "p", more: "<authProvider>Provider</authProvider>")));
        run.Write("app/A.namedCredential", Named("Login"));

        await run.RunAsync("app");

        Assert.Contains(
            "(POST /api/v1/external-credentials/Login/principals/Robot/credential/authorize, POST /api/v1/external-credentials/Login/principals/People/users/<user>/credential/authorize)",
            run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Import_AKeyInPem_IsReadFromAFile()
    {
        using var run = new ImportRun();
        run.Write("app/Login.externalCredential", External("Jwt", Principal("Main"), Parameter("JwtBodyClaim", "iss", "me"), Parameter("SigningCertificate", "c", more: "<certificate>Cert</certificate>")));
        run.Write("app/A.namedCredential", Named("Login", parameters: [Parameter("ClientCertificate", "c", more: "<certificate>Tls</certificate>")]));

        await run.RunAsync("app");

        Assert.Contains("vault credential set Login Key --principal Main < key.pem   #", run.Output, StringComparison.Ordinal);
        Assert.Contains("vault credential set Login Tls_Key --principal Main < key.pem   #", run.Output, StringComparison.Ordinal);
        Assert.Contains("vault credential set Login Tls_Certificate --principal Main < certificate.pem   #", run.Output, StringComparison.Ordinal);
        Assert.Contains("(each command asks for the value, or reads it from the file that stands behind <)", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Import_AClaimThatIsAnotherForEachUser_IsEnteredForEachAndItsFormulaIsNoValue()
    {
        using var run = new ImportRun();
        run.Write("app/Login.externalCredential", External(
            "Jwt", Principal("Main"), Principal("People", 2, isPerUser: true), Parameter("JwtBodyClaim", "iss", "me"),
            Parameter("JwtBodyClaim", "sub", "svc", group: "Main"), Parameter("JwtBodyClaim", "sub", "{!$User.Username}", group: "People")));
        run.Write("app/A.namedCredential", Named("Login"));

        await run.RunAsync("app");

        Assert.Contains("vault credential set Login Claim_sub --principal Main   # the claim sub of this principal; in the metadata: svc\n", run.Output, StringComparison.Ordinal);
        Assert.Contains("vault credential set Login Claim_sub --principal People --user <user>   # the claim sub of this principal, which Salesforce works out: {!$User.Username}\n", run.Output, StringComparison.Ordinal);
    }
}
