using Xunit;
using static Vault.Cli.Tests.Import.Salesforce.Metadata;

namespace Vault.Cli.Tests.Import.Salesforce;

/// <summary>What doesn't come over, or comes over otherwise, has a line in the report.</summary>
public sealed class NothingInSilenceTests
{
    public static TheoryData<string, string, string> Externals => new()
    {
        // the credential, a line of the report, what stands in the definitions
        { Aws(Variant("AwsSv4_RolesAnywhere")), "The vault doesn't have IAM Roles Anywhere", "" },
        { Aws(Variant("AwsSv5")), "AwsSv5 is no variant of AwsSv4 that this import knows.", "" },
        { Aws(Parameter("AuthParameter", "AwsAccountId", "123456789012")), "AuthParameter AwsAccountId: Nothing needs the number of the account here", "protocol: awsSigV4" },
        { Aws(Parameter("AwsStsPrincipal", "p")), "AwsStsPrincipal p: It is about a role that is assumed", "protocol: awsSigV4" },
        { Aws(Parameter("AuthProviderUrlQueryParameter", "AwsExternalId", "x")), "AwsExternalId: It is about a role that is assumed", "protocol: awsSigV4" },
        { Aws(Parameter("AuthProviderUrlQueryParameter", "AwsDuration", "1800")), "AwsDuration: It is about a role that is assumed", "protocol: awsSigV4" },
        { Aws(Parameter("AuthProviderUrl", "u", "https://sts.amazonaws.com")), "AuthProviderUrl u: It is about a role that is assumed", "protocol: awsSigV4" },
        { Aws(Variant("AwsSv4_STS")).Replace("eu-west-1", "cn-north-1", StringComparison.Ordinal), "0 things not imported", "sts.cn-north-1.amazonaws.com.cn" },
        { External("Custom", Principal("A"), Variant("New")), "New is no variant of Custom that this import knows; it is read as Custom without one.", "protocol: custom" },
        { External("Basic", Principal("A"), Variant("New")), "New is no variant of Basic that this import knows; it is read as Basic without one.", "protocol: password" },
        { External("Custom", Principal("A"), Variant("NoAuthentication")), "1 named credential and 1 external credential imported, 0 things not imported", "protocol: none" },
        { OfProvider(Variant("JwtBearer")), "An auth. provider is for browser flows; the variant JwtBearer gets its tokens at AuthProviderUrl.", "" },
        { OfProvider(Variant("JwtBearer"), Parameter("AuthProviderUrl", "u", "https://login.example/other")), "An auth. provider is for browser flows", "grant: jwtBearer\n      tokenUrl: https://login.example/other" },
        { OfProvider(Variant("New")), "New is no variant of OAuth that this import knows; the browser flow of the auth. provider is taken.", "grant: authorizationCode" },
        { External("Basic", Principal("A"), Parameter("ManagedByNamespace", "n", "acme")), "ManagedByNamespace is Salesforce's own bookkeeping", "protocol: password" },
        { External("Basic", Principal("A"), Parameter("CreatedByNamespace", "n", "acme")), "CreatedByNamespace is Salesforce's own bookkeeping", "protocol: password" },
        { External("Basic", Principal("A"), Parameter("AuthHeader", "X-A", "a", more: "<description>why</description>")), "description: Parameters have no description here: that of X-A did not come over.", "protocol: password" },
        { External("Custom", Principal("A"), Parameter("AuthHeader", "X-A", "'Bearer '&{!$Credential.Login.Key}")), "outside of {!…}: that is no formula, and is sent as text.", "value: \"'Bearer '&{!$Credential.Login.Key}\"" },
        { External("Custom", Principal("A"), Parameter("AuthHeader", "X-A", "{!$Credential.Login.OAuthToken}")), "The parameter OAuthToken is called OAuthToken_Value here.", "value: '{!$Credential.Login.OAuthToken_Value}'" },
        { External("Custom", Principal("A"), Parameter("AuthParameter", "Body", "x"), Parameter("AuthHeader", "X-A", "{!$Credential.Login.Body}")), "The parameter Body is called Body_Value here.", "value: '{!$Credential.Login.Body_Value}'" },
        { External("Custom", Principal("Zed", 0), Principal("Abe", 1), Principal("Neg", -1)), "0 things not imported", "name: Neg\n        type: named\n        sequence: -1\n      - name: Zed\n        type: named\n        sequence: 0\n      - name: Abe\n        type: named\n        sequence: 1" },
    };

    [Theory]
    [MemberData(nameof(Externals))]
    public async Task Import_AnExternalCredential_IsReported(string external, string line, string definition)
    {
        using var run = new ImportRun();
        run.Write("app/Login.externalCredential", external);
        run.Write("app/Provider.authprovider",
            "<AuthProvider><authorizeUrl>https://login.example/authorize</authorizeUrl><friendlyName>x</friendlyName><providerType>OpenIdConnect</providerType><tokenUrl>https://login.example/token</tokenUrl></AuthProvider>");
        run.Write("app/A.namedCredential", Named("Login"));

        await run.RunAsync("app");

        Assert.Contains(line, run.Output, StringComparison.Ordinal);
        Assert.Equal(definition.Length == 0 ? 1 : 0, run.ExitCode);
        Assert.Contains(definition, definition.Length == 0 ? "" : run.Yaml, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("enabled", true, "")]
    [InlineData("Enabled", true, "")]
    [InlineData("disabled", false, "")]
    [InlineData("DISABLED", false, "")]
    [InlineData("Paused", false, "calloutStatus: Paused is neither Enabled nor Disabled; it is turned off (enabled: false).")]
    public async Task Import_ACalloutStatus_IsOnOnlyWhereItSaysSo(string status, bool isEnabled, string line)
    {
        using var run = new ImportRun();
        run.Write("app/Login.externalCredential", External("Basic", Principal("A")));
        run.Write("app/A.namedCredential", Named("Login", more: $"<calloutStatus>{status}</calloutStatus>"));

        await run.RunAsync("app");

        Assert.Equal(isEnabled, !run.Yaml.Contains("enabled: false", StringComparison.Ordinal));
        Assert.Contains(line, run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Import_WhatALegacyCredentialHasLeftOver_IsReported()
    {
        using var run = new ImportRun();
        run.Write("A.namedCredential",
            "<NamedCredential><authProvider>P</authProvider><endpoint>https://a.example</endpoint><label>A</label><protocol>NoAuthentication</protocol><username>u</username></NamedCredential>");

        await run.RunAsync("A.namedCredential");

        Assert.Contains("authProvider: The protocol doesn't use it", run.Output, StringComparison.Ordinal);
        Assert.Contains("username: The protocol doesn't use it", run.Output, StringComparison.Ordinal);
    }

    private static string Aws(params string[] further) =>
        External("AwsSv4", [Principal("A"), Parameter("AuthParameter", "AwsRegion", "eu-west-1"), Parameter("AuthParameter", "AwsService", "s3"), .. further]);

    private static string OfProvider(params string[] further) =>
        External("Oauth", [Principal("A"), Parameter("AuthProvider", "p", more: "<authProvider>Provider</authProvider>"), Parameter("JwtBodyClaim", "iss", "me"), .. further]);
}
