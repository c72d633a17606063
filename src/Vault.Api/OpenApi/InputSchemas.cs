using System.Text.Json;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace Vault.Api.OpenApi;

/// <summary>What is sent need hold no more than what has no default; what else a route wants, it says itself (400).</summary>
internal sealed class InputSchemas : ISchemaFilter
{
    private static readonly string[] Endings = ["Input", "Entry", "Contract"];

    public void Apply(IOpenApiSchema schema, SchemaFilterContext context)
    {
        if (schema is OpenApiSchema { Required: not null } input && Endings.Any(ending => context.Type.Name.EndsWith(ending, StringComparison.Ordinal)))
        {
            var withoutDefault = context.Type.GetConstructors().SelectMany(constructor => constructor.GetParameters()).Where(parameter => !parameter.HasDefaultValue);
            input.Required.IntersectWith(withoutDefault.Select(parameter => JsonNamingPolicy.CamelCase.ConvertName(parameter.Name!)));
        }
    }
}
