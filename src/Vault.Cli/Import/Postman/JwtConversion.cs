using System.Text.Json;
using System.Text.Json.Nodes;

namespace Vault.Cli.Import.Postman;

/// <summary>The authorization <c>jwt</c>: a token that is made and signed for each request.</summary>
/// <param name="conversion">Converts what all have in common.</param>
/// <param name="report">Where it is said what doesn't come over.</param>
internal sealed class JwtConversion(AuthConversion conversion, ImportReport report)
{
    // The vault dates tokens itself.
    private static readonly string[] Dated = ["iat", "exp", "nbf", "jti"];
    private static readonly Dictionary<string, string> Named = new(StringComparer.Ordinal) { ["iss"] = "issuer", ["sub"] = "subject", ["aud"] = "audience" };

    /// <summary>Converts; null where it can't come over, which is reported.</summary>
    public ProtocolDraft? Convert(PostmanAuth auth)
    {
        var algorithm = auth.Find("algorithm")?.Text ?? "HS256";
        if (algorithm is not ([('R' or 'P' or 'E' or 'H'), 'S', .. "256" or "384" or "512"]))
        {
            return conversion.Refuse(auth, $"The vault doesn't sign by {Shown.Of(algorithm)}.");
        }

        var settings = new JsonObject { ["protocol"] = "jwt", ["algorithm"] = algorithm };
        if (auth.Find("payload") is { } payload && !AddClaims(auth, payload, settings))
        {
            return null;
        }

        if (auth.Find("addTokenTo")?.Text is "query" or "queryParam")
        {
            report.Add(auth.At, Outcome.NotImported, auth.Owner, "Its token goes into the query; here it goes into the header Authorization.");
        }

        if (auth.Find("isSecretBase64Encoded")?.Text == "true")
        {
            report.Add(auth.At, Outcome.Note, auth.Owner, "Its secret is in base64: enter it as a JWK, {\"kty\":\"oct\",\"k\":\"…\"}, with the base64url of it.");
        }

        return algorithm[0] == 'H'
            ? conversion.WithSecrets(auth, new ProtocolDraft(settings), ("secret", "Key", "the secret to sign with"))
            : conversion.WithSecrets(auth, new ProtocolDraft(settings), ("privateKey", "Key", "the private key (PEM) to sign with"));
    }

    private bool AddClaims(PostmanAuth auth, PostmanPair payload, JsonObject settings)
    {
        JsonObject? claims;
        try
        {
            claims = JsonNode.Parse(payload.Text, documentOptions: new JsonDocumentOptions { MaxDepth = 16 }) as JsonObject;
            _ = claims?.Count;
        }
        catch (Exception fault) when (fault is JsonException or ArgumentException)
        {
            claims = null;
        }

        if (claims is null)
        {
            conversion.Refuse(auth, "Its payload is no JSON object, with variables in texts alone; write jwt with its claims (docs/protocols.md).");
            return false;
        }

        var further = new JsonObject();
        foreach (var (name, value) in claims.Where(claim => !Dated.Contains(claim.Key)))
        {
            var setting = Named.GetValueOrDefault(name);
            var text = (value as JsonValue)?.TryGetValue<string>(out var own) is true ? conversion.Setting(auth with { Parameters = [payload with { Name = name, Text = own }] }, name) : null;
            if (text is not null && setting is not null)
            {
                settings[setting] = text;
            }
            else if (text is not null || value is JsonValue && value.GetValueKind() is JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False)
            {
                further[name] = text ?? value?.DeepClone();
            }
            else if (value?.GetValueKind() is not JsonValueKind.String)
            {
                report.Add(payload.At, Outcome.NotImported, auth.Owner, $"The claim {Shown.Of(name)} is no text, number or truth value; write it into claims.");
            }
        }

        if (further.Count > 0)
        {
            settings["claims"] = further;
        }

        return true;
    }
}
