using System.Text.Json;
using Vault.Core.Authentication.Settings;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Protocols.Password;

/// <summary><c>password</c>: HTTP Basic (RFC 7617) with UTF-8.</summary>
internal sealed class PasswordProtocol : IAuthenticationProtocol
{
    /// <inheritdoc />
    public string Name => "password";

    /// <inheritdoc />
    public IReadOnlyList<string> InlineParameters { get; } = ["Username", "Password"];

    /// <inheritdoc />
    public Result<IBoundAuthentication> Bind(JsonElement authentication)
    {
        var errors = new SettingsErrors();
        SettingsReader.Root(authentication, errors).Complete();
        return errors.Any ? errors.ToError() : new BoundPassword();
    }
}
