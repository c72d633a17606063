using System.ComponentModel;
using System.Text.Json.Nodes;

namespace Vault.Cli.Documents;

// The model is the one source of the format: the JSON schema for editors is made of it, and the reader judges files by that schema.

/// <summary>A definitions file: what is to be in a vault. It never holds a secret, only where one comes from.</summary>
[Description("Definitions of a vault: how to sign in to services, where they are, and which apps may call them.")]
internal sealed record DefinitionsDocument
{
    /// <summary>How to authenticate to services.</summary>
    [Description("How to authenticate to services. Secrets stand here by reference only.")]
    public IReadOnlyList<ExternalCredentialDefinition>? ExternalCredentials { get; init; }

    /// <summary>Where services are.</summary>
    [Description("Where services are, and what may be merged into a request to them.")]
    public IReadOnlyList<NamedCredentialDefinition>? NamedCredentials { get; init; }

    /// <summary>Who calls.</summary>
    [Description("Who calls, and what each app may call.")]
    public IReadOnlyList<AppDefinition>? Apps { get; init; }
}

/// <summary>An external credential.</summary>
internal sealed record ExternalCredentialDefinition
{
    /// <summary>The name.</summary>
    [Description("Letters, digits and single underscores; unique without regard to case.")]
    public required string Name { get; init; }

    /// <summary>For people.</summary>
    [Description("For people.")]
    public string? Label { get; init; }

    /// <summary>For people.</summary>
    [Description("For people.")]
    public string? Description { get; init; }

    /// <summary>The protocol and its settings.</summary>
    [Description("The protocol and its settings; never a secret.")]
    public required JsonObject Authentication { get; init; }

    /// <summary>Where the secrets may be sent.</summary>
    [Description("Where the secrets may be sent. Left out: as it is; of a new one, the host of the first named credential that uses it.")]
    public IReadOnlyList<string>? AllowedHosts { get; init; }

    /// <summary>Sets of secrets.</summary>
    [Description("Sets of secrets. Left out: as they are; of a new one, a single one named default. One that is missing from the list goes.")]
    public IReadOnlyList<PrincipalDefinition>? Principals { get; init; }

    /// <summary>Headers on every callout.</summary>
    [Description("Headers added to every callout.")]
    public IReadOnlyList<CustomHeaderDefinition>? CustomHeaders { get; init; }
}

/// <summary>A principal, and where its secrets come from.</summary>
internal sealed record PrincipalDefinition
{
    /// <summary>The name.</summary>
    [Description("Unique within the external credential.")]
    public required string Name { get; init; }

    /// <summary><c>named</c> or <c>perUser</c>.</summary>
    [Description("named: one set of secrets for every caller (the default); perUser: one for each user.")]
    [AllowedText("named", "perUser")]
    public string? Type { get; init; }

    /// <summary>The lowest is used.</summary>
    [Description("Of several granted to an app, the lowest is used. Left out: the order of the list.")]
    public int? Sequence { get; init; }

    /// <summary>Names to where each secret comes from; null removes one.</summary>
    [Description("The secret parameters: each ${env:NAME}, ${file:path} or ${prompt}, or an object that says where the vault finds it. Those that aren't named stay; null removes one.")]
    public ParameterDefinitions? Parameters { get; init; }
}

/// <summary>Parameters by name: a text, as <see cref="SecretReference"/> reads it, or a <see cref="KeptSecretDefinition"/>; null removes one.</summary>
internal sealed class ParameterDefinitions : Dictionary<string, JsonNode?>;

/// <summary>A secret that stays where it is kept, outside of the vault, which asks for it when it needs it.</summary>
internal sealed record KeptSecretDefinition
{
    /// <summary>One of the vault's settings.</summary>
    [Description("One of the vault's settings, Vault:SecretSources.")]
    public required string Source { get; init; }

    /// <summary>Its name or path there.</summary>
    [Description("The secret's name or path there.")]
    public required string Secret { get; init; }

    /// <summary>Of several values that it holds.</summary>
    [Description("Which of several values that the secret holds.")]
    public string? Field { get; init; }

    /// <summary>Left out: the current one.</summary>
    [Description("Which version of it. Left out: the current one.")]
    public string? Version { get; init; }
}

/// <summary>A custom header.</summary>
internal sealed record CustomHeaderDefinition
{
    /// <summary>An HTTP header name.</summary>
    [Description("An HTTP header name.")]
    public required string Name { get; init; }

    /// <summary>A template.</summary>
    [Description("A template: text with merge fields such as {!$Credential.Tenant}.")]
    public required string Value { get; init; }

    /// <summary>Lower is sent first.</summary>
    [Description("Lower is sent first. Left out: the order of the list.")]
    public int? Sequence { get; init; }
}

/// <summary>A named credential. What is left out takes its default.</summary>
internal sealed record NamedCredentialDefinition
{
    /// <summary>The name.</summary>
    [Description("Letters, digits and single underscores; unique without regard to case.")]
    public required string Name { get; init; }

    /// <summary>For people.</summary>
    [Description("For people.")]
    public string? Label { get; init; }

    /// <summary>For people.</summary>
    [Description("For people.")]
    public string? Description { get; init; }

    /// <summary>Where the service is.</summary>
    [Description("Absolute https URL; path and query may hold merge fields.")]
    public required string Url { get; init; }

    /// <summary>The name of the external credential.</summary>
    [Description("The name of the external credential.")]
    public required string ExternalCredential { get; init; }

    /// <summary>Default true.</summary>
    [Description("Whether the protocol puts its authorization on requests. Default true.")]
    public bool? GenerateAuthorizationHeader { get; init; }

    /// <summary>Default false.</summary>
    [Description("Whether fields in the caller's headers are filled in. Default false.")]
    public bool? AllowMergeFieldsInHeader { get; init; }

    /// <summary>Default false.</summary>
    [Description("Whether fields in the caller's body are filled in. Default false.")]
    public bool? AllowMergeFieldsInBody { get; init; }

    /// <summary>Headers on every callout.</summary>
    [Description("Headers added to every callout; they win over the external credential's.")]
    public IReadOnlyList<CustomHeaderDefinition>? CustomHeaders { get; init; }

    /// <summary>What apps may send.</summary>
    [Description("What apps may send. Left out: everything.")]
    public IReadOnlyList<AllowedRequestDefinition>? AllowedRequests { get; init; }

    /// <summary>Seconds.</summary>
    [Description("1 to 3600. Default 100.")]
    public int? TimeoutSeconds { get; init; }

    /// <summary>Bytes.</summary>
    [Description("The most bytes of a request's body. Left out: no limit.")]
    public long? MaxRequestBytes { get; init; }

    /// <summary>Bytes.</summary>
    [Description("The most bytes of an answer's body. Left out: no limit.")]
    public long? MaxResponseBytes { get; init; }

    /// <summary>How often each app may call.</summary>
    [Description("How often each app may call. Left out: as often as it likes.")]
    public RateLimitDefinition? RateLimit { get; init; }

    /// <summary>Default true.</summary>
    [Description("Whether a callout whose token turns out dead is sent once more. Default true.")]
    public bool? RetryOnUnauthorized { get; init; }

    /// <summary>Default true.</summary>
    [Description("Whether echoes of secrets in answers are masked. Default true.")]
    public bool? RedactResponses { get; init; }

    /// <summary>Names of parameters.</summary>
    [Description("Names of the parameters that hold a client certificate for TLS.")]
    public ClientCertificateDefinition? ClientCertificate { get; init; }

    /// <summary>PEM.</summary>
    [Description("PEM of certificates to trust beside the system's.")]
    public string? ServerCertificates { get; init; }

    /// <summary><c>auto</c>, <c>1.1</c> or <c>2</c>.</summary>
    [Description("auto (the default), 1.1 or 2.")]
    [AllowedText("auto", "1.1", "2")]
    public string? HttpVersion { get; init; }

    /// <summary>Default true.</summary>
    [Description("Default true.")]
    public bool? Enabled { get; init; }
}

/// <summary>What an app may send.</summary>
internal sealed record AllowedRequestDefinition
{
    /// <summary>Left out: any.</summary>
    [Description("HTTP methods. Left out: any.")]
    public IReadOnlyList<string>? Methods { get; init; }

    /// <summary>Left out: any.</summary>
    [Description("A pattern over the path after the name: * within a segment, ** for whole segments. Left out: any.")]
    public string? Path { get; init; }
}

/// <summary>A rate.</summary>
internal sealed record RateLimitDefinition
{
    /// <summary>So many.</summary>
    [Description("So many callouts: 1 to 1000000.")]
    public required int Permits { get; init; }

    /// <summary>In so many seconds.</summary>
    [Description("In so many seconds: 1 to 86400. Default 1.")]
    public int? PerSeconds { get; init; }
}

/// <summary>Names of the parameters of a client certificate.</summary>
internal sealed record ClientCertificateDefinition
{
    /// <summary>PEM.</summary>
    [Description("The parameter with the certificate (PEM).")]
    public string? Certificate { get; init; }

    /// <summary>PEM.</summary>
    [Description("The parameter with its private key (PEM).")]
    public string? PrivateKey { get; init; }

    /// <summary>Base64.</summary>
    [Description("Or the parameter with both as PKCS#12 (base64).")]
    public string? Pkcs12 { get; init; }

    /// <summary>Of the PKCS#12.</summary>
    [Description("The parameter with the password of the PKCS#12.")]
    public string? Password { get; init; }
}

/// <summary>An app.</summary>
internal sealed record AppDefinition
{
    /// <summary>The name.</summary>
    [Description("Letters, digits and single underscores; unique without regard to case.")]
    public required string Name { get; init; }

    /// <summary>For people.</summary>
    [Description("For people.")]
    public string? Label { get; init; }

    /// <summary>Default false.</summary>
    [Description("Whether its callouts may name a user with X-Vault-User. Default false.")]
    public bool? MayAssertUser { get; init; }

    /// <summary>What it may call.</summary>
    [Description("All that it may call: a grant that is missing from the list is withdrawn. Left out: as they are.")]
    public IReadOnlyList<GrantDefinition>? Grants { get; init; }
}

/// <summary>A grant.</summary>
internal sealed record GrantDefinition
{
    /// <summary>The named credential.</summary>
    [Description("The name of the named credential.")]
    public required string NamedCredential { get; init; }

    /// <summary>Default <c>default</c>.</summary>
    [Description("Names of principals; \"*\" is every one. Default: default.")]
    public IReadOnlyList<string>? Principals { get; init; }
}
