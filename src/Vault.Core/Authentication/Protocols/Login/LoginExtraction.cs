using System.Text.Json;
using Vault.Core.Authentication.Settings;
using Vault.Core.Authentication.SignIns;
using Vault.Core.JsonPaths;
using Vault.Core.Primitives;

namespace Vault.Core.Authentication.Protocols.Login;

/// <summary>Reads one value from a step's answer; exactly one, or the step fails.</summary>
/// <param name="Name">Behind <c>$Token.</c></param>
/// <param name="Source">Where it is, in words, for messages.</param>
/// <param name="Find">The values found; null: none can be.</param>
/// <param name="Unfound">What is wrong where <paramref name="Find"/> gives null, for messages.</param>
internal sealed record LoginExtraction(
    string Name, string Source, Func<SignInAnswer, IReadOnlyList<string>?> Find, string Unfound = LoginExtraction.NotOne)
{
    /// <summary>What is wrong where there are no values, or several; for messages.</summary>
    public const string NotOne = "found not exactly one value";

    /// <summary>Reads an <c>extract</c> entry.</summary>
    public static Result<LoginExtraction> Parse(string name, string text)
    {
        if (text == "body")
        {
            return new LoginExtraction(name, "the body", answer => [answer.Text]);
        }

        if (text.StartsWith('$'))
        {
            var query = JsonPathQuery.Parse(text);
            return query.IsOk
                ? new LoginExtraction(name, "the JSONPath", answer => FindJson(query.Value, answer))
                : query.Error;
        }

        if (After("header:") is { } header)
        {
            return NameRules.Header(header) is null
                ? new LoginExtraction(name, "the header", answer => answer.Header(header))
                : new VaultError(ErrorCodes.InvalidRequest, "What follows header: must be the name of a header.");
        }

        if (After("cookie:") is { } cookie)
        {
            return NameRules.Cookie(cookie) is null
                ? new LoginExtraction(name, "the cookie", answer => answer.Cookie(cookie))
                : new VaultError(ErrorCodes.InvalidRequest, "What follows cookie: must be the name of a cookie.");
        }

        if (After("xpath:") is { } xpath)
        {
            return XPathExtraction.Parse(xpath) is { } find
                ? new LoginExtraction(name, "the XPath", find)
                : new VaultError(ErrorCodes.InvalidRequest, "What follows xpath: must be an XPath 1.0 expression.");
        }

        if (After("regex:") is { } pattern)
        {
            return RegexExtraction.Parse(pattern) is { } find
                ? new LoginExtraction(name, "the regular expression", find, "took longer than a second")
                : new VaultError(
                    ErrorCodes.InvalidRequest, "What follows regex: must be a regular expression with one group, without look-around and back references.");
        }

        return new VaultError(ErrorCodes.InvalidRequest, "Must be a JSONPath ($…), header:<name>, cookie:<name>, xpath:<expression>, regex:<pattern> or body.");

        string? After(string prefix) => text.StartsWith(prefix, StringComparison.Ordinal) ? text[prefix.Length..] : null;
    }

    /// <summary>Reads a JSONPath setting.</summary>
    public static JsonPathQuery? ReadQuery(SettingsReader settings, string property)
    {
        if (settings.Text(property, required: false) is not { } text)
        {
            return null;
        }

        var query = JsonPathQuery.Parse(text);
        if (!query.IsOk)
        {
            settings.Refuse(property, query.Error.Detail);
        }

        return query.Value;
    }

    // Null: it is there, but it is no value. Numbers and booleans become their JSON text.
    private static List<string>? FindJson(JsonPathQuery query, SignInAnswer answer)
    {
        if (answer.Json is not { } json)
        {
            return null;
        }

        var values = new List<string>();
        foreach (var node in query.Select(json))
        {
            switch (node.ValueKind)
            {
                case JsonValueKind.String:
                    values.Add(node.GetString() ?? "");
                    break;
                case JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False:
                    values.Add(node.GetRawText());
                    break;
                default:
                    return null;
            }
        }

        return values;
    }
}
