using System.Text.Json;
using Vault.Core.Authentication.Settings;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Protocols.ApiKey;

/// <summary><c>apiKey</c>: a key in a header, a query parameter or a cookie.</summary>
internal sealed class ApiKeyProtocol : IAuthenticationProtocol
{
    /// <inheritdoc />
    public string Name => "apiKey";

    /// <inheritdoc />
    public IReadOnlyList<string> InlineParameters { get; } = ["ApiKey"];

    /// <inheritdoc />
    public Result<IBoundAuthentication> Bind(JsonElement authentication)
    {
        var errors = new SettingsErrors();
        var settings = SettingsReader.Root(authentication, errors);
        var place = ReadPlace(settings);
        var name = settings.Text("parameterName", required: true);
        var prefix = settings.Text("prefix") ?? "";
        settings.Complete();

        if (name is not null && place is { } known && NameMistake(known, name) is { } mistake)
        {
            settings.Refuse("parameterName", mistake);
        }

        if (prefix.Any(char.IsControl))
        {
            settings.Refuse("prefix", "Must not hold control characters.");
        }

        return errors.Any || place is null || name is null ? errors.ToError() : new BoundApiKey(place.Value, name, prefix);
    }

    private static ApiKeyPlace? ReadPlace(SettingsReader settings)
    {
        var text = settings.Text("in", required: true);
        ApiKeyPlace? place = text switch
        {
            "header" => ApiKeyPlace.Header,
            "query" => ApiKeyPlace.Query,
            "cookie" => ApiKeyPlace.Cookie,
            _ => null,
        };
        if (text is not null && place is null)
        {
            settings.Refuse("in", "Must be header, query or cookie.");
        }

        return place;
    }

    private static string? NameMistake(ApiKeyPlace place, string name) => place switch
    {
        ApiKeyPlace.Header => NameRules.Header(name),
        ApiKeyPlace.Query => NameRules.Query(name),
        ApiKeyPlace.Cookie => NameRules.Cookie(name),
        _ => throw new ArgumentOutOfRangeException(nameof(place)),
    };
}
