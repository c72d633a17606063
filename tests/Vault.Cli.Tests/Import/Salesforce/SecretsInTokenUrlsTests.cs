using Vault.Cli.Import;
using Vault.Cli.Import.Salesforce;
using Vault.Testing;
using Xunit;
using static Vault.Cli.Tests.Import.Salesforce.Metadata;

namespace Vault.Cli.Tests.Import.Salesforce;

/// <summary>Secrets where tokens come from: none gets into the definitions, each is told.</summary>
public sealed class SecretsInTokenUrlsTests
{
    private const string Secret = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";

    [Fact]
    public async Task Import_ASecretInTheUrlOfATokenEndpoint_IsAParameterOfTokenRequests()
    {
        using var run = new ImportRun();
        run.Write("app/Login.externalCredential", External(
            "Oauth", Principal("Main"), Variant("ClientCredentialsClientSecret"), Parameter("AuthProviderUrl", "Url", $"https://login.example/token?client_secret={Secret}&tenant=a&subscription-key={Secret}")));
        run.Write("app/A.namedCredential", Named("Login"));

        await run.RunAsync("app");

        Assert.Contains("tokenUrl: https://login.example/token?tenant=a\n", run.Yaml, StringComparison.Ordinal);
        Assert.Contains("tokenParameters:\n        subscription-key: '{!$Credential.TokenUrl_subscription_key}'", run.Yaml, StringComparison.Ordinal);
        Assert.Contains("stands in the URL, as client_secret; it wasn't copied.", run.Output, StringComparison.Ordinal);
        Assert.Contains("vault credential set Login TokenUrl_subscription_key --principal Main", run.Output, StringComparison.Ordinal);
        await TakesAsync(run);
        Assert.DoesNotContain(Secret, run.Yaml + run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Import_SecretsOfAnIdentityProvider_AreNeverCopied()
    {
        using var run = new ImportRun();
        run.Write("app/Idp.externalAuthIdentityProvider", IdentityProvider(
            "ClientCredentials", Parameter("TokenUrl", "TokenUrl", "https://login.example/token?code=" + Secret), Parameter("TokenRequestHttpHeader", "X-Api-Key", Secret),
            Parameter("TokenRequestQueryParameter", "api_key", Secret), Parameter("TokenRequestBodyParameter", "client_secret", Secret), Parameter("ClientAuthentication", "ClientAuthentication", "Smoke")));
        run.Write("app/Login.externalCredential", External(
            "Oauth", Principal("Main"), Parameter("ExternalAuthIdentityProvider", "Idp", more: "<externalAuthIdentityProvider>Idp</externalAuthIdentityProvider>")));
        run.Write("app/A.namedCredential", Named("Login"));

        await run.RunAsync("app");

        Assert.Contains("tokenUrl: https://login.example/token\n", run.Yaml, StringComparison.Ordinal);
        Assert.Contains("code: '{!$Credential.TokenUrl_code}'\n        api_key: '{!$Credential.Login.Header_api_key}'", run.Yaml, StringComparison.Ordinal);
        Assert.Contains("tokenHeaders:\n        X-Api-Key: '{!$Credential.Login.Header_X_Api_Key}'", run.Yaml, StringComparison.Ordinal);
        Assert.Contains("Smoke is no client authentication that this import knows; basic stands in the definition.", run.Output, StringComparison.Ordinal);
        var told = run.Output.Split("Secrets that stand in files:")[1].Split("\n\n")[0];
        Assert.All(["as code", "in X-Api-Key", "in api_key", "in client_secret"], what => Assert.Contains(what + ";", told, StringComparison.Ordinal));
        Assert.DoesNotContain("client_secret:", run.Yaml, StringComparison.Ordinal);
        await TakesAsync(run);
        Assert.DoesNotContain(Secret, run.Yaml + run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Import_SecretsOfAnAuthProvider_AreTold_AlsoWhereNobodyUsesIt()
    {
        using var run = new ImportRun();
        run.Write("app/Apple.authprovider", $"<AuthProvider><ecKey>{Secret}</ecKey><friendlyName>x</friendlyName><providerType>Apple</providerType></AuthProvider>");
        run.Write("app/Used.authprovider",
            $"<AuthProvider><authorizeUrl>https://login.example/authorize?api_key={Secret}</authorizeUrl><consumerKey>id</consumerKey><friendlyName>x</friendlyName><providerType>OpenIdConnect</providerType><tokenUrl>https://login.example/token?api_key={Secret}</tokenUrl></AuthProvider>");
        run.Write("app/A.namedCredential",
            "<NamedCredential><authProvider>Used</authProvider><endpoint>https://a.example</endpoint><label>A</label><principalType>NamedUser</principalType><protocol>Oauth</protocol></NamedCredential>");

        await run.RunAsync("app");

        Assert.Contains("Apple.authprovider:1:16: ecKey: A secret stands in this file", run.Output, StringComparison.Ordinal);
        Assert.Contains("authorizationParameters:\n        api_key: '{!$Credential.AuthorizeUrl_api_key}'\n      tokenParameters:\n        api_key: '{!$Credential.TokenUrl_api_key}'", run.Yaml, StringComparison.Ordinal);
        Assert.Contains("vault credential set A TokenUrl_api_key", run.Output, StringComparison.Ordinal);
        await TakesAsync(run);
        Assert.DoesNotContain(Secret, run.Yaml + run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Import_ASecretInThePathOfANamedCredentialsUrl_IsTold()
    {
        using var run = new ImportRun();
        run.Write("app/Hook.namedCredential",
            $"<NamedCredential><endpoint>https://a.example/{Secret}</endpoint><label>A</label><principalType>Anonymous</principalType><protocol>NoAuthentication</protocol></NamedCredential>");

        await run.RunAsync("app");

        Assert.Contains($"url: https://a.example/{Secret}\n", run.Yaml, StringComparison.Ordinal);
        Assert.Contains("endpoint: What may be a secret stands in the path of its URL, and came over with it.", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Import_SecretsOfWhatIsRefused_AreTold()
    {
        using var run = new ImportRun();
        run.Write("app/Bad.externalCredential", External("Oauth", Principal("Main"), Parameter("AuthHeader", "Authorization", "Bearer " + Secret), Parameter("Whatever", "Foo", "Bar")));
        run.Write("app/Gone.namedCredential", Named("Missing", "https://a.example/x?code=" + Secret, "", Parameter("HttpHeader", "X-Key", Secret), Parameter("Zork", "zz", "q")));
        run.Write("app/Unfilled.namedCredential",
            $"<NamedCredential><endpoint>https://a.example/${{x}}?code={Secret}</endpoint><label>A</label><protocol>NoAuthentication</protocol></NamedCredential>");
        run.Write("app/Kerberos.namedCredential",
            $"<NamedCredential><endpoint>https://a.example/y?code={Secret}</endpoint><hovering>yes</hovering><label>A</label><protocol>Kerberos</protocol></NamedCredential>");

        await run.RunAsync("app");

        Assert.Equal(1, run.ExitCode);
        var told = run.Output.Split("Secrets that stand in files:")[1].Split("\n\n")[0];
        Assert.All(
            ["AuthHeader Authorization: What", "HttpHeader X-Key: What", "namedCredentialParameters: What", "Unfilled.namedCredential:1:19: endpoint: What", "Kerberos.namedCredential:1:19: endpoint: What"],
            what => Assert.Contains(what, told.Replace("Url: What", "namedCredentialParameters: What", StringComparison.Ordinal), StringComparison.Ordinal));
        Assert.Contains("Whatever Foo: It did not come over either.", run.Output, StringComparison.Ordinal);
        Assert.Contains("Zork zz: It did not come over either.", run.Output, StringComparison.Ordinal);
        Assert.Contains("hovering: <hovering> isn't known to this import.", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, run.Output, StringComparison.Ordinal);
    }

    private static async Task TakesAsync(ImportRun run)
    {
        using var vault = new VaultFactory();
        await ProjectTests.ApplyAsync(vault, SalesforceImport.Run(Path.Combine(run.Directory, "app"), new ImportOptions()).Document);
    }
}
