using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;
using Vault.Core.Administration.Changes;

namespace Vault.Core.Administration.Definitions;

/// <summary>A custom header, as it is written and read.</summary>
/// <param name="Name">An HTTP header name.</param>
/// <param name="Value">A template: text with merge fields such as <c>{!$Credential.Tenant}</c>.</param>
/// <param name="Sequence">Lower is sent first; left out: the order of the list.</param>
public sealed record CustomHeaderContract([property: Required] string? Name = null, [property: Required(AllowEmptyStrings = true)] string? Value = null, int? Sequence = null);

/// <summary>A principal, as it is written.</summary>
/// <param name="Name">Unique within the external credential.</param>
/// <param name="Type"><c>named</c> (one set of secrets for every caller) or <c>perUser</c> (one for each user). Default <c>named</c>.</param>
/// <param name="Sequence">Of several granted to an app, the lowest is used.</param>
/// <param name="Status">Read-only; ignored on PUT.</param>
public sealed record PrincipalInput(
    [property: Required] string? Name = null, string? Type = null, int? Sequence = null, [property: JsonConverter(typeof(ReadOnlyText))] string? Status = null);

/// <summary>A principal, as it is read.</summary>
/// <param name="Name">Unique within the external credential.</param>
/// <param name="Type"><c>named</c> or <c>perUser</c>.</param>
/// <param name="Sequence">Of several granted to an app, the lowest is used.</param>
/// <param name="Status"><c>configured</c> when every required parameter has a value, else <c>notConfigured</c>.</param>
public sealed record PrincipalView(string Name, string Type, int Sequence, string Status);

/// <summary>An external credential, as it is written: how to authenticate. Secrets go to its <c>credential</c> routes.</summary>
public sealed record ExternalCredentialInput
{
    /// <summary>Letters, digits and single underscores; unique without regard to case. On PUT the route's, or left out.</summary>
    public string? Name { get; init; }

    /// <summary>For people.</summary>
    public string? Label { get; init; }

    /// <summary>For people.</summary>
    public string? Description { get; init; }

    /// <summary>The <c>protocol</c> and its settings.</summary>
    [Required]
    public JsonElement? Authentication { get; init; }

    /// <summary>Where the secrets may be sent. Left out on PUT: as they are.</summary>
    public IReadOnlyList<string>? AllowedHosts { get; init; }

    /// <summary>Sets of secrets. Left out on PUT: as they are; on POST: one named <c>default</c>.</summary>
    public IReadOnlyList<PrincipalInput>? Principals { get; init; }

    /// <summary>Headers added to every callout.</summary>
    public IReadOnlyList<CustomHeaderContract>? CustomHeaders { get; init; }

    /// <summary>Read-only; ignored on PUT.</summary>
    [JsonConverter(typeof(ReadOnlyText))]
    public string? CreatedAt { get; init; }

    /// <summary>Read-only; ignored on PUT.</summary>
    [JsonConverter(typeof(ReadOnlyText))]
    public string? UpdatedAt { get; init; }

    /// <summary>Read-only; ignored on PUT.</summary>
    [JsonConverter(typeof(ReadOnlyTexts))]
    public IReadOnlyList<string>? UsedBy { get; init; }
}

/// <summary>An external credential, as it is read. No secret is ever in it.</summary>
public sealed record ExternalCredentialView(
    string Name, string? Label, string? Description, JsonElement Authentication, IReadOnlyList<string>? AllowedHosts, IReadOnlyList<PrincipalView> Principals,
    IReadOnlyList<CustomHeaderContract> CustomHeaders, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, IReadOnlyList<string> UsedBy);

/// <summary>What an app may send.</summary>
/// <param name="Methods">HTTP methods; left out: any.</param>
/// <param name="Path">A pattern over the path after the name: <c>*</c> within a segment, <c>**</c> for whole segments; left out: any.</param>
public sealed record AllowedRequestContract(IReadOnlyList<string>? Methods = null, string? Path = null);

/// <summary>Names of parameters: <c>certificate</c> and <c>privateKey</c> (PEM), or <c>pkcs12</c> (base64) and <c>password</c>.</summary>
public sealed record ClientCertificateContract(string? Certificate = null, string? PrivateKey = null, string? Pkcs12 = null, string? Password = null);

/// <summary>A named credential, as it is written: where a service is, and what may be merged into a request to it.</summary>
public sealed record NamedCredentialInput
{
    /// <summary>Letters, digits and single underscores; unique without regard to case. On PUT the route's, or left out.</summary>
    public string? Name { get; init; }

    /// <summary>For people.</summary>
    public string? Label { get; init; }

    /// <summary>For people.</summary>
    public string? Description { get; init; }

    /// <summary>Absolute https URL (or http, where <c>Vault:Egress:AllowHttp</c>); path and query may hold merge fields.</summary>
    [Required]
    public string? Url { get; init; }

    /// <summary>The name of the external credential; or <see cref="Authentication"/> instead.</summary>
    public string? ExternalCredential { get; init; }

    /// <summary>Settings and secrets together, write-only; makes an external credential of the same name.</summary>
    public JsonElement? Authentication { get; init; }

    /// <summary>Whether the protocol puts its authorization on requests. Default true.</summary>
    public bool GenerateAuthorizationHeader { get; init; } = true;

    /// <summary>Whether fields in the caller's headers are filled in. Default false.</summary>
    public bool AllowMergeFieldsInHeader { get; init; }

    /// <summary>Whether fields in the caller's body are filled in. Default false.</summary>
    public bool AllowMergeFieldsInBody { get; init; }

    /// <summary>Headers added to every callout; they win over the external credential's.</summary>
    public IReadOnlyList<CustomHeaderContract>? CustomHeaders { get; init; }

    /// <summary>What apps may send; left out: everything.</summary>
    public IReadOnlyList<AllowedRequestContract>? AllowedRequests { get; init; }

    /// <summary>1 to 3600. Default 100.</summary>
    [Range(1, 3600)]
    public int TimeoutSeconds { get; init; } = 100;

    /// <summary>The most bytes of a request's body, counted after fields are filled in; left out: no limit.</summary>
    public long? MaxRequestBytes { get; init; }

    /// <summary>The most bytes of an answer's body; left out: no limit.</summary>
    public long? MaxResponseBytes { get; init; }

    /// <summary>How often each app may call; left out: as often as it likes.</summary>
    public RateLimitContract? RateLimit { get; init; }

    /// <summary>Whether a callout whose token turns out dead is sent once more. Default true.</summary>
    public bool RetryOnUnauthorized { get; init; } = true;

    /// <summary>Whether echoes of secrets in answers are masked. Default true.</summary>
    public bool RedactResponses { get; init; } = true;

    /// <summary>Names of the parameters that hold a client certificate for TLS.</summary>
    public ClientCertificateContract? ClientCertificate { get; init; }

    /// <summary>PEM of certificates to trust beside the system's.</summary>
    public string? ServerCertificates { get; init; }

    /// <summary><c>auto</c>, <c>1.1</c> or <c>2</c>. Default <c>auto</c>.</summary>
    public string HttpVersion { get; init; } = "auto";

    /// <summary>Default true.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>Read-only; ignored on PUT.</summary>
    [JsonConverter(typeof(ReadOnlyText))]
    public string? CreatedAt { get; init; }

    /// <summary>Read-only; ignored on PUT.</summary>
    [JsonConverter(typeof(ReadOnlyText))]
    public string? UpdatedAt { get; init; }
}

/// <summary>How often each app may call.</summary>
/// <param name="Permits">So many callouts: 1 to 1,000,000.</param>
/// <param name="PerSeconds">In so many seconds: 1 to 86,400. Default 1.</param>
public sealed record RateLimitContract([property: Required, Range(1, 1_000_000)] int Permits = 0, [property: Range(1, 86_400)] int PerSeconds = 1);

/// <summary>A named credential, as it is read.</summary>
public sealed record NamedCredentialView(
    string Name, string? Label, string? Description, string Url, string ExternalCredential, bool GenerateAuthorizationHeader, bool AllowMergeFieldsInHeader,
    bool AllowMergeFieldsInBody, IReadOnlyList<CustomHeaderContract> CustomHeaders, IReadOnlyList<AllowedRequestContract>? AllowedRequests, int TimeoutSeconds,
    long? MaxRequestBytes, long? MaxResponseBytes, RateLimitContract? RateLimit, bool RetryOnUnauthorized, bool RedactResponses, ClientCertificateContract? ClientCertificate,
    string? ServerCertificates, string HttpVersion, bool Enabled, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);
