using System.Text.Json;
using System.Text.Json.Nodes;
using Vault.Core.Access;
using Vault.Core.Administration.Definitions;
using Vault.Core.Definitions;

namespace Vault.Core.Administration.DefinitionSets;

/// <summary>
/// Definitions as they stand in a document: without what is default, ids, times and secrets. Two that have one form are the same, so that
/// what is exported and applied again changes nothing.
/// </summary>
internal static class DefinitionForms
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static JsonObject Of(ExternalCredential credential) => Made(
        ("name", credential.Name.Value),
        ("label", credential.Label),
        ("description", credential.Description),
        ("authentication", JsonNode.Parse(credential.Authentication.GetRawText())),
        ("allowedHosts", credential.AllowedHosts is { } hosts ? new JsonArray([.. hosts.Select(host => (JsonNode)host.ToString())]) : null),
        ("principals", new JsonArray([.. credential.Principals.Select((principal, index) => Made(
            ("name", principal.Name.Value),
            ("type", principal.Type is PrincipalType.PerUser ? "perUser" : null),
            ("sequence", principal.Sequence == index + 1 ? null : principal.Sequence)))])),
        ("customHeaders", Headers(credential.CustomHeaders)));

    public static JsonObject Of(NamedCredential named, DefinitionSnapshot snapshot)
    {
        var view = NamedCredentialRules.ToView(named, snapshot);
        return Made(
            ("name", view.Name),
            ("label", view.Label),
            ("description", view.Description),
            ("url", view.Url),
            ("externalCredential", view.ExternalCredential),
            ("generateAuthorizationHeader", Unless(view.GenerateAuthorizationHeader, true)),
            ("allowMergeFieldsInHeader", Unless(view.AllowMergeFieldsInHeader, false)),
            ("allowMergeFieldsInBody", Unless(view.AllowMergeFieldsInBody, false)),
            ("customHeaders", Headers(named.CustomHeaders)),
            ("allowedRequests", JsonSerializer.SerializeToNode(view.AllowedRequests, Options)),
            ("timeoutSeconds", view.TimeoutSeconds == 100 ? null : view.TimeoutSeconds),
            ("maxRequestBytes", view.MaxRequestBytes),
            ("maxResponseBytes", view.MaxResponseBytes),
            ("rateLimit", JsonSerializer.SerializeToNode(view.RateLimit, Options)),
            ("retryOnUnauthorized", Unless(view.RetryOnUnauthorized, true)),
            ("redactResponses", Unless(view.RedactResponses, true)),
            ("clientCertificate", JsonSerializer.SerializeToNode(view.ClientCertificate, Options)),
            ("serverCertificates", view.ServerCertificates),
            ("httpVersion", view.HttpVersion == "auto" ? null : view.HttpVersion),
            ("enabled", Unless(view.Enabled, true)));
    }

    public static JsonObject Of(VaultApp app) =>
        Made(("name", app.Name.Value), ("label", app.Label), ("mayAssertUser", Unless(app.MayAssertUser, false)));

    public static JsonObject Of(Grant grant, string namedCredential) => Made(
        ("namedCredential", namedCredential),
        ("principals", grant.Principals is ["default"] ? null : new JsonArray([.. grant.Principals.Select(principal => (JsonNode)principal)])));

    private static JsonArray? Headers(IReadOnlyList<CustomHeader> headers) => headers.Count == 0 ? null : new JsonArray([.. headers.Select((header, index) => Made(
        ("name", header.Name), ("value", header.Value.Text), ("sequence", header.Sequence == index + 1 ? null : header.Sequence)))]);

    private static JsonValue? Unless(bool value, bool byDefault) => value == byDefault ? null : JsonValue.Create(value);

    private static JsonObject Made(params ReadOnlySpan<(string Name, JsonNode? Value)> properties)
    {
        var made = new JsonObject();
        foreach (var (name, value) in properties)
        {
            if (value is not null)
            {
                made[name] = value;
            }
        }

        return made;
    }
}
