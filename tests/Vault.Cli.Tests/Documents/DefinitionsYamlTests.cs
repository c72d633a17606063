using System.Text.Json.Nodes;
using Vault.Cli.Documents;
using Xunit;

namespace Vault.Cli.Tests.Documents;

public sealed class DefinitionsYamlTests
{
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
                    Principals = [new PrincipalDefinition { Name = "default", Parameters = new Dictionary<string, string?> { ["Password"] = "${env:SERVICE_PASSWORD}" } }],
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
