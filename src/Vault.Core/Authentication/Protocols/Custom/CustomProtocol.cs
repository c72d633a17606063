using System.Text.Json;
using Vault.Core.Authentication.Settings;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Protocols.Custom;

/// <summary><c>custom</c>: any parameters, put on a request by custom headers and merge fields alone.</summary>
internal sealed class CustomProtocol : IAuthenticationProtocol
{
    /// <inheritdoc />
    public string Name => "custom";

    /// <inheritdoc />
    public Result<IBoundAuthentication> Bind(JsonElement authentication)
    {
        var errors = new SettingsErrors();
        var settings = SettingsReader.Root(authentication, errors);
        var notSecret = NotSecretSetting.Read(settings, errors);
        settings.Complete();
        return errors.Any ? errors.ToError() : new BoundCustom(notSecret);
    }
}
