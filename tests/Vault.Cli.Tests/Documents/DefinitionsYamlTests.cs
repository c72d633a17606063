using System.Text.Json.Nodes;
using Vault.Cli.Documents;
using Xunit;

namespace Vault.Cli.Tests.Documents;

public sealed class DefinitionsYamlTests
{
    [Theory]
    [InlineData("")]
    [InlineData(" x")]
    [InlineData("x ")]
    [InlineData("a: b")]
    [InlineData("- a")]
    [InlineData("# c")]
    [InlineData("a #b")]
    [InlineData("null")]
    [InlineData("~")]
    [InlineData("True")]
    [InlineData("yes")]
    [InlineData("1e3")]
    [InlineData("0x10")]
    [InlineData("1_000")]
    [InlineData("2026-01-01")]
    [InlineData("<<")]
    [InlineData("a\nb")]
    [InlineData("a\n")]
    [InlineData("\n")]
    [InlineData("a\n\n\nb\n\n")]
    [InlineData("a\n  b\n")]
    [InlineData("  a\nb")]
    [InlineData("\ta\nb")]
    [InlineData("a \nb")]
    [InlineData("a\r\nb")]
    [InlineData("a\rb")]
    [InlineData("a\tb")]
    [InlineData("é 😀")]
    [InlineData("'\"")]
    [InlineData("{!$Credential.X}")]
    [InlineData("[a")]
    [InlineData("*x")]
    [InlineData("&x")]
    [InlineData("!t")]
    [InlineData("%x")]
    [InlineData("@x")]
    [InlineData("? a")]
    [InlineData("---")]
    [InlineData("...")]
    [InlineData("\u001b[31m")]
    [InlineData("a\u2028b\nc")]
    [InlineData("a\u0085b")]
    [InlineData("\ufeffx")]
    public void Write_AnyText_IsReadBackAsItIs(string text)
    {
        using var writer = new StringWriter();
        DefinitionsYaml.Write(new JsonObject { ["v"] = text, ["w"] = new JsonArray(text, "x"), ["n"] = new JsonObject { ["v"] = text } }, writer);

        var read = YamlFile.Read(writer.ToString(), "x.yaml").Single();

        foreach (var node in new[] { read.Find("v"), ((SequenceNode)read.Find("w")!).Items[0], ((MappingNode)read.Find("n")!).Find("v") })
        {
            var scalar = Assert.IsType<ScalarNode>(node);
            Assert.Equal(text, scalar.Text);
            Assert.True(!scalar.IsPlain || YamlScalars.ToJson(scalar.Text)?.GetValueKind() is System.Text.Json.JsonValueKind.String, writer.ToString());
        }
    }

    // Integers, floats, times, a merge key and a default value of YAML 1.1 (yaml.org/type).
    [Theory]
    [InlineData("0x1F")]
    [InlineData("0b11")]
    [InlineData("017")]
    [InlineData("190:20:30")]
    [InlineData("-1_000.5")]
    [InlineData(".inf")]
    [InlineData(".NaN")]
    [InlineData("=")]
    [InlineData("<<")]
    [InlineData("2001-12-14t21:59:43.10-05:00")]
    [InlineData("off")]
    public void Write_WhatYaml11TakesForSomethingElse_IsQuoted(string text)
    {
        using var writer = new StringWriter();
        DefinitionsYaml.Write(new JsonObject { ["v"] = text }, writer);
        Assert.Equal($"v: \"{text}\"\n", writer.ToString());
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-0")]
    [InlineData("-0.0")]
    [InlineData("1.10")]
    [InlineData("1e-30")]
    [InlineData("1E+40")]
    [InlineData("1e400")]
    [InlineData("1e1000")]
    [InlineData("1e0400")]
    [InlineData("-1E-1000")]
    [InlineData("18446744073709551616")]
    [InlineData("0.1234567890123456789012345678901234")]
    public void Write_ANumber_IsReadBackDigitByDigit(string number)
    {
        using var writer = new StringWriter();
        DefinitionsYaml.Write(new JsonObject { ["v"] = JsonNode.Parse(number) }, writer);

        var scalar = Assert.IsType<ScalarNode>(YamlFile.Read(writer.ToString(), "x.yaml").Single().Find("v"));

        Assert.True(scalar.IsPlain);
        Assert.Equal(number, YamlScalars.ToJson(scalar.Text)?.ToJsonString());
        Assert.False(YamlScalars.IsText(number));
    }

    [Theory]
    [InlineData("+5", "5")]
    [InlineData("007", "7")]
    [InlineData(".5", "0.5")]
    [InlineData("5.", "5")]
    [InlineData("+.5e-1000", "0.5e-1000")]
    [InlineData("-007.10e+01000", "-7.10e+01000")]
    [InlineData("00", "0")]
    [InlineData("1e", "\"1e\"")]
    [InlineData(".", "\".\"")]
    [InlineData("-", "\"-\"")]
    [InlineData("1-2", "\"1-2\"")]
    public void ToJson_OfWhatIsNoNumberOfJson_IsTheNumberOfYaml_OrAText(string text, string json) => Assert.Equal(json, YamlScalars.ToJson(text)?.ToJsonString());

    [Fact]
    public void Write_AModel_IsReadableYaml()
    {
        var document = new DefinitionsDocument
        {
            ExternalCredentials =
            [
                new ExternalCredentialDefinition
                {
                    Name = "ServiceLogin",
                    Authentication = new JsonObject { ["protocol"] = "password" },
                    AllowedHosts = ["service.example", "*.eu.service.example"],
                    Principals = [new PrincipalDefinition { Name = "default", Parameters = new ParameterDefinitions { ["Password"] = "${env:SERVICE_PASSWORD}" } }],
                },
            ],
            NamedCredentials = [new NamedCredentialDefinition { Name = "Service", Url = "https://service.example", ExternalCredential = "ServiceLogin", HttpVersion = "1.1" }],
        };
        using var writer = new StringWriter();

        DefinitionsYaml.Write(document, writer);

        Assert.Equal(
            """
            externalCredentials:
              - name: ServiceLogin
                authentication:
                  protocol: password
                allowedHosts: [service.example, '*.eu.service.example']
                principals:
                  - name: default
                    parameters:
                      Password: ${env:SERVICE_PASSWORD}
            namedCredentials:
              - name: Service
                url: https://service.example
                externalCredential: ServiceLogin
                httpVersion: "1.1"

            """,
            writer.ToString());
    }
}
