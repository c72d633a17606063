using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Vault.Core.Access;
using Vault.Core.Access.Issuers;
using Vault.Testing;
using Xunit;

namespace Vault.Core.Tests.Access.Issuers;

public sealed class IssuerOptionsTests
{
    private const string Entry = "Vault:Issuers:0:";

    private static Dictionary<string, string?> Good => new()
    {
        [Entry + "Name"] = "Corp",
        [Entry + "Authority"] = "https://issuer.example/realm/",
        [Entry + "Audience"] = "vault, api://vault",
        [Entry + "Mappings:0:Claim"] = "groups",
        [Entry + "Mappings:0:Value"] = "admins",
        [Entry + "Mappings:0:Role"] = "admin",
        [Entry + "Mappings:1:Claim"] = "client_id",
        [Entry + "Mappings:1:App"] = "{value}",
    };

    [Fact]
    public void Read_None_IsNone() => Assert.Empty(Read([], false).Issuers);

    [Fact]
    public void Read_WhatIsLeftOut_HasItsDefault()
    {
        var issuer = Assert.Single(Read(Good, false).Issuers);
        Assert.Equal("https://issuer.example/realm/", issuer.Issuer);
        Assert.Equal("https://issuer.example/realm/.well-known/openid-configuration", issuer.MetadataUrl!.AbsoluteUri);
        Assert.Equal(["vault", "api://vault"], issuer.Audiences.ToArray());
        Assert.Equal(9, issuer.Algorithms.Length);
        Assert.DoesNotContain(issuer.Algorithms, algorithm => algorithm.StartsWith('H') || algorithm == "none");
        Assert.Equal((TimeSpan.FromSeconds(30), "sub", ""), (issuer.ClockSkew, issuer.SubjectClaim, issuer.UserPrefix));
        Assert.Equal(VaultRole.Admin, issuer.Mappings[0].Role);
        Assert.True(issuer.Mappings[1].IsAppFromValue);
    }

    [Theory]
    [InlineData("Name", "")]
    [InlineData("Name", "a b")]
    [InlineData("Authority", "http://issuer.example")]
    [InlineData("Authority", "https://user:password@issuer.example")]
    [InlineData("Authority", "https://issuer.example?x=1")]
    [InlineData("Authority", "issuer.example")]
    [InlineData("Authority", "file:///etc/passwd")]
    [InlineData("JwksUrl", "https://issuer.example/keys", "needs exactly one of")]
    [InlineData("JwksUrl", "ftp://issuer.example/keys")]
    [InlineData("Jwks", "{}")]
    [InlineData("Jwks", "nonsense")]
    [InlineData("Jwks", """{ "keys": [ { "kty": "oct", "k": "c2VjcmV0" } ] }""")]
    [InlineData("JwksFile", "/nowhere/at/all.json")]
    [InlineData("Audience", "")]
    [InlineData("Audience", " , ")]
    [InlineData("Algorithms", "HS256")]
    [InlineData("Algorithms", "RS256, none")]
    [InlineData("Algorithms", "rs256")]
    [InlineData("ClockSkewSeconds", "301")]
    [InlineData("ClockSkewSeconds", "-1")]
    [InlineData("ClockSkewSeconds", "soon")]
    [InlineData("UserPrefix", "é")]
    [InlineData("Audiance", "vault")]
    [InlineData("Mappings:0:Claim", "")]
    [InlineData("Mappings:0:Value", "")]
    [InlineData("Mappings:0:Role", "root")]
    [InlineData("Mappings:0:Role", "app")]
    [InlineData("Mappings:0:Role", "")]
    [InlineData("Mappings:0:App", "Billing")]
    [InlineData("Mappings:0:Roles", "admin")]
    [InlineData("Mappings:1:App", "not a name")]
    [InlineData("Mappings:1:Value", "x")]
    public void Read_WhatIsWrong_IsNamed(string setting, string value, string? message = null)
    {
        var settings = Good;
        settings[Entry + setting] = value;
        var failure = Assert.Throws<OptionsValidationException>(() => Read(settings, false));
        Assert.Contains(message ?? (Entry + setting.Split(':')[0]), failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_TwoIssuers_MustBeTold_Apart()
    {
        var settings = Good;
        foreach (var (key, value) in Good)
        {
            settings[key.Replace(":0:", ":1:", StringComparison.Ordinal).Replace(":Mappings:1:Claim", ":Mappings:0:Claim", StringComparison.Ordinal)] = value;
        }

        settings = settings.Where(pair => !pair.Key.StartsWith("Vault:Issuers:1:Mappings", StringComparison.Ordinal)).ToDictionary();
        settings["Vault:Issuers:1:Mappings:0:Claim"] = "client_id";
        settings["Vault:Issuers:1:Mappings:0:App"] = "{value}";
        var failure = Assert.Throws<OptionsValidationException>(() => Read(settings, false));
        Assert.Contains("two entries have the Name", failure.Message, StringComparison.Ordinal);
        Assert.Contains("two entries have the Issuer", failure.Message, StringComparison.Ordinal);
        Assert.Contains("Vault:Issuers:1:UserPrefix", failure.Message, StringComparison.Ordinal);
        settings["Vault:Issuers:1:Name"] = "Other";
        settings["Vault:Issuers:1:Authority"] = "https://other.example";
        settings["Vault:Issuers:0:UserPrefix"] = "";
        settings["Vault:Issuers:1:UserPrefix"] = "other/";
        Assert.Equal(2, Read(settings, false).Issuers.Length);
    }

    [Fact]
    public void Read_KeysOfAFile_OrInline_NeedNoNetwork()
    {
        using var tokens = new TestTokens("https://issuer.example").Add("k1").Add("k2");
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, tokens.Jwks);
            foreach (var (setting, value) in new[] { ("Jwks", tokens.Jwks), ("JwksFile", file) })
            {
                var settings = Good;
                settings.Remove(Entry + "Authority");
                settings[Entry + "Issuer"] = tokens.Issuer;
                settings[Entry + setting] = value;
                Assert.Equal(2, Assert.Single(Read(settings, false).Issuers).StaticKeys!.Count);
            }
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void Read_Http_OnlyWhereItIsAllowed()
    {
        var settings = Good;
        settings[Entry + "Authority"] = "http://127.0.0.1:5000";
        Assert.Throws<OptionsValidationException>(() => Read(settings, false));
        Assert.Single(Read(settings, true).Issuers);
    }

    private static IssuerOptions Read(Dictionary<string, string?> settings, bool allowHttp) =>
        IssuerOptions.Read(new ConfigurationBuilder().AddInMemoryCollection(settings).Build(), allowHttp);
}
