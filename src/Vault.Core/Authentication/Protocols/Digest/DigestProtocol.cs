using System.Text.Json;
using Vault.Core.Authentication.Settings;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Protocols.Digest;

/// <summary><c>digest</c>: the answer to the upstream's challenge (RFC 7616).</summary>
internal sealed class DigestProtocol : IAuthenticationProtocol
{
    /// <inheritdoc />
    public string Name => "digest";

    /// <inheritdoc />
    public IReadOnlyList<string> InlineParameters { get; } = ["Username", "Password"];

    /// <inheritdoc />
    public Result<IBoundAuthentication> Bind(JsonElement authentication)
    {
        var errors = new SettingsErrors();
        SettingsReader.Root(authentication, errors).Complete();
        return errors.Any ? errors.ToError() : new BoundDigest();
    }
}
