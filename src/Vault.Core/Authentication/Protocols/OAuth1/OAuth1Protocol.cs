using System.Text.Json;
using Vault.Core.Authentication.Settings;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Protocols.OAuth1;

/// <summary><c>oauth1</c>: signed requests of OAuth 1.0 (RFC 5849).</summary>
internal sealed class OAuth1Protocol : IAuthenticationProtocol
{
    private static readonly string[] Methods = ["HMAC-SHA1", "HMAC-SHA256", "RSA-SHA1", "PLAINTEXT"];

    /// <inheritdoc />
    public string Name => "oauth1";

    /// <inheritdoc />
    public IReadOnlyList<string> InlineParameters => BoundOAuth1.Parameters;

    /// <inheritdoc />
    public Result<IBoundAuthentication> Bind(JsonElement authentication)
    {
        var errors = new SettingsErrors();
        var settings = SettingsReader.Root(authentication, errors);
        var method = settings.Text("signatureMethod", required: true);
        if (method is not null && !Methods.Contains(method, StringComparer.Ordinal))
        {
            settings.Refuse("signatureMethod", "Must be one of: " + string.Join(", ", Methods) + ".");
        }

        var realm = settings.Text("realm");
        if (realm is not null && realm.Any(c => char.IsControl(c) || c is '"' or '\\'))
        {
            settings.Refuse("realm", "Must not hold quotes, backslashes or control characters.");
        }

        settings.Complete();
        return errors.Any ? errors.ToError() : new BoundOAuth1(method!, realm);
    }
}
