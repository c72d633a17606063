using System.Text.Json;
using Vault.Core.Authentication.Settings;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Protocols.Bearer;

/// <summary><c>bearer</c>: a token that someone else issued (RFC 6750).</summary>
internal sealed class BearerProtocol : IAuthenticationProtocol
{
    /// <inheritdoc />
    public string Name => "bearer";

    /// <inheritdoc />
    public IReadOnlyList<string> InlineParameters { get; } = ["Token"];

    /// <inheritdoc />
    public Result<IBoundAuthentication> Bind(JsonElement authentication)
    {
        var errors = new SettingsErrors();
        SettingsReader.Root(authentication, errors).Complete();
        return errors.Any ? errors.ToError() : new BoundBearer();
    }
}
