using System.Net.Mime;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Mvc;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace Vault.Api.OpenApi;

/// <summary>Documents the callout proxy, which is one route for every method.</summary>
internal sealed class CalloutDocument : IDocumentFilter
{
    private static readonly HttpMethod[] Methods =
        [HttpMethod.Get, HttpMethod.Head, HttpMethod.Post, HttpMethod.Put, HttpMethod.Patch, HttpMethod.Delete, HttpMethod.Options];

    private static readonly (int Status, string Description)[] Answers =
    [
        (200, "Whatever the service answers."),
        (400, "merge-field-invalid, user-required"),
        (401, "unauthenticated"),
        (403, "callout-not-granted, request-not-allowed, named-credential-disabled, egress-denied"),
        (409, "credential-not-configured"),
        (413, "body-too-large"),
        (415, "merge-unsupported-content"),
        (422, "secret-not-a-header-value"),
        (429, "rate-limited"),
        (502, "token-request-failed, upstream-unreachable, response-not-inspectable"),
        (503, "audit-unavailable, storage-unavailable"),
        (504, "upstream-timeout"),
    ];

    public void Apply(OpenApiDocument swaggerDoc, DocumentFilterContext context)
    {
        swaggerDoc.Paths.Add("/callout/{namedCredential}", Item(swaggerDoc));
        swaggerDoc.Paths.Add("/callout/{namedCredential}/{path}", Item(
            swaggerDoc,
            Parameter("path", ParameterLocation.Path, "Goes behind the named credential's url, byte for byte; may be empty, and may hold slashes.", isRequired: true)));
    }

    private static OpenApiPathItem Item(OpenApiDocument swaggerDoc, params OpenApiParameter[] path)
    {
        var item = new OpenApiPathItem { Operations = [] };
        foreach (var method in Methods)
        {
            var operation = new OpenApiOperation
            {
                Tags = new HashSet<OpenApiTagReference> { new("Callouts", swaggerDoc) },
                Summary = "Calls out through the vault",
                Description = "Any method, path, query, headers and body go to the named credential's url. The vault checks the grant, fills merge fields where they are allowed, "
                    + "adds the authorization, and streams request and answer. An answer that the vault itself made carries X-Vault-Error.",
                Parameters =
                [
                    Parameter("namedCredential", ParameterLocation.Path, "The named credential.", isRequired: true),
                    .. path,
                    Parameter("X-Vault-Principal", ParameterLocation.Header, "Which of the granted principals; left out: the one of the lowest sequence.", isRequired: false),
                    Parameter("X-Vault-User", ParameterLocation.Header, "The user of a perUser principal; the app needs mayAssertUser.", isRequired: false),
                ],
                Responses = [],
            };
            if (method == HttpMethod.Post || method == HttpMethod.Put || method == HttpMethod.Patch)
            {
                operation.RequestBody = new OpenApiRequestBody
                {
                    Description = "Goes to the service, with merge fields filled in where they are allowed.",
                    Content = new Dictionary<string, IOpenApiMediaType> { ["*/*"] = new OpenApiMediaType { Schema = new OpenApiSchema(), Example = JsonNode.Parse("""{ "Username": "{!$Credential.Username}", "Password": "{!$Credential.Password}" }""") } },
                };
            }

            foreach (var (status, description) in Answers)
            {
                operation.Responses.Add(status.ToString(System.Globalization.CultureInfo.InvariantCulture), new OpenApiResponse
                {
                    Description = description,
                    Content = status < 400 ? null : new Dictionary<string, IOpenApiMediaType>
                    {
                        [MediaTypeNames.Application.ProblemJson] = new OpenApiMediaType { Schema = new OpenApiSchemaReference(nameof(ProblemDetails), swaggerDoc) },
                    },
                });
            }

            item.Operations.Add(method, operation);
        }

        return item;
    }

    private static OpenApiParameter Parameter(string name, ParameterLocation location, string description, bool isRequired) =>
        new() { Name = name, In = location, Description = description, Required = isRequired, Schema = new OpenApiSchema { Type = JsonSchemaType.String } };
}
