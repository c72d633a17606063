using System.Security.Cryptography;
using System.Text.Json;
using Vault.Core.Definitions;
using Vault.Core.MergeFields;
using Vault.Core.Primitives;
using Vault.Core.Secrets;
using Vault.Core.Storage.Rows;

namespace Vault.Core.Storage.Codec;

/// <summary>Definitions to rows and back. A row whose MAC is wrong is never read.</summary>
public sealed class DefinitionCodec(IntegrityKey key)
{
    private readonly RowMacs _macs = new(key);
    private readonly SharedValues _shared = new();

    /// <summary>The row of an external credential.</summary>
    public ExternalCredentialRow ToRow(ExternalCredential credential)
    {
        var row = new ExternalCredentialRow
        {
            Id = credential.Id,
            NameKey = credential.Name.Key,
            Version = credential.Version,
            CreatedAt = credential.CreatedAt,
            UpdatedAt = credential.UpdatedAt,
            Document = JsonSerializer.Serialize(
                new ExternalCredentialDocument(
                    credential.Name.Value,
                    credential.Label,
                    credential.Description,
                    credential.Authentication,
                    credential.AllowedHosts?.Select(host => new AllowedHostDocument(host.Scheme, host.Host, host.Port, host.IsWildcard)).ToArray(),
                    [.. credential.Principals.Select(principal => new PrincipalDocument(
                        principal.Id, principal.Name.Value, principal.Sequence, principal.Type is PrincipalType.PerUser))],
                    ToDocuments(credential.CustomHeaders),
                    credential.IsInline),
                DocumentJson.Default.ExternalCredentialDocument),
        };
        row.Mac = _macs.Of(row);
        return row;
    }

    /// <summary>The row of a named credential.</summary>
    public NamedCredentialRow ToRow(NamedCredential credential)
    {
        var row = new NamedCredentialRow
        {
            Id = credential.Id,
            NameKey = credential.Name.Key,
            ExternalCredentialId = credential.ExternalCredentialId,
            Version = credential.Version,
            CreatedAt = credential.CreatedAt,
            UpdatedAt = credential.UpdatedAt,
            Document = JsonSerializer.Serialize(
                new NamedCredentialDocument(
                    credential.Name.Value,
                    credential.Label,
                    credential.Description,
                    credential.Url.Text,
                    credential.GenerateAuthorizationHeader,
                    credential.AllowMergeFieldsInHeader,
                    credential.AllowMergeFieldsInBody,
                    ToDocuments(credential.CustomHeaders),
                    credential.AllowedRequests?.Select(rule => new AllowedRequestDocument(rule.Methods, rule.Path)).ToArray(),
                    credential.TimeoutSeconds,
                    credential.MaxRequestBytes,
                    credential.MaxResponseBytes,
                    credential.RetryOnUnauthorized,
                    credential.RedactResponses,
                    credential.HttpVersion.ToString(),
                    credential.Enabled,
                    credential.ClientCertificate is { } names
                        ? new ClientCertificateDocument(names.Certificate, names.PrivateKey, names.Pkcs12, names.Password)
                        : null,
                    credential.ServerCertificates,
                    credential.RateLimit is { } limit ? new RateLimitDocument(limit.Permits, limit.PerSeconds) : null),
                DocumentJson.Default.NamedCredentialDocument),
        };
        row.Mac = _macs.Of(row);
        return row;
    }

    /// <summary>Reads an external credential; null where the row is not authentic, or not readable.</summary>
    public ExternalCredential? Read(ExternalCredentialRow row)
    {
        if (!CryptographicOperations.FixedTimeEquals(row.Mac, _macs.Of(row)))
        {
            return null;
        }

        var document = JsonSerializer.Deserialize(row.Document, DocumentJson.Default.ExternalCredentialDocument);
        return document is null || Headers(document.CustomHeaders) is not { } headers ? null : new ExternalCredential
        {
            Id = row.Id,
            Name = DeveloperName.Parse(document.Name),
            Label = document.Label,
            Description = document.Description,
            Authentication = _shared.Of(document.Authentication),
            AllowedHosts = document.AllowedHosts is { } hosts
                ? _shared.Of([.. hosts.Select(host => new AllowedHost(_shared.Of(host.Scheme), _shared.Of(host.Host), host.Port, host.IsWildcard))])
                : null,
            Principals = document.Principals is [var only] ? [ToPrincipal(only)] : document.Principals.Select(ToPrincipal).ToArray(),
            CustomHeaders = headers,
            IsInline = document.IsInline,
            Version = row.Version,
            CreatedAt = row.CreatedAt,
            UpdatedAt = row.UpdatedAt,
        };
    }

    /// <summary>Reads a named credential; null where the row is not authentic, or not readable.</summary>
    public NamedCredential? Read(NamedCredentialRow row)
    {
        if (!CryptographicOperations.FixedTimeEquals(row.Mac, _macs.Of(row)))
        {
            return null;
        }

        var document = JsonSerializer.Deserialize(row.Document, DocumentJson.Default.NamedCredentialDocument);
        if (document is null || Headers(document.CustomHeaders) is not { } headers || Template(document.Url) is not { } url)
        {
            return null;
        }

        return new NamedCredential
        {
            Id = row.Id,
            Name = DeveloperName.Parse(document.Name),
            Label = document.Label,
            Description = document.Description,
            Url = url,
            ExternalCredentialId = row.ExternalCredentialId,
            GenerateAuthorizationHeader = document.GenerateAuthorizationHeader,
            AllowMergeFieldsInHeader = document.AllowMergeFieldsInHeader,
            AllowMergeFieldsInBody = document.AllowMergeFieldsInBody,
            CustomHeaders = headers,
            AllowedRequests = document.AllowedRequests?.Select(rule => new AllowedRequest(rule.Methods, rule.Path)).ToArray(),
            TimeoutSeconds = document.TimeoutSeconds,
            MaxRequestBytes = document.MaxRequestBytes,
            MaxResponseBytes = document.MaxResponseBytes,
            RetryOnUnauthorized = document.RetryOnUnauthorized,
            RedactResponses = document.RedactResponses,
            HttpVersion = Enum.Parse<UpstreamHttpVersion>(document.HttpVersion),
            Enabled = document.Enabled,
            ClientCertificate = document.ClientCertificate is { } names
                ? new ClientCertificateNames(names.Certificate, names.PrivateKey, names.Pkcs12, names.Password)
                : null,
            ServerCertificates = document.ServerCertificates,
            RateLimit = document.RateLimit is { } limit ? new RateLimit(limit.Permits, limit.PerSeconds) : null,
            Version = row.Version,
            CreatedAt = row.CreatedAt,
            UpdatedAt = row.UpdatedAt,
        };
    }

    private static CustomHeaderDocument[] ToDocuments(IReadOnlyList<CustomHeader> headers) =>
        [.. headers.Select(header => new CustomHeaderDocument(header.Name, header.Value.Text, header.Sequence))];

    private Principal ToPrincipal(PrincipalDocument principal) =>
        new(principal.Id, DeveloperName.Parse(_shared.Of(principal.Name)), principal.Sequence, principal.IsPerUser ? PrincipalType.PerUser : PrincipalType.Named);

    private MergeTemplate? Template(string text) =>
        _shared.FindTemplate(text) ?? (MergeTemplate.Parse(text) is { IsOk: true } parsed ? _shared.Note(parsed.Value) : null);

    private CustomHeader[]? Headers(IReadOnlyList<CustomHeaderDocument> documents)
    {
        var headers = documents.Count == 0 ? [] : new CustomHeader[documents.Count];
        for (var i = 0; i < headers.Length; i++)
        {
            if (Template(documents[i].Value) is not { } value)
            {
                return null;
            }

            headers[i] = new CustomHeader(_shared.Of(documents[i].Name), value, documents[i].Sequence);
        }

        return headers;
    }
}
