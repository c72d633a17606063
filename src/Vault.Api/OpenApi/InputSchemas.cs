using System.ComponentModel.DataAnnotations;
using System.Reflection;
using System.Text.Json;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace Vault.Api.OpenApi;

/// <summary>What is sent need hold no more than what has no default, or is marked as required; what else a route wants, it says itself (400).</summary>
internal sealed class InputSchemas : ISchemaFilter
{
    private static readonly string[] Endings = ["Input", "Entry", "Contract"];

    public void Apply(IOpenApiSchema schema, SchemaFilterContext context)
    {
        if (schema is OpenApiSchema { Required: not null } input && Endings.Any(ending => context.Type.Name.EndsWith(ending, StringComparison.Ordinal)))
        {
            var withoutDefault = context.Type.GetConstructors().SelectMany(constructor => constructor.GetParameters()).Where(parameter => !parameter.HasDefaultValue);
            var marked = context.Type.GetProperties().Where(property => property.IsDefined(typeof(RequiredAttribute))).Select(property => JsonNamingPolicy.CamelCase.ConvertName(property.Name)).ToArray();
            input.Required.IntersectWith(withoutDefault.Select(parameter => JsonNamingPolicy.CamelCase.ConvertName(parameter.Name!)).Concat(marked));

            // Their types allow null only so that the route can say that they are missing.
            foreach (var property in marked.Select(name => input.Properties?[name]).OfType<OpenApiSchema>())
            {
                property.Type &= ~JsonSchemaType.Null;
            }
        }
    }
}
