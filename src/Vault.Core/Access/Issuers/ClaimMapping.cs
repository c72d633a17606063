using System.Text.Json;
using Vault.Core.Primitives;

namespace Vault.Core.Access.Issuers;

/// <summary>Which app or role the tokens with a certain claim are.</summary>
/// <param name="Claim">The claim's name, or a JSON pointer (RFC 6901) to one further inside: <c>/realm_access/roles</c>.</param>
/// <param name="Value">The value that it must have, or hold where it is a list; null: any, for <see cref="IsAppFromValue"/>.</param>
/// <param name="Role">A person's role; null: an app.</param>
/// <param name="App">The app; null: a role, or <see cref="IsAppFromValue"/>.</param>
public sealed record ClaimMapping(string Claim, string? Value, VaultRole? Role, DeveloperName? App)
{
    /// <summary>The setting for an app that is named by the claim's value.</summary>
    public const string FromValue = "{value}";

    /// <summary>Whether the claim's value is the app's name.</summary>
    public bool IsAppFromValue => Role is null && App is null;

    /// <summary>What the token is by this mapping; null where it doesn't apply.</summary>
    internal MappedCaller? Find(JsonElement claims)
    {
        if (Select(claims) is not { } found || !Matches(found))
        {
            return null;
        }

        return Role is { } role ? new MappedCaller(role, null)
            : App is { } app ? new MappedCaller(VaultRole.App, app)
            : DeveloperName.TryParse(Text(found), out var named) ? new MappedCaller(VaultRole.App, named)
            : null;
    }

    private static string? Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        JsonValueKind.Number => value.GetRawText(),
        JsonValueKind.Undefined or JsonValueKind.Object or JsonValueKind.Array or JsonValueKind.Null => null,
        _ => null,
    };

    private JsonElement? Select(JsonElement claims)
    {
        if (!Claim.StartsWith('/'))
        {
            return claims.TryGetProperty(Claim, out var direct) ? direct : null;
        }

        var found = claims;
        foreach (var token in Claim[1..].Split('/'))
        {
            var name = token.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            if (found.ValueKind is not JsonValueKind.Object || !found.TryGetProperty(name, out found))
            {
                return null;
            }
        }

        return found;
    }

    private bool Matches(JsonElement found)
    {
        if (Value is null)
        {
            return true;
        }

        if (found.ValueKind is JsonValueKind.Array)
        {
            return found.EnumerateArray().Any(item => Text(item) == Value);
        }

        // RFC 8693 section 4.2: scopes are one text with spaces between them.
        return Claim is "scope" or "scp"
            ? Text(found)?.Split(' ').Contains(Value, StringComparer.Ordinal) is true
            : Text(found) == Value;
    }
}

/// <summary>What a token stands for.</summary>
/// <param name="Role">What it may do.</param>
/// <param name="App">The app; null: a person.</param>
internal sealed record MappedCaller(VaultRole Role, DeveloperName? App);
