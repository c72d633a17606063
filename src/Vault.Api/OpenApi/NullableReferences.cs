using System.Reflection;
using System.Text.Json;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace Vault.Api.OpenApi;

/// <summary>A property that may be null and has a schema of its own: the bare reference would not allow the null.</summary>
internal sealed class NullableReferences : ISchemaFilter
{
    public void Apply(IOpenApiSchema schema, SchemaFilterContext context)
    {
        foreach (var property in context.MemberInfo is null && schema.Properties is not null ? context.Type.GetProperties() : [])
        {
            var name = JsonNamingPolicy.CamelCase.ConvertName(property.Name);
            if (schema.Properties!.TryGetValue(name, out var value) && value is OpenApiSchemaReference { Reference.Id: { } id } reference
                && new NullabilityInfoContext().Create(property).ReadState == NullabilityState.Nullable)
            {
                schema.Properties[name] = new OpenApiSchema
                {
                    Description = reference.Description,
                    OneOf = [new OpenApiSchema { Type = JsonSchemaType.Null }, new OpenApiSchemaReference(id, reference.Reference.HostDocument)],
                };
            }
        }
    }
}
