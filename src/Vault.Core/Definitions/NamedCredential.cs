using Vault.Core.MergeFields;
using Vault.Core.Primitives;

namespace Vault.Core.Definitions;

/// <summary>Where a service is and what may be merged into a request to it. Immutable, like <see cref="ExternalCredential"/>.</summary>
public sealed record NamedCredential
{
    // There may be a million of them: in UTC, a time is its ticks, and a limit its complement, so that none is 0.
    private readonly long _createdAt;
    private readonly long _updatedAt;
    private readonly long _maxRequestBytes;
    private readonly long _maxResponseBytes;

    /// <summary>Stays the same for the life of the definition.</summary>
    public required Guid Id { get; init; }

    /// <summary>Unique among named credentials.</summary>
    public required DeveloperName Name { get; init; }

    /// <summary>For people.</summary>
    public string? Label { get; init; }

    /// <summary>For people.</summary>
    public string? Description { get; init; }

    /// <summary>Absolute http or https URL; path and query may hold merge fields, scheme, host and port never.</summary>
    public required MergeTemplate Url { get; init; }

    /// <summary>The <see cref="ExternalCredential.Id"/> in use.</summary>
    public required Guid ExternalCredentialId { get; init; }

    /// <summary>Default true.</summary>
    public bool GenerateAuthorizationHeader { get; init; } = true;

    /// <summary>Default false.</summary>
    public bool AllowMergeFieldsInHeader { get; init; }

    /// <summary>Default false.</summary>
    public bool AllowMergeFieldsInBody { get; init; }

    /// <summary>In the order of sending.</summary>
    public IReadOnlyList<CustomHeader> CustomHeaders { get; init; } = [];

    /// <summary>Null: all requests.</summary>
    public IReadOnlyList<AllowedRequest>? AllowedRequests { get; init; }

    /// <summary>Seconds; default 100.</summary>
    public int TimeoutSeconds { get; init; } = 100;

    /// <summary>Bytes, counted after resolving; null: no limit.</summary>
    public long? MaxRequestBytes
    {
        get => _maxRequestBytes == 0 ? null : ~_maxRequestBytes;
        init => _maxRequestBytes = ~value ?? 0;
    }

    /// <summary>Bytes, counted after decoding; null: no limit.</summary>
    public long? MaxResponseBytes
    {
        get => _maxResponseBytes == 0 ? null : ~_maxResponseBytes;
        init => _maxResponseBytes = ~value ?? 0;
    }

    /// <summary>How often an app may call; null: no limit.</summary>
    public RateLimit? RateLimit { get; init; }

    /// <summary>Default true.</summary>
    public bool RetryOnUnauthorized { get; init; } = true;

    /// <summary>Default true.</summary>
    public bool RedactResponses { get; init; } = true;

    /// <summary>Which parameters hold the client's certificate; null: none.</summary>
    public ClientCertificateNames? ClientCertificate { get; init; }

    /// <summary>PEM of certificates that are trusted beside the system's; null: none.</summary>
    public string? ServerCertificates { get; init; }

    /// <summary>HTTP version upstream; default <see cref="UpstreamHttpVersion.Auto"/>.</summary>
    public UpstreamHttpVersion HttpVersion { get; init; }

    /// <summary>Default true.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>Goes up by one with each change.</summary>
    public required long Version { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt
    {
        get => new(_createdAt, TimeSpan.Zero);
        init => _createdAt = value.UtcTicks;
    }

    /// <summary>When it was last changed.</summary>
    public required DateTimeOffset UpdatedAt
    {
        get => new(_updatedAt, TimeSpan.Zero);
        init => _updatedAt = value.UtcTicks;
    }
}

/// <summary>Names of the parameters that hold a client's certificate: a PEM pair, or PKCS#12.</summary>
/// <param name="Certificate">PEM, with the certificates between it and its root behind it.</param>
/// <param name="PrivateKey">PEM.</param>
/// <param name="Pkcs12">PKCS#12 (RFC 7292) in base64.</param>
/// <param name="Password">Of the PKCS#12 or of an encrypted private key; null: none.</param>
public sealed record ClientCertificateNames(string? Certificate, string? PrivateKey, string? Pkcs12, string? Password)
{
    /// <summary>All names.</summary>
    public IEnumerable<string> All => new[] { Certificate, PrivateKey, Pkcs12, Password }.OfType<string>();
}

/// <summary>Which HTTP version goes upstream.</summary>
public enum UpstreamHttpVersion
{
    /// <summary>By ALPN; over http 1.1, but exactly 2 for <c>application/grpc*</c>.</summary>
    Auto,

    /// <summary>HTTP/1.1.</summary>
    Http11,

    /// <summary>HTTP/2.</summary>
    Http2,
}
