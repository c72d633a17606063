using System.Text.Json;
using Vault.Core.Authentication.Assertions;
using Vault.Core.Authentication.Settings;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Protocols.Jwt;

/// <summary><c>jwt</c>: a token that the vault makes and signs itself (RFC 7519).</summary>
internal sealed class JwtProtocol : IAuthenticationProtocol
{
    /// <inheritdoc />
    public string Name => "jwt";

    /// <inheritdoc />
    public IReadOnlyList<string> InlineParameters { get; } = ["Key", "KeyPassword"];

    /// <inheritdoc />
    public Result<IBoundAuthentication> Bind(JsonElement authentication)
    {
        var errors = new SettingsErrors();
        var settings = SettingsReader.Root(authentication, errors);
        var assertion = AssertionTemplate.Read(settings, errors);
        settings.Complete();
        return errors.Any || assertion is null ? errors.ToError() : new BoundJwt(assertion);
    }
}
