using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Vault.Cli.Import.Salesforce.Files;
using Vault.Cli.Import.Salesforce.Formulas;

namespace Vault.Cli.Import.Salesforce.Conversion;

/// <summary>The claims of a JWT, as settings of <c>jwt</c> and of <c>assertion</c>.</summary>
/// <param name="file">As it is shown.</param>
/// <param name="scope">What names in formulas mean.</param>
/// <param name="need">Learns what has to be entered.</param>
/// <param name="report">Where problems go.</param>
internal sealed class AssertionConversion(string file, FormulaScope scope, Action<DueParameter> need, ImportReport report)
{
    // What Salesforce takes where nothing is said.
    private const long DefaultLifetime = 120;
    private const long MaxLifetime = 366L * 24 * 3600;

    private static readonly string[] Algorithms =
        ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "HS256", "HS384", "HS512"];

    /// <summary>Claims of an external credential or an identity provider.</summary>
    public JsonObject Read(CredentialParameters parameters)
    {
        var settings = new JsonObject { ["algorithm"] = "RS256" };
        foreach (var header in parameters.TakeAll("JwtHeaderClaim"))
        {
            ReadHeader(header, settings);
        }

        var claims = new JsonObject();
        long? lifetime = null;
        foreach (var claim in parameters.TakeAll("JwtBodyClaim").Where(claim => claim.Value is not null))
        {
            if (claim.Group is not null && scope.Principals.Count > 1)
            {
                SetOfPrincipal(settings, claims, claim);
            }
            else if (claim.Name == "exp")
            {
                lifetime = ReadLifetime(claim);
            }
            else if (claim.Name is not ("iat" or "nbf" or "jti") || !IsTime(claim.Value ?? ""))
            {
                Set(settings, claims, claim.Name, claim.Value ?? "", claim.Element);
            }
        }

        settings["lifetimeSeconds"] = lifetime ?? DefaultLifetime;
        if (claims.Count > 0)
        {
            settings["claims"] = claims;
        }

        return settings;
    }

    /// <summary>Sets a claim from what stands in the metadata: text with formulas, or JSON.</summary>
    public void Set(JsonObject settings, JsonObject claims, string name, string value, MetadataElement element)
    {
        if (Translate(value, name, element) is { } translated)
        {
            Put(settings, claims, name, translated);
        }
    }

    private static void Put(JsonObject settings, JsonObject claims, string name, JsonNode translated)
    {
        var property = name switch { "iss" => "issuer", "sub" => "subject", "aud" => "audience", _ => null };
        if (property is not null && translated is JsonValue text && text.GetValueKind() is JsonValueKind.String)
        {
            settings[property] = translated;
        }
        else
        {
            claims[name] = translated;
        }
    }

    /// <summary>Seconds, from how the metadata has them; null where they can't be read.</summary>
    public static long? Lifetime(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds is >= 1 and <= MaxLifetime ? seconds : null;

    // Each principal has a value of its own: a parameter holds it.
    private void SetOfPrincipal(JsonObject settings, JsonObject claims, CredentialParameter claim)
    {
        var parameter = VaultName.Of("Claim_" + claim.Name);
        Put(settings, claims, claim.Name, JsonValue.Create($"{{!$Credential.{parameter}}}"));
        need(DueParameter.Of(parameter, $"the claim {Shown.Of(claim.Name)} of this principal", claim.Value, claim.Group));
        report.Add(file, claim, Outcome.Note, $"It is a claim of the principal {Shown.Of(claim.Group ?? "")} alone: it goes into its parameter {parameter}.");
    }

    private void ReadHeader(CredentialParameter header, JsonObject settings)
    {
        switch (header.Name)
        {
            case "alg" when header.Value is { } algorithm && Algorithms.Contains(algorithm, StringComparer.Ordinal):
                settings["algorithm"] = algorithm;
                break;
            case "alg":
                report.Add(file, header, Outcome.Note, "The vault has no such algorithm; RS256 stands in the definition.");
                break;
            case "typ":
                settings["type"] = header.Value;
                break;
            case "kid" when header.Value is { } keyId:
                if (Translate(keyId, "kid", header.Element) is JsonValue kid && kid.GetValueKind() is JsonValueKind.String)
                {
                    settings["keyId"] = kid;
                }

                break;
            default:
                report.Add(file, header, Outcome.NotImported, $"A header {Shown.Of(header.Name)} of a JWT has no equivalent; there are alg, typ and kid.");
                break;
        }
    }

    private long ReadLifetime(CredentialParameter claim)
    {
        var text = claim.Value ?? "";
        try
        {
            var formula = text.StartsWith("{!", StringComparison.Ordinal) && text.EndsWith('}') ? text[2..^1] : text;
            var expression = FormulaParser.Parse(formula);
            if (EpochTime.Find(expression) is { IsMilliseconds: false, Offset: >= 1 and <= MaxLifetime } end)
            {
                return (long)end.Offset;
            }
        }
        catch (FormulaException)
        {
            // Told below, as any other value that isn't a lifetime.
        }

        report.Add(file, claim, Outcome.Note, $"The vault can't read a lifetime out of it; {DefaultLifetime} seconds stand in the definition.");
        return DefaultLifetime;
    }

    // iat and jti are made anew for each JWT; a JWT is good from when it was made.
    private static bool IsTime(string text)
    {
        try
        {
            return text.StartsWith("{!", StringComparison.Ordinal) && text.EndsWith('}') && EpochTime.Find(FormulaParser.Parse(text[2..^1])) is not null;
        }
        catch (FormulaException)
        {
            return false;
        }
    }

    private JsonNode? Translate(string value, string name, MetadataElement element)
    {
        try
        {
            return Parse(value) is { } json ? TranslateStrings(json, element) : TranslateText(value, element);
        }
        catch (FormulaException exception)
        {
            report.Add(file, element, Outcome.NotImported, $"The claim {Shown.Of(name)} did not come over: {exception.Message}.");
            return null;
        }
    }

    private JsonNode? TranslateStrings(JsonNode json, MetadataElement element) => json switch
    {
        JsonArray array => new JsonArray([.. array.Select(item => item is null ? null : TranslateStrings(item, element))]),
        JsonObject map => new JsonObject(map.Select(item => KeyValuePair.Create(item.Key, item.Value is null ? null : TranslateStrings(item.Value, element)))),
        JsonValue text when text.GetValueKind() is JsonValueKind.String => TranslateText(text.GetValue<string>(), element),
        _ => json.DeepClone(),
    };

    private JsonValue TranslateText(string value, MetadataElement element)
    {
        // No claim is judged as a header is: identifiers of clients and tenants look like secrets, and are none.
        var translation = TemplateTranslator.Translate(value, scope, target: null);
        foreach (var note in translation.Notes)
        {
            report.Add(file, element, Outcome.Note, note);
        }

        foreach (var parameter in translation.Parameters)
        {
            need(new DueParameter(parameter.Name, parameter.Meaning));
        }

        return JsonValue.Create(translation.Text);
    }

    // The metadata has "https://…" and ["a","b"] in quotes, as JSON.
    private static JsonNode? Parse(string value)
    {
        if (value is not ['"' or '[', ..])
        {
            return null;
        }

        try
        {
            return JsonNode.Parse(value, documentOptions: new JsonDocumentOptions { MaxDepth = 8 });
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
