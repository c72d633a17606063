using System.Text.Json.Nodes;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace Vault.Api.OpenApi;

/// <summary>An example of each answer with a body, by what it holds; that of a problem stands at its schema (<see cref="ProblemSchema"/>).</summary>
internal sealed class AnswerExamples : IOperationFilter
{
    private const string Made = "\"createdAt\": \"2026-01-31T12:00:00Z\", \"updatedAt\": \"2026-01-31T12:00:00Z\"";

    private const string Record = """
        { "id": "01a21eb15b3b7822a7fac6882f3e4f8c", "sequence": 10, "at": "2026-01-31T12:00:00.43728Z", "actor": "Billing", "action": "callout", "target": "Service", "outcome": "success",
          "principal": "default", "user": null, "method": "POST", "host": "service.example", "path": "/record", "status": 200, "durationMs": 28.8, "bytesIn": 14, "bytesOut": 11,
          "remoteAddress": "192.0.2.1", "code": null, "traceId": "4bf92f3577b34da6a3ce929d0e0e4736" }
        """;

    private const string Shown = """
        { "method": "GET", "url": "https://service.example/record", "headers": [ { "name": "Authorization", "value": "Bearer ••••••(securityToken)" }, { "name": "Accept-Encoding", "value": "identity" } ], "body": null }
        """;

    private const string Changes = """
        { "created": 2, "changed": 0, "deleted": 0, "unchanged": 1, "undetermined": 0,
          "changes": [ { "kind": "app", "name": "Billing", "action": "created", "differences": [] }, { "kind": "grant", "name": "Billing/Service", "action": "created", "differences": [] } ] }
        """;

    private static readonly Dictionary<string, string> BySchema = new(StringComparer.Ordinal)
    {
        ["AdminKeyView"] = """{ "id": "k8r6PohqG9xB", "name": "Ops", "role": "operator", "createdAt": "2026-01-31T12:00:00Z", "expiresAt": null, "lastUsedAt": "2026-01-31T12:30:00Z" }""",
        ["NewAdminKey"] = """{ "id": "k8r6PohqG9xB", "name": "Ops", "role": "operator", "key": "vk_k8r6PohqG9xB_shown-this-once-and-never-again-000000000000", "createdAt": "2026-01-31T12:00:00Z", "expiresAt": null }""",
        ["AppKeyView"] = """{ "id": "9JTuiic7zMus", "createdAt": "2026-01-31T12:00:00Z", "expiresAt": "2030-01-01T00:00:00Z", "lastUsedAt": null }""",
        ["NewAppKey"] = """{ "id": "9JTuiic7zMus", "key": "vk_9JTuiic7zMus_shown-this-once-and-never-again-000000000000", "expiresAt": "2030-01-01T00:00:00Z" }""",
        ["AppView"] = $$"""{ "name": "Billing", "label": "The billing app", "mayAssertUser": false, {{Made}} }""",
        ["AuditItem"] = Record,
        ["AuditVerdict"] = """{ "entries": 16, "valid": true, "sequence": null, "fault": null, "detail": null, "unfinished": 0 }""",
        ["ConsentRequest"] = """{ "authorizationUrl": "https://login.example/authorize?response_type=code&client_id=vault&state=…", "expiresAt": "2026-01-31T12:10:00Z" }""",
        ["CredentialStatus"] = """
            { "status": "configured", "parameters": [ { "name": "Password", "updatedAt": "2026-01-31T12:00:00Z" }, { "name": "Username", "updatedAt": "2026-01-31T12:00:00Z" } ],
              "tokens": [ { "namedCredential": "Service", "status": "valid", "expiresAt": "2026-01-31T13:00:00Z" } ] }
            """,
        ["DefinitionSet"] = Examples.Document,
        ["DefinitionSetOutcome"] = Changes,
        ["ExternalCredentialView"] = $$"""
            { "name": "ServiceLogin", "label": "SERVICE login", "description": null, "authentication": { "protocol": "password" }, "allowedHosts": [ "service.example" ],
              "principals": [ { "name": "default", "type": "named", "sequence": 1, "status": "configured" } ], "customHeaders": [], {{Made}}, "usedBy": [ "Service" ] }
            """,
        ["GrantView"] = """{ "namedCredential": "Service", "principals": [ "default" ] }""",
        ["HealthStatus"] = """{ "status": "ready" }""",
        ["KeyVerdict"] = """{ "valid": true, "opened": 5, "authentic": 10, "failed": 0, "outdated": 0, "underOlderKeys": 5, "problems": [] }""",
        ["MaskedRequest"] = Shown,
        ["NamedCredentialView"] = $$"""
            { "name": "Service", "label": "SERVICE", "description": null, "url": "https://service.example", "externalCredential": "ServiceLogin", "generateAuthorizationHeader": true,
              "allowMergeFieldsInHeader": false, "allowMergeFieldsInBody": false, "customHeaders": [], "allowedRequests": null, "timeoutSeconds": 100, "maxRequestBytes": null,
              "maxResponseBytes": null, "rateLimit": null, "retryOnUnauthorized": true, "redactResponses": true, "clientCertificate": null, "serverCertificates": null,
              "httpVersion": "auto", "enabled": true, {{Made}} }
            """,
        ["OperationStarted"] = """{ "id": "01a21eb15e537074a763e4f5e087ce0b" }""",
        ["OperationView"] = """
            { "id": "01a21eb15e537074a763e4f5e087ce0b", "kind": "keys.rewrap", "status": "completed", "done": 5, "total": 5, "unreadable": 0,
              "startedAt": "2026-01-31T12:00:00Z", "finishedAt": "2026-01-31T12:00:01Z", "detail": null }
            """,
        ["TokenStatus"] = """{ "namedCredential": "Service", "status": "valid", "expiresAt": "2026-01-31T13:00:00Z" }""",
        ["TrialOutcome"] = $$"""
            { "ok": true, "status": 200, "durationMs": 28.8, "failure": null, "steps": [ { "name": "The request", "url": "https://service.example/record", "status": 200, "durationMs": 11.7,
              "request": {{Shown}}, "response": { "status": 200, "contentType": "application/json", "bytes": 11, "headers": [ "Date", "Content-Type", "Content-Length" ] } } ] }
            """,
        ["UserStatus"] = """{ "user": "ann", "status": "configured", "updatedAt": "2026-01-31T12:00:00Z" }""",
        ["VaultKeyView"] = """{ "id": "5850073f8148493888ae5ec207362686", "createdAt": "2026-01-31T12:00:00Z", "active": true }""",
    };

    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        foreach (var media in (operation.Responses ?? []).SelectMany(response => response.Value.Content?.Values ?? []).OfType<OpenApiMediaType>())
        {
            if (media is { Example: null, Schema: OpenApiSchemaReference { Reference.Id: { } schema } })
            {
                media.Example = ExampleOf(schema);
            }
        }
    }

    private static JsonNode? ExampleOf(string schema)
    {
        if (BySchema.TryGetValue(schema, out var own))
        {
            return JsonNode.Parse(own);
        }

        var item = schema.EndsWith("List", StringComparison.Ordinal) ? schema[..^"List".Length] : "";
        return BySchema.GetValueOrDefault(item) is { } one || BySchema.TryGetValue(item + "View", out one)
            ? new JsonObject { ["items"] = new JsonArray(JsonNode.Parse(one)), ["nextPageToken"] = null }
            : null;
    }
}
