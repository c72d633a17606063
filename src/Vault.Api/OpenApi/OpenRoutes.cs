using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;
using Vault.Api.Callers;

namespace Vault.Api.OpenApi;

/// <summary>Says of routes that need no key that they don't, and what a certificate looks like.</summary>
internal sealed class OpenRoutes : IOperationFilter
{
    private const string Certificate = "-----BEGIN CERTIFICATE-----\nMIIB…\n-----END CERTIFICATE-----\n";

    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        if (context.ApiDescription.ActionDescriptor.EndpointMetadata.OfType<RoleFilter.AnyCaller>().Any())
        {
            operation.Security = [];
        }

        foreach (var response in operation.Responses?.Values.ToArray() ?? [])
        {
            if (response.Content?.TryGetValue("application/x-pem-file", out var media) is true && media is OpenApiMediaType pem)
            {
                pem.Example = Certificate;
            }
        }
    }
}
