using System.Text;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Vault.Core.Access.Issuers;
using Vault.Core.Administration.Consents;
using Vault.Core.Egress;
using Vault.Core.Primitives;
using Xunit;

namespace Vault.Core.Tests.Primitives;

/// <summary>Lists of several sources: the form of the later one counts, alone.</summary>
public sealed class SettingListTests
{
    // Sources, the later ones last: JSON where it begins with { (the list is "L"), else name=value of the environment.
    [Theory]
    [InlineData(null)]
    [InlineData(null, """{ "L": null }""")]
    [InlineData("a b", "L=a, b ,,")]
    [InlineData("", "L=")]
    [InlineData("", "L= , ")]
    [InlineData("a b", """{ "L": ["a", " b ", ""] }""")]
    [InlineData("a b", """{ "L": ["a,b"] }""")]
    [InlineData("b", """{ "L": ["a"] }""", "L=b")]
    [InlineData("", """{ "L": ["a"] }""", "L=")]
    [InlineData("b", """{ "L": "a" }""", "L:0=b")]
    [InlineData("b", """{ "L": "a" }""", """{ "L": ["b"] }""")]
    [InlineData("b", """{ "L": ["a"] }""", """{ "L": "b" }""")]
    [InlineData("", """{ "L": ["a"] }""", """{ "L": [] }""")]
    [InlineData("b", "L=a", "L=b")]
    [InlineData("c b", """{ "L": ["a", "b"] }""", "L:0=c")]
    [InlineData("a b", """{ "L": ["a"] }""", "L:1=b")]
    [InlineData("b", """{ "L": ["a"] }""", "L:0=", "L:1=b")]
    [InlineData("a", "L=;L:0=a")]
    [InlineData("b", "L=a", "L=;L:0=b")]
    [InlineData("d", """{ "L": ["a", "b"] }""", "L=c", "L:0=d")]
    [InlineData("d e", """{ "L": ["a", "b", "c"] }""", "L=c", "L:0=d", "L:1=e")]
    [InlineData("c", """{ "L": ["a", "b"] }""", "L:0=d", "L=c")]
    public void Read_TakesTheFormOfTheLaterSource(string? entries, params string[] sources) =>
        Assert.Equal(entries?.Split(' ', StringSplitOptions.RemoveEmptyEntries), SettingList.Read(Settings("", sources), "L"));

    [Fact]
    public void Read_EntryOfAnArray_HoldsCommas_WhereItMay()
    {
        Assert.Equal(["a,b"], SettingList.Read(Settings("", """{ "L": ["a,b"] }"""), "L", entriesHoldCommas: true));
        Assert.Equal(["a", "b"], SettingList.Read(Settings("", "L=a,b"), "L", entriesHoldCommas: true));
    }

    [Fact]
    public void Read_BothFormsInOneSource_AreRefused_ByName() => Assert.Contains(
        "Vault:L is set", Assert.Throws<OptionsValidationException>(() => SettingList.Read(Settings("Vault:", """{ "L": "a", "L:0": "b" }"""), "Vault:L")).Message, StringComparison.Ordinal);

    // What the environment narrows isn't what the file says any more, in each setting that is a list.
    [Fact]
    public void EveryList_OfAFile_IsNarrowedByTheEnvironment()
    {
        var settings = Settings(
            "",
            """
            {
              "Vault": {
                "Egress": { "AllowedNetworks": ["127.0.0.0/8"] },
                "AllowedReturnUrls": ["https://a.example"],
                "Issuers": [{
                  "Name": "Idp", "Authority": "https://idp.example", "Audience": ["a"], "Algorithms": ["RS256"],
                  "Mappings": [{ "Claim": "role", "Value": "x", "Role": "auditor" }] }]
              }
            }
            """,
            "Vault:Egress:AllowedNetworks=10.0.0.0/8", "Vault:AllowedReturnUrls=https://b.example", "Vault:Issuers:0:Audience=b", "Vault:Issuers:0:Algorithms=ES256");
        Assert.Equal("10.0.0.0/8", Assert.Single(EgressOptions.Read(settings, isDevelopment: true).AllowedNetworks).ToString());
        Assert.Equal("b.example", Assert.Single(ConsentOptions.Read(settings).AllowedReturnUrls).Host);
        var issuer = Assert.Single(IssuerOptions.Read(settings, allowHttp: false).Issuers);
        Assert.Equal(("b", "ES256"), (Assert.Single(issuer.Audiences), Assert.Single(issuer.Algorithms)));
    }

    [Fact]
    public void AllowedNetworks_AreEmptied_ByAnEmptyText_AndThoseOfDevelopment_TooThen() => Assert.Empty(
        EgressOptions.Read(Settings("", """{ "Vault": { "Egress": { "AllowedNetworks": ["127.0.0.0/8"] } } }""", "Vault:Egress:AllowedNetworks="), isDevelopment: true).AllowedNetworks);

    private static IConfigurationRoot Settings(string prefix, params string[] sources)
    {
        var settings = new ConfigurationBuilder();
        foreach (var source in sources)
        {
            if (source.StartsWith('{'))
            {
                settings.AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes(prefix.Length == 0 ? source : $$"""{ "{{prefix.TrimEnd(':')}}": {{source}} }""")));
            }
            else
            {
                settings.AddInMemoryCollection(source.Split(';').Select(setting => setting.Split('=')).Select(setting => KeyValuePair.Create(setting[0], (string?)setting[1])));
            }
        }

        return settings.Build();
    }
}
