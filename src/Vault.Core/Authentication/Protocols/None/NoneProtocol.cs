using System.Text.Json;
using Vault.Core.Authentication.Settings;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Protocols.None;

/// <summary><c>none</c>: puts nothing on a request.</summary>
internal sealed class NoneProtocol : IAuthenticationProtocol
{
    /// <inheritdoc />
    public string Name => "none";

    /// <inheritdoc />
    public Result<IBoundAuthentication> Bind(JsonElement authentication)
    {
        var errors = new SettingsErrors();
        SettingsReader.Root(authentication, errors).Complete();
        return errors.Any ? errors.ToError() : new BoundNone();
    }

    private sealed class BoundNone : BoundProtocol;
}
