using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;
using Vault.Api.AdminHttp;
using Vault.Api.Errors;
using Vault.Core.Primitives;

namespace Vault.Api.OpenApi;

/// <summary>Documents what the vault's problem documents hold beside RFC 9457's own members.</summary>
internal sealed class ProblemSchema : ISchemaFilter
{
    public void Apply(IOpenApiSchema schema, SchemaFilterContext context)
    {
        if (context.Type != typeof(ProblemDetails) || schema is not OpenApiSchema problem)
        {
            return;
        }

        problem.Examples = JsonSerializer.SerializeToNode(VaultError.Invalid("$.nam", "Unknown property.").ToProblem(), AdminJson.Options) is { } example ? [example] : null;
        problem.Properties ??= new Dictionary<string, IOpenApiSchema>();
        if (problem.Properties.TryGetValue("detail", out var known) && known is OpenApiSchema detail)
        {
            // Clients that Kiota makes have it as the message of their exception.
            detail.Extensions ??= new Dictionary<string, IOpenApiExtension>();
            detail.Extensions["x-ms-primary-error-message"] = new JsonNodeExtension(true);
        }

        problem.Properties["code"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "The stable code; type is urn:vault:problem: and the code." };
        problem.Properties["errors"] = new OpenApiSchema
        {
            Type = JsonSchemaType.Object,
            Description = "For invalid input: JSON paths to messages.",
            AdditionalProperties = new OpenApiSchema { Type = JsonSchemaType.Array, Items = new OpenApiSchema { Type = JsonSchemaType.String } },
        };
    }
}
