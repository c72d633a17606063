using System.Security.Cryptography;
using System.Text.Json;
using Vault.Core.Authentication.Credentials;
using Vault.Core.Authentication.Scopes;
using Vault.Core.MergeFields;
using Vault.Core.Secrets;

namespace Vault.Core.Authentication.Tokens;

/// <summary>Asks for a token.</summary>
/// <param name="Credential">The external credential; its protocol has tokens.</param>
/// <param name="PrincipalId">The principal.</param>
/// <param name="User">The user of a per-user principal; else empty.</param>
/// <param name="Parameters">The principal's parameters.</param>
/// <param name="NamedCredentialId">The named credential in use.</param>
/// <param name="NamedCredentialUrl">Its resolved <c>url</c>.</param>
public sealed record TokenRequest(
    BoundCredential Credential, Guid PrincipalId, string User, CredentialSet Parameters, Guid NamedCredentialId, string NamedCredentialUrl)
{
    private static readonly HashSet<string> NeverTheSame = new(StringComparer.OrdinalIgnoreCase) { "Id", "Nonce", "UnixTime", "UnixTimeMs", "Timestamp" };

    /// <summary>The connections of the named credential in use; null: those that all share.</summary>
    public HttpMessageInvoker? Http { get; init; }

    /// <summary>That url as it is defined; null: no named credential is in use.</summary>
    public MergeTemplate? UrlTemplate { get; init; }

    /// <summary>The resolved url with its parameters as masks, for what is shown of a sign-in; null: it holds none, or nobody looks.</summary>
    public string? ShownUrl { get; init; }

    /// <summary>Whether tokens may be bound to the named credential's client certificate (RFC 8705), and so are its own.</summary>
    public bool HasClientCertificate { get; init; }

    /// <summary>The principal's name.</summary>
    public string? PrincipalName => Credential.Definition.Principals.FirstOrDefault(principal => principal.Id == PrincipalId)?.Name.Value;

    /// <summary>Whether it is a person's consent: nobody else can get it anew.</summary>
    internal bool IsOfConsent => Credential.Authentication.Tokens?.ConsentParameters is not null;

    /// <summary>Whose token it is.</summary>
    public TokenKey Key => field ??= MakeKey();

    /// <summary>The secrets that <see cref="Key"/> depends on: without them its tokens are of no use.</summary>
    internal IReadOnlyList<Guid> SecretIds => Parameters.IdsOf(Credential.Authentication.Tokens?.ConsentParameters);

    // With a time or a nonce in it no two requests have the same url; null: it isn't so, or it is the caller's path that makes them differ.
    private MergeTemplate? UrlPerRequest =>
        UrlTemplate?.References.Where(reference => reference.Kind is MergeReferenceKind.Request).ToList() is { Count: > 0 } ofRequest
        && ofRequest.TrueForAll(reference => NeverTheSame.Contains(reference.Name)) ? UrlTemplate : null;

    /// <summary>The same, asked for now: what the url says of a request is of this one, not of one long ago.</summary>
    internal TokenRequest Anew(TimeProvider time) =>
        UrlPerRequest is { } template && ResolvedUrl.Of(template, Credential, Parameters, User, time) is { } url ? this with { NamedCredentialUrl = url } : this;

    private TokenKey MakeKey()
    {
        // What a person consented to outlives a change of what isn't about it, and serves every named credential: nobody is
        // asked twice for a new client secret or a second URL.
        var consent = Credential.Authentication.Tokens?.ConsentParameters;
        var isRelative = Credential.Authentication.UsesNamedCredentialUrl || (HasClientCertificate && consent is null);
        var stamp = LengthPrefixed.Begin("token-stamp")
            .Add(JsonSerializer.Serialize(Credential.Definition.Authentication))
            .Add(consent is null ? Credential.Binding : null)
            .Add(consent is null ? Parameters.Stamp : Parameters.StampOf(consent))
            .Add(isRelative ? UrlPerRequest?.Text ?? NamedCredentialUrl : null);
        if (isRelative && UrlPerRequest is { } template)
        {
            // They share a token all the same, until a parameter in it changes.
            stamp.Add(Parameters.StampOf([.. Credential.ParametersOf(template.References)]));
        }

        return new TokenKey(
            Credential.Definition.Id, PrincipalId, User, isRelative ? NamedCredentialId : null, Convert.ToHexStringLower(SHA256.HashData(stamp.ToArray())));
    }
}
