using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;
using Vault.Api.Admin.Credentials;
using Vault.Core.Administration.Definitions;

namespace Vault.Api.OpenApi;

/// <summary>Marks what is only ever written.</summary>
internal sealed class WriteOnlySecrets : ISchemaFilter
{
    public void Apply(IOpenApiSchema schema, SchemaFilterContext context)
    {
        var name = context.Type == typeof(CredentialInput) ? "parameters" : context.Type == typeof(NamedCredentialInput) ? "authentication" : null;
        if (name is not null && schema.Properties is { } properties && properties.TryGetValue(name, out var property) && property is OpenApiSchema secret)
        {
            secret.WriteOnly = true;
        }
    }
}
