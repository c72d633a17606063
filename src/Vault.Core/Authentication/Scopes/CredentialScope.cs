using Vault.Core.Authentication.Credentials;
using Vault.Core.MergeFields;
using Vault.Core.Primitives;
using Vault.Core.Redaction;

namespace Vault.Core.Authentication.Scopes;

/// <summary>What references mean at one place of one request; contract sections 6 and 9. Used by one request.</summary>
public sealed class CredentialScope : IMergeScope
{
    private readonly BoundCredential _credential;
    private readonly CredentialSet _parameters;
    private readonly RequestFacts _facts;

    /// <summary>A scope; what is not set by properties is not known in it.</summary>
    public CredentialScope(BoundCredential credential, CredentialSet parameters, RequestFacts facts)
    {
        _credential = credential;
        _parameters = parameters;
        _facts = facts;
    }

    /// <summary>The user of a per-user principal, for <c>$User.Id</c>; empty: there is none.</summary>
    public string User { get; init; } = "";

    /// <summary>Whether a caller wrote the text: then the keys of built-in protocols can be named only as keys.</summary>
    public bool IsCallers { get; init; }

    /// <summary>The resolved <c>url</c> of the named credential, for <c>$Credential.Endpoint.Url</c>.</summary>
    public string? EndpointUrl { get; init; }

    /// <summary>The body as it is sent; only where headers are made.</summary>
    public Func<ReadOnlyMemory<byte>>? Body { get; init; }

    /// <summary>Gets the token; null where there is none to be had.</summary>
    public ITokenAccess? Token { get; init; }

    /// <summary>Names of <c>$Token.</c> at this place.</summary>
    public IReadOnlyList<string> TokenNames { get; init; } = [];

    /// <summary>Told of what was made of a secret.</summary>
    public Action<ReadOnlySpan<byte>>? SecretProduced { get; init; }

    /// <inheritdoc />
    public MergeWork? Work { get; init; }

    /// <inheritdoc />
    public string NameOf(MergeReference reference) => reference.Kind switch
    {
        MergeReferenceKind.Credential when !IsEndpoint(reference) => _parameters.NameOf(reference.Name) ?? reference.Name,
        MergeReferenceKind.Token => TokenNames.FirstOrDefault(name => Is(reference, name)) ?? reference.Name,
        _ => reference.Name,
    };

    /// <inheritdoc />
    public VaultError? Check(MergeReference reference) => reference.Kind switch
    {
        MergeReferenceKind.Request => _facts.Find(reference.Name) is null && !IsLateFact(reference) ? Unknown(reference) : null,
        MergeReferenceKind.Token => TokenNames.Contains(reference.Name, StringComparer.OrdinalIgnoreCase) ? null : Unknown(reference),
        MergeReferenceKind.User => User.Length == 0 ? Unknown(reference) : null,
        MergeReferenceKind.Credential => CheckCredential(reference),
        _ => throw new ArgumentOutOfRangeException(nameof(reference)),
    };

    /// <inheritdoc />
    public async ValueTask<VaultError?> PrepareAsync(MergeReference reference, CancellationToken cancellationToken) =>
        NeedsToken(reference) && Token is { } token ? await token.EnsureAsync(cancellationToken) : null;

    /// <inheritdoc />
    public Result<MergeValue> Resolve(MergeReference reference) => reference.Kind switch
    {
        MergeReferenceKind.Request => _facts.Find(reference.Name) is { } fact ? MergeValue.OfText(fact, isSecret: _facts.IsUrlSecret && Is(reference, "Path")) : Unknown(reference),
        MergeReferenceKind.Token => ResolveToken(reference),
        MergeReferenceKind.User => User.Length == 0 ? Unknown(reference) : MergeValue.OfText(User, isSecret: false),
        MergeReferenceKind.Credential => ResolveCredential(reference),
        _ => throw new ArgumentOutOfRangeException(nameof(reference)),
    };

    /// <inheritdoc />
    public void OnSecretProduced(ReadOnlySpan<byte> utf8) => SecretProduced?.Invoke(utf8);

    /// <inheritdoc />
    public void OnSecretEscaped(ReadOnlySpan<byte> utf8, ReadOnlySpan<byte> escaped)
    {
        // What is too short to be searched for isn't searched for because its escape is longer.
        if (RedactionSet.IsSearched(utf8))
        {
            SecretProduced?.Invoke(escaped);
        }
    }

    private static VaultError Unknown(MergeReference reference) =>
        new(ErrorCodes.MergeFieldInvalid, $"{reference} is not known here.");

    // Known only once the URL is resolved, but known to be there.
    private static bool IsLateFact(MergeReference reference) => reference.Name.Equals("Host", StringComparison.OrdinalIgnoreCase);

    private static bool Is(MergeReference reference, string name) => reference.Name.Equals(name, StringComparison.OrdinalIgnoreCase);

    private static bool IsEndpoint(MergeReference reference) =>
        "Endpoint".Equals(reference.Qualifier, StringComparison.OrdinalIgnoreCase) && Is(reference, "Url");

    private VaultError? CheckCredential(MergeReference reference)
    {
        if (IsEndpoint(reference))
        {
            return EndpointUrl is null ? Unknown(reference) : null;
        }

        if (!_credential.Owns(reference))
        {
            return Unknown(reference);
        }

        var authentication = _credential.Authentication;
        switch (reference.Name.ToUpperInvariant())
        {
            case "BODY":
                return Body is null ? Unknown(reference) : null;
            case "AUTHORIZATIONMETHOD":
                return null;
            case "AUTHORIZATIONHEADERVALUE":
                return CheckParts(authentication.AuthorizationHeaderValue.Parts);
            case "OAUTHTOKEN":
                return authentication.OAuthToken is { } token ? Check(token) : Unknown(reference);
            case "OAUTHCONSUMERKEY":
                return authentication.OAuthConsumerKey is { } key ? Check(key) : Unknown(reference);
            default:
                return CheckParameter(reference);
        }
    }

    private VaultError? CheckParts(IReadOnlyList<MergeReference> parts)
    {
        foreach (var part in parts)
        {
            if (Check(part) is { } error)
            {
                return error;
            }
        }

        return null;
    }

    private VaultError? CheckParameter(MergeReference reference)
    {
        var authentication = _credential.Authentication;
        if (IsCallers && !reference.IsKey && authentication.KeyOnlyParameters.Contains(reference.Name, StringComparer.OrdinalIgnoreCase))
        {
            return new VaultError(ErrorCodes.MergeFieldInvalid, $"{reference} can be named only as the key of HMAC or SIGN.");
        }

        if (_parameters.Has(reference.Name))
        {
            return null;
        }

        // A name that the settings know, but that has no value, is an admin's to mend; any other is the writer's.
        return authentication.ProtocolParameters.Concat(_credential.RequiredParameters).Contains(reference.Name, StringComparer.OrdinalIgnoreCase)
            ? NotConfigured(reference)
            : Unknown(reference);
    }

    private VaultError NotConfigured(MergeReference reference) => new(
        ErrorCodes.CredentialNotConfigured, $"The parameter {reference.Name} of the external credential {_credential.Definition.Name} has no value.");

    private bool NeedsToken(MergeReference reference)
    {
        if (reference.Kind is MergeReferenceKind.Token)
        {
            return true;
        }

        var authentication = _credential.Authentication;
        return reference.Kind is MergeReferenceKind.Credential
            && ((Is(reference, "OAuthToken") && authentication.OAuthToken?.Kind is MergeReferenceKind.Token)
                || (Is(reference, "AuthorizationHeaderValue") && authentication.AuthorizationHeaderValue.Parts.Any(part => part.Kind is MergeReferenceKind.Token)));
    }

    private Result<MergeValue> ResolveToken(MergeReference reference) =>
        Token?.Current?.Values.FirstOrDefault(value => value.Key.Equals(reference.Name, StringComparison.OrdinalIgnoreCase)).Value is { } token
            ? MergeValue.OfText(token.Reveal(), isSecret: true)
            : Unknown(reference);

    private Result<MergeValue> ResolveCredential(MergeReference reference)
    {
        if (IsEndpoint(reference))
        {
            return EndpointUrl is { } url ? MergeValue.OfText(url, _facts.IsUrlSecret) : Unknown(reference);
        }

        if (!_credential.Owns(reference))
        {
            return Unknown(reference);
        }

        var authentication = _credential.Authentication;
        switch (reference.Name.ToUpperInvariant())
        {
            case "BODY":
                return Body is { } body ? MergeValue.OfBlob(body().ToArray(), _facts.IsBodySecret) : Unknown(reference);
            case "AUTHORIZATIONMETHOD":
                return MergeValue.OfText(authentication.AuthorizationMethod, isSecret: false);
            case "AUTHORIZATIONHEADERVALUE":
                return Compose(authentication.AuthorizationHeaderValue);
            case "OAUTHTOKEN":
                return authentication.OAuthToken is { } token ? Resolve(token) : Unknown(reference);
            case "OAUTHCONSUMERKEY":
                return authentication.OAuthConsumerKey is { } key ? Resolve(key) : Unknown(reference);
            default:
                var opened = _parameters.Open(reference.Name);
                return opened.IsOk ? MergeValue.OfText(opened.Value.Reveal(), authentication.IsSecret(reference.Name)) : opened.Error;
        }
    }

    private Result<MergeValue> Compose(ComposedValue composed)
    {
        var parts = new List<string>(composed.Parts.Count);
        foreach (var part in composed.Parts)
        {
            var value = Resolve(part);
            if (!value.IsOk)
            {
                return value.Error;
            }

            parts.Add(value.Value.Text ?? "");
        }

        return MergeValue.OfText(composed.Compose(parts), isSecret: parts.Count > 0);
    }
}
