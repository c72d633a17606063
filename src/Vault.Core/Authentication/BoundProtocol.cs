using System.Collections.Frozen;
using Vault.Core.Authentication.Signing;
using Vault.Core.MergeFields;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication;

/// <summary>What most protocols have in common: a few parameters, no sign-in, nothing applied by template.</summary>
internal abstract class BoundProtocol : IBoundAuthentication
{
    /// <inheritdoc />
    public virtual IReadOnlyList<string> RequiredParameters => ProtocolParameters;

    /// <inheritdoc />
    public virtual IReadOnlyList<MergeReference> References => [];

    /// <inheritdoc />
    public virtual IReadOnlyList<Uri> TokenUrls => [];

    /// <inheritdoc />
    public virtual bool UsesNamedCredentialUrl => false;

    /// <inheritdoc />
    public virtual bool HasRelativeUrls => false;

    /// <inheritdoc />
    public virtual IReadOnlyList<string> UnsendableUrls => [];

    /// <inheritdoc />
    public virtual Uri? ConsentUrl => null;

    /// <inheritdoc />
    public virtual string AuthorizationMethod => "";

    /// <summary>Names that say who, not how it is proved: their echo is never redacted (contract section 5).</summary>
    private static readonly FrozenSet<string> Identifiers =
        new[] { "Username", "ClientId", "ConsumerKey", "AccessKeyId" }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <inheritdoc />
    public virtual bool IsSecret(string parameter) => !Identifiers.Contains(parameter);

    /// <inheritdoc />
    public virtual ITokenProtocol? Tokens => null;

    /// <inheritdoc />
    public virtual RequestToken? RequestToken => null;

    /// <inheritdoc />
    public virtual IConsentProtocol? Consent => null;

    /// <inheritdoc />
    public virtual IRequestSigning? Signing => null;

    /// <inheritdoc />
    public virtual bool NamesUser => false;

    /// <inheritdoc />
    public virtual IReadOnlyList<MergeTemplate> AppliedTemplates => [];

    /// <inheritdoc />
    public virtual Result<RequestInjection> Apply(IMergeScope scope) => RequestInjection.None;

    /// <inheritdoc />
    public virtual bool IsFixed => false;

    /// <inheritdoc />
    public virtual IReadOnlyList<string> ProtocolParameters => [];

    /// <inheritdoc />
    public virtual IReadOnlyList<string> KeyOnlyParameters => [];

    /// <inheritdoc />
    public virtual MergeReference? OAuthToken => null;

    /// <inheritdoc />
    public virtual MergeReference? OAuthConsumerKey => null;

    /// <inheritdoc />
    public virtual ComposedValue AuthorizationHeaderValue => ComposedValue.Empty;

    /// <summary>Whether the reference is of the named credential's URL.</summary>
    protected static bool IsEndpoint(MergeReference reference) => "Endpoint".Equals(reference.Qualifier, StringComparison.OrdinalIgnoreCase);

    /// <summary>The reference to a parameter.</summary>
    protected static MergeReference Parameter(string name) => new(MergeReferenceKind.Credential, null, name, false);
}
