using System.Text.Json;
using Vault.Core.Authentication.Signing;
using Vault.Core.MergeFields;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication;

/// <summary>A way to authenticate, registered once under its name. Adding one is a folder in <c>Protocols</c> and one registration line.</summary>
public interface IAuthenticationProtocol
{
    /// <summary>As in <c>authentication.protocol</c>.</summary>
    string Name { get; }

    /// <summary>
    /// The parameters that may stand, in camelCase, beside the settings in a named credential's inline <c>authentication</c>; none
    /// for protocols whose parameters are any, which take them as <c>"parameters": {…}</c> alone.
    /// </summary>
    IReadOnlyList<string> InlineParameters => [];

    /// <summary>
    /// Reads and checks the <c>authentication</c> object, strictly: an unknown property is refused. All errors come at once, as
    /// <c>invalid-request</c> with JSON paths below <c>$.authentication</c>.
    /// </summary>
    Result<IBoundAuthentication> Bind(JsonElement authentication);
}

/// <summary>A protocol with its settings read and its templates compiled. Immutable.</summary>
public interface IBoundAuthentication
{
    /// <summary>Those of <see cref="ProtocolParameters"/> that must have a value before a callout, besides those that <see cref="References"/> name.</summary>
    IReadOnlyList<string> RequiredParameters { get; }

    /// <summary>Every reference in the templates of the settings.</summary>
    IReadOnlyList<MergeReference> References { get; }

    /// <summary>Absolute URLs that secrets are sent to by token or step requests (host and port fixed, no merge field in them).</summary>
    IReadOnlyList<Uri> TokenUrls { get; }

    /// <summary>Whether a step URL is relative to the named credential in use, so that its tokens are kept per named credential.</summary>
    bool UsesNamedCredentialUrl { get; }

    /// <summary>Whether a token or step request goes to the URL of the named credential in use.</summary>
    bool HasRelativeUrls => false;

    /// <summary>
    /// The JSON paths of URLs in the settings that can't be sent, whatever fills them in. They are refused where settings are saved, and not where they are read:
    /// what was stored before goes on being loaded.
    /// </summary>
    IReadOnlyList<string> UnsendableUrls => [];

    /// <summary>Where the settings send a person to consent; null: nobody is sent anywhere, or discovery says where.</summary>
    Uri? ConsentUrl => null;

    /// <summary>The protocol's method for <c>$Credential.AuthorizationMethod</c>: <c>Basic</c>, <c>Bearer</c> or empty.</summary>
    string AuthorizationMethod { get; }

    /// <summary>False for parameters whose echo is not redacted (Username and the like, <c>notSecret</c>).</summary>
    bool IsSecret(string parameter);

    /// <summary>Signs in, where the protocol has tokens; else null.</summary>
    ITokenProtocol? Tokens { get; }

    /// <summary>Makes a token for each request, where none serves two; else null.</summary>
    RequestToken? RequestToken => null;

    /// <summary>The templates of what goes on a request; their references are checked and prepared with the callout's own.</summary>
    IReadOnlyList<MergeTemplate> AppliedTemplates { get; }

    /// <summary>How a person consents; null where nobody has to.</summary>
    IConsentProtocol? Consent => null;

    /// <summary>Computes the authorization over the final request; null where nothing is signed.</summary>
    IRequestSigning? Signing => null;

    /// <summary>Whether what is signed for a user names <c>$User.Id</c> (a JWT, an assertion), so that users need no secrets of their own.</summary>
    bool NamesUser => false;

    /// <summary>What the authorization puts on a request. The scope is checked and prepared.</summary>
    Result<RequestInjection> Apply(IMergeScope scope);

    /// <summary>Whether what <see cref="Apply"/> gives is made of the parameters alone, and the same for every request until one of them changes.</summary>
    bool IsFixed => false;

    /// <summary>The parameters that the protocol itself defines, whether required or not; templates may name further ones.</summary>
    IReadOnlyList<string> ProtocolParameters => [];

    /// <summary>Those of <see cref="ProtocolParameters"/> that a caller's content may name only as the key of <c>HMAC</c> or <c>SIGN</c>.</summary>
    IReadOnlyList<string> KeyOnlyParameters => [];

    /// <summary>What <c>$Credential.OAuthToken</c> stands for; null where the protocol has no such thing.</summary>
    MergeReference? OAuthToken => null;

    /// <summary>What <c>$Credential.OAuthConsumerKey</c> stands for; null where the protocol has no such thing.</summary>
    MergeReference? OAuthConsumerKey => null;

    /// <summary>What <c>$Credential.AuthorizationHeaderValue</c> stands for; <see cref="ComposedValue.Empty"/> for an empty text.</summary>
    ComposedValue AuthorizationHeaderValue => ComposedValue.Empty;
}
