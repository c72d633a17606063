using Vault.Core.Administration.Changes;
using Vault.Core.Callouts.Paths;
using Vault.Core.Definitions;
using Vault.Core.MergeFields;
using Vault.Core.Primitives;

namespace Vault.Core.Administration.Definitions;

/// <summary>What a named credential may be; contract section 4.</summary>
internal static class NamedCredentialRules
{
    private const int MaxRules = 200;

    /// <summary>Scheme, host and port, which never hold merge fields.</summary>
    public static Uri OriginOf(NamedCredential named) => new(UrlOrigin.Cut(named.Url.Text));

    /// <summary>Makes the definition of an input, save which external credential it uses; null where <paramref name="errors"/> say why not.</summary>
    public static NamedCredential? Make(
        NamedCredentialInput input, DeveloperName? route, NamedCredential? before, bool allowHttp, DateTimeOffset now, InputErrors errors)
    {
        var name = NameRules.Read(input.Name, route, errors);
        if (route is null)
        {
            RefuseReadOnly(input, errors);
        }

        errors.CheckLength("$.label", input.Label, 255);
        errors.CheckLength("$.description", input.Description, 4000);
        var url = UrlRules.Read(input.Url, allowHttp, errors);
        var headers = CustomHeaderRules.Read(input.CustomHeaders, errors);
        var allowed = ReadAllowed(input.AllowedRequests, errors);
        if (input.TimeoutSeconds is < 1 or > 3600)
        {
            errors.Add("$.timeoutSeconds", "Must be from 1 to 3600.");
        }

        if (input.MaxRequestBytes is < 0)
        {
            errors.Add("$.maxRequestBytes", "Must not be negative.");
        }

        if (input.MaxResponseBytes is < 0)
        {
            errors.Add("$.maxResponseBytes", "Must not be negative.");
        }

        if (input.RateLimit is { Permits: < 1 or > 1_000_000 })
        {
            errors.Add("$.rateLimit.permits", "Must be from 1 to 1000000.");
        }

        if (input.RateLimit is { PerSeconds: < 1 or > 86_400 })
        {
            errors.Add("$.rateLimit.perSeconds", "Must be from 1 to 86400.");
        }

        UpstreamHttpVersion? version = input.HttpVersion switch
        {
            "auto" => UpstreamHttpVersion.Auto,
            "1.1" => UpstreamHttpVersion.Http11,
            "2" => UpstreamHttpVersion.Http2,
            _ => null,
        };
        if (version is null)
        {
            errors.Add("$.httpVersion", "Must be auto, 1.1 or 2.");
        }

        var certificate = ReadCertificate(input.ClientCertificate, errors);
        var trusted = input.ServerCertificates is { } pem ? CertificatePem.Read(pem) : null;
        if (input.ServerCertificates is not null && trusted is null)
        {
            errors.Add("$.serverCertificates", "Must be PEM of one certificate or several, and of nothing else: it isn't kept as a secret.");
        }

        return url is null || name is null ? null : new NamedCredential
        {
            Id = before?.Id ?? Guid.NewGuid(),
            Name = before?.Name ?? name.Value,
            Label = input.Label,
            Description = input.Description,
            Url = url.Value.Template,
            ExternalCredentialId = before?.ExternalCredentialId ?? Guid.Empty,
            GenerateAuthorizationHeader = input.GenerateAuthorizationHeader,
            AllowMergeFieldsInHeader = input.AllowMergeFieldsInHeader,
            AllowMergeFieldsInBody = input.AllowMergeFieldsInBody,
            CustomHeaders = headers,
            AllowedRequests = allowed,
            TimeoutSeconds = input.TimeoutSeconds,
            MaxRequestBytes = input.MaxRequestBytes,
            MaxResponseBytes = input.MaxResponseBytes,
            RateLimit = input.RateLimit is { } limit ? new RateLimit(limit.Permits, limit.PerSeconds) : null,
            RetryOnUnauthorized = input.RetryOnUnauthorized,
            RedactResponses = input.RedactResponses,
            ClientCertificate = certificate,
            ServerCertificates = trusted,
            HttpVersion = version ?? UpstreamHttpVersion.Auto,
            Enabled = input.Enabled,
            Version = (before?.Version ?? 0) + 1,
            CreatedAt = before?.CreatedAt ?? now,
            UpdatedAt = now,
        };
    }

    private static ClientCertificateNames? ReadCertificate(ClientCertificateContract? contract, InputErrors errors)
    {
        if (contract is null)
        {
            return null;
        }

        var isPair = contract is { Certificate: not null, PrivateKey: not null, Pkcs12: null };
        var isPkcs12 = contract is { Pkcs12: not null, Certificate: null, PrivateKey: null };
        if (!isPair && !isPkcs12)
        {
            errors.Add("$.clientCertificate", "Must name parameters: certificate and privateKey, or pkcs12 and password.");
        }

        foreach (var (property, value) in new[]
        {
            ("certificate", contract.Certificate), ("privateKey", contract.PrivateKey), ("pkcs12", contract.Pkcs12), ("password", contract.Password),
        })
        {
            if (value is not null && !DeveloperName.TryParse(value, out _))
            {
                errors.Add("$.clientCertificate." + property, "The name of a parameter " + DeveloperName.Rule + ".");
            }
        }

        return new ClientCertificateNames(contract.Certificate, contract.PrivateKey, contract.Pkcs12, contract.Password);
    }

    /// <summary>What an operator's named credential may not carry; contract section 9. Null where it carries none of it.</summary>
    /// <param name="input">What the operator wrote.</param>
    /// <param name="before">The named credential as it is; null: there is none, or what an admin allowed it doesn't count, since it goes by another external credential now.</param>
    public static VaultError? JudgeOperator(NamedCredentialInput input, NamedCredential? before)
    {
        var errors = new InputErrors();
        const string Message = "An operator may not set this; an admin can.";
        if (input.Authentication is not null)
        {
            errors.Add("$.authentication", Message);
        }

        if (HasFields(input.Url))
        {
            errors.Add("$.url", "An operator may not put merge fields into a url; an admin can.");
        }

        if (input.Url?.StartsWith("http:", StringComparison.OrdinalIgnoreCase) is true)
        {
            errors.Add("$.url", "An operator may not set an http url; an admin can.");
        }

        for (var index = 0; index < input.CustomHeaders?.Count; index++)
        {
            if (HasFields(input.CustomHeaders[index]?.Value))
            {
                errors.Add($"$.customHeaders[{index}].value", "An operator may not put merge fields into a custom header; an admin can.");
            }
        }

        if (!input.RedactResponses)
        {
            errors.Add("$.redactResponses", Message);
        }

        if (input.ClientCertificate is not null)
        {
            errors.Add("$.clientCertificate", Message);
        }

        if (input.ServerCertificates is not null)
        {
            errors.Add("$.serverCertificates", Message);
        }

        if (input.AllowMergeFieldsInHeader && before?.AllowMergeFieldsInHeader is not true)
        {
            errors.Add("$.allowMergeFieldsInHeader", "An operator may not turn this on; an admin can.");
        }

        if (input.AllowMergeFieldsInBody && before?.AllowMergeFieldsInBody is not true)
        {
            errors.Add("$.allowMergeFieldsInBody", "An operator may not turn this on; an admin can.");
        }

        return errors.Any ? errors.ToError(ErrorCodes.Forbidden, "An operator's named credential may not open what secrets could leave by.") : null;
    }

    /// <summary>The read form.</summary>
    public static NamedCredentialView ToView(NamedCredential named, DefinitionSnapshot snapshot) => new(
        named.Name.Value,
        named.Label,
        named.Description,
        named.Url.Text,
        snapshot.ExternalCredentials.TryGetValue(named.ExternalCredentialId, out var external) ? external.Name.Value : "",
        named.GenerateAuthorizationHeader,
        named.AllowMergeFieldsInHeader,
        named.AllowMergeFieldsInBody,
        CustomHeaderRules.ToContracts(named.CustomHeaders),
        named.AllowedRequests?.Select(rule => new AllowedRequestContract(rule.Methods.Count == 0 ? null : rule.Methods, rule.Path)).ToArray(),
        named.TimeoutSeconds,
        named.MaxRequestBytes,
        named.MaxResponseBytes,
        named.RateLimit is { } limit ? new RateLimitContract(limit.Permits, limit.PerSeconds) : null,
        named.RetryOnUnauthorized,
        named.RedactResponses,
        named.ClientCertificate is { } names ? new ClientCertificateContract(names.Certificate, names.PrivateKey, names.Pkcs12, names.Password) : null,
        named.ServerCertificates,
        named.HttpVersion switch
        {
            UpstreamHttpVersion.Auto => "auto",
            UpstreamHttpVersion.Http11 => "1.1",
            UpstreamHttpVersion.Http2 => "2",
            _ => throw new InvalidOperationException("An unknown HTTP version."),
        },
        named.Enabled,
        named.CreatedAt,
        named.UpdatedAt);

    private static bool HasFields(string? text) =>
        text is not null && (MergeTemplate.Parse(text) is not { IsOk: true } template || template.Value.HasFields);

    private static void RefuseReadOnly(NamedCredentialInput input, InputErrors errors)
    {
        if (input.CreatedAt is not null)
        {
            errors.Add("$.createdAt", "Is read-only.");
        }

        if (input.UpdatedAt is not null)
        {
            errors.Add("$.updatedAt", "Is read-only.");
        }
    }

    private static List<AllowedRequest>? ReadAllowed(IReadOnlyList<AllowedRequestContract>? contracts, InputErrors errors)
    {
        if (contracts is null)
        {
            return null;
        }

        if (contracts.Count > MaxRules)
        {
            errors.Add("$.allowedRequests", $"Must be at most {MaxRules} rules.");
            return null;
        }

        var rules = new List<AllowedRequest>();
        for (var index = 0; index < contracts.Count; index++)
        {
            var path = $"$.allowedRequests[{index}]";
            if (contracts[index] is not { } contract)
            {
                errors.Add(path, "Must be an object.");
                continue;
            }

            if (contract.Methods is { Count: 0 })
            {
                errors.Add(path + ".methods", "Must name a method, or be left out.");
            }

            for (var method = 0; method < contract.Methods?.Count; method++)
            {
                if (contract.Methods[method] is not { Length: <= 40 } text || text == "*" || !WireText.IsName(text))
                {
                    errors.Add($"{path}.methods[{method}]", "Must be an HTTP method; left out, any is allowed.");
                }
            }

            if (contract.Path is { } pattern && (!pattern.StartsWith('/') || pattern.Length > 2048 || PathConfinement.Check(pattern) is not null))
            {
                errors.Add(path + ".path", "Must begin with a slash, and have no dot segment.");
            }

            rules.Add(new AllowedRequest([.. (contract.Methods ?? []).Select(method => (method ?? "").ToUpperInvariant())], contract.Path));
        }

        return rules;
    }
}
