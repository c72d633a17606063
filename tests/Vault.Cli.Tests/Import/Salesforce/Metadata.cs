namespace Vault.Cli.Tests.Import.Salesforce;

/// <summary>Files of Salesforce's, for tests.</summary>
internal static class Metadata
{
    /// <summary>An external credential.</summary>
    public static string External(string protocol, params string[] parameters) =>
        $"<ExternalCredential><authenticationProtocol>{protocol}</authenticationProtocol>{string.Concat(parameters.Select(parameter => $"<externalCredentialParameters>{parameter}</externalCredentialParameters>"))}<label>L</label></ExternalCredential>";

    /// <summary>A named credential.</summary>
    public static string Named(string external, string url = "https://a.example", string more = "", params string[] parameters) =>
        $"<NamedCredential><label>L</label><namedCredentialType>SecuredEndpoint</namedCredentialType>{more}"
        + string.Concat(new[] { Parameter("Url", "Url", url), Parameter("Authentication", "Login", more: $"<externalCredential>{external}</externalCredential>") }
            .Concat(parameters).Select(parameter => $"<namedCredentialParameters>{parameter}</namedCredentialParameters>"))
        + "</NamedCredential>";

    /// <summary>An external auth identity provider.</summary>
    public static string IdentityProvider(string flow, params string[] parameters) =>
        $"<ExternalAuthIdentityProvider><authenticationFlow>{flow}</authenticationFlow><authenticationProtocol>OAuth</authenticationProtocol>{string.Concat(parameters.Select(parameter => $"<externalAuthIdentityProviderParameters>{parameter}</externalAuthIdentityProviderParameters>"))}</ExternalAuthIdentityProvider>";

    /// <summary>The inside of a parameter.</summary>
    public static string Parameter(string type, string name, string? value = null, string? group = null, int? sequence = null, string more = "") =>
        $"{more}{(group is null ? "" : $"<parameterGroup>{group}</parameterGroup>")}<parameterName>{name}</parameterName><parameterType>{type}</parameterType>"
        + (value is null ? "" : $"<parameterValue>{System.Security.SecurityElement.Escape(value)}</parameterValue>") + (sequence is null ? "" : $"<sequenceNumber>{sequence}</sequenceNumber>");

    /// <summary>A principal.</summary>
    public static string Principal(string name, int sequence = 1, bool isPerUser = false) => Parameter(isPerUser ? "PerUserPrincipal" : "NamedPrincipal", name, group: name, sequence: sequence);

    /// <summary>The variant of a protocol.</summary>
    public static string Variant(string variant) => Parameter("AuthProtocolVariant", "Variant", variant);
}
