using System.Text.Json.Nodes;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace Vault.Api.OpenApi;

/// <summary>An example for each body that is sent; <see cref="AnswerExamples"/> has those of answers. None holds anything like a real secret.</summary>
internal sealed class Examples : IOperationFilter
{
    internal const string Document = """
        { "externalCredentials": [ { "name": "ServiceLogin", "authentication": { "protocol": "password" }, "allowedHosts": [ "service.example" ],
                                     "principals": [ { "name": "default", "parameters": { "Username": "the user", "Password": "the password" } } ] } ],
          "namedCredentials": [ { "name": "Service", "url": "https://service.example", "externalCredential": "ServiceLogin" } ],
          "apps": [ { "name": "Billing", "grants": [ { "namedCredential": "Service" } ] } ] }
        """;

    private static readonly Dictionary<string, string> ByRoute = new(StringComparer.Ordinal)
    {
        ["api/v1/external-credentials"] = """
            { "name": "ServiceLogin", "label": "SERVICE login", "authentication": { "protocol": "login",
              "steps": [ { "request": { "method": "POST", "url": "/token", "json": { "Username": "{!$Credential.Username}", "Password": "{!$Credential.Password}" } },
                           "extract": { "securityToken": "$.securityToken" } } ],
              "apply": { "headers": { "Authorization": "Bearer {!$Token.securityToken}" } }, "lifetimeSeconds": 3600 },
              "allowedHosts": [ "service.example" ] }
            """,
        ["api/v1/external-credentials/{name}"] = """{ "label": "SERVICE login", "authentication": { "protocol": "password" }, "allowedHosts": [ "service.example" ] }""",
        ["api/v1/external-credentials/{name}/principals/{principal}/credential"] = """{ "parameters": { "Username": "the user", "Password": "the password" } }""",
        ["api/v1/external-credentials/{name}/principals/{principal}/credential/refresh"] = """{ "namedCredential": "Service" }""",
        ["api/v1/external-credentials/{name}/principals/{principal}/credential/authorize"] = """{ "returnUrl": "https://app.example/settings" }""",
        ["api/v1/external-credentials/{name}/principals/{principal}/users/{user}/credential"] = """{ "parameters": { "Username": "the user", "Password": "the password" } }""",
        ["api/v1/external-credentials/{name}/principals/{principal}/users/{user}/credential/refresh"] = """{ "namedCredential": "Service" }""",
        ["api/v1/external-credentials/{name}/principals/{principal}/users/{user}/credential/authorize"] = """{ "returnUrl": "https://app.example/settings" }""",
        ["api/v1/named-credentials/{name}/preview"] = """{ "method": "POST", "path": "/record?page=1", "headers": { "Content-Type": "application/json" }, "body": { "id": 7 } }""",
        ["api/v1/named-credentials/{name}/test"] = """{ "method": "GET", "path": "/record" }""",
        ["api/v1/named-credentials"] = """{ "name": "Service", "label": "SERVICE", "url": "https://service.example", "externalCredential": "ServiceLogin" }""",
        ["api/v1/named-credentials/{name}"] = """
            { "url": "https://service.example/token", "authentication": { "protocol": "password", "username": "the user", "password": "the password" },
              "generateAuthorizationHeader": false, "allowMergeFieldsInBody": true }
            """,
        ["api/v1/apps"] = """{ "name": "Billing", "label": "The billing app", "mayAssertUser": false }""",
        ["api/v1/apps/{app}"] = """{ "label": "The billing app" }""",
        ["api/v1/apps/{app}/keys"] = """{ "expiresAt": "2030-01-01T00:00:00Z" }""",
        ["api/v1/apps/{app}/grants/{namedCredential}"] = """{ "principals": [ "default" ] }""",
        ["api/v1/definitions/apply"] = Document,
        ["api/v1/definitions/diff"] = Document,
        ["api/v1/admin-keys"] = """{ "name": "Ops", "role": "operator" }""",
    };

    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        if (operation.RequestBody?.Content is { } content
            && ByRoute.TryGetValue((context.ApiDescription.RelativePath ?? "").TrimEnd('/'), out var example)
            && content.TryGetValue("application/json", out var media)
            && media is OpenApiMediaType body)
        {
            body.Example = JsonNode.Parse(example);
        }
    }
}
