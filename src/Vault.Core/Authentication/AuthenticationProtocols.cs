using System.Text.Json;
using Vault.Core.Authentication.Settings;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication;

/// <summary>The protocols that are registered, by name. Immutable and safe for use by many threads.</summary>
public sealed class AuthenticationProtocols
{
    private readonly Dictionary<string, IAuthenticationProtocol> _byName = new(StringComparer.Ordinal);

    /// <summary>Takes the registered protocols.</summary>
    /// <exception cref="InvalidOperationException">Two protocols have the same name.</exception>
    public AuthenticationProtocols(IEnumerable<IAuthenticationProtocol> protocols)
    {
        foreach (var protocol in protocols)
        {
            if (!_byName.TryAdd(protocol.Name, protocol))
            {
                throw new InvalidOperationException($"The authentication protocol '{protocol.Name}' is registered twice.");
            }
        }
    }

    /// <summary>The registered names, sorted.</summary>
    public IReadOnlyList<string> Names => [.. _byName.Keys.Order(StringComparer.Ordinal)];

    /// <summary>
    /// Binds an <c>authentication</c> object with the protocol that it names; <c>invalid-request</c> with every error at its
    /// JSON path below <c>$.authentication</c>.
    /// </summary>
    public Result<IBoundAuthentication> Bind(JsonElement authentication)
    {
        var protocol = Find(authentication);
        return protocol.IsOk ? protocol.Value.Bind(authentication) : protocol.Error;
    }

    /// <summary>The protocol that an <c>authentication</c> object names, or <c>invalid-request</c>.</summary>
    public Result<IAuthenticationProtocol> Find(JsonElement authentication)
    {
        if (authentication.ValueKind != JsonValueKind.Object)
        {
            return VaultError.Invalid(SettingsReader.RootPath, "Must be an object.");
        }

        if (!authentication.TryGetProperty("protocol", out var name) || name.ValueKind != JsonValueKind.String
            || !_byName.TryGetValue(name.GetString() ?? "", out var protocol))
        {
            return VaultError.Invalid(SettingsReader.RootPath + ".protocol", $"Must be one of: {string.Join(", ", Names)}.");
        }

        return Result.Of(protocol);
    }
}
