using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;
using Vault.Core.Administration.Secrets;

namespace Vault.Api.OpenApi;

/// <summary>A parameter is a text, a reference, or, to remove it, null.</summary>
internal sealed class ParameterSchema : ISchemaFilter
{
    public void Apply(IOpenApiSchema schema, SchemaFilterContext context)
    {
        if (context.Type != typeof(ParameterInput) || schema is not OpenApiSchema parameter)
        {
            return;
        }

        parameter.Type = null;
        parameter.Properties?.Clear();
        parameter.AdditionalPropertiesAllowed = true;
        parameter.OneOf =
        [
            new OpenApiSchema { Type = JsonSchemaType.String, MinLength = 1, MaxLength = 65_536, Description = "The value." },
            new OpenApiSchema
            {
                Type = JsonSchemaType.Object,
                Description = "Where the value is kept.",
                Properties = new Dictionary<string, IOpenApiSchema>
                {
                    ["source"] = Text("One of Vault:SecretSources."),
                    ["secret"] = Text("The secret's name or path there."),
                    ["field"] = Text("Which of several values that the secret holds."),
                    ["version"] = Text("Which version of it; left out: the current one."),
                },
                Required = new HashSet<string> { "source", "secret" },
                AdditionalPropertiesAllowed = false,
            },
            new OpenApiSchema { Type = JsonSchemaType.Null, Description = "With PATCH: removes it." },
        ];
    }

    private static OpenApiSchema Text(string description) => new() { Type = JsonSchemaType.String, MinLength = 1, MaxLength = 1024, Description = description };
}
