using System.Text.Json;
using System.Text.Json.Serialization;

namespace Vault.Core.Storage.Codec;

/// <summary>An external credential as it is stored. Property names are part of the format at rest.</summary>
internal sealed record ExternalCredentialDocument(
    string Name, string? Label, string? Description, JsonElement Authentication, IReadOnlyList<AllowedHostDocument>? AllowedHosts,
    IReadOnlyList<PrincipalDocument> Principals, IReadOnlyList<CustomHeaderDocument> CustomHeaders, bool IsInline);

internal sealed record AllowedHostDocument(string Scheme, string Host, int Port, bool IsWildcard);

internal sealed record PrincipalDocument(Guid Id, string Name, int Sequence, bool IsPerUser = false);

internal sealed record CustomHeaderDocument(string Name, string Value, int Sequence);

internal sealed record AllowedRequestDocument(IReadOnlyList<string> Methods, string? Path);

/// <summary>A named credential as it is stored.</summary>
internal sealed record NamedCredentialDocument(
    string Name, string? Label, string? Description, string Url, bool GenerateAuthorizationHeader, bool AllowMergeFieldsInHeader,
    bool AllowMergeFieldsInBody, IReadOnlyList<CustomHeaderDocument> CustomHeaders, IReadOnlyList<AllowedRequestDocument>? AllowedRequests,
    int TimeoutSeconds, long? MaxRequestBytes, long? MaxResponseBytes, bool RetryOnUnauthorized, bool RedactResponses, string HttpVersion, bool Enabled,
    ClientCertificateDocument? ClientCertificate = null, string? ServerCertificates = null, RateLimitDocument? RateLimit = null);

internal sealed record RateLimitDocument(int Permits, int PerSeconds);

internal sealed record ClientCertificateDocument(string? Certificate, string? PrivateKey, string? Pkcs12, string? Password);

/// <summary>An app as it is stored.</summary>
internal sealed record AppDocument(string Name, string? Label, bool MayAssertUser = false);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, AllowDuplicateProperties = false)]
[JsonSerializable(typeof(ExternalCredentialDocument))]
[JsonSerializable(typeof(NamedCredentialDocument))]
[JsonSerializable(typeof(AppDocument))]
[JsonSerializable(typeof(string[]))]
internal sealed partial class DocumentJson : JsonSerializerContext;
