using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace Vault.Api.OpenApi;

/// <summary>Documents <c>/metrics</c>, which is served by OpenTelemetry.</summary>
internal sealed class MetricsDocument : IDocumentFilter
{
    private const string Example = """
        # TYPE vault_callout_duration_seconds histogram
        vault_callout_duration_seconds_count{http_request_method="GET",http_response_status_code="200"} 42
        """;

    public void Apply(OpenApiDocument swaggerDoc, DocumentFilterContext context) => swaggerDoc.Paths.Add("/metrics", new OpenApiPathItem
    {
        Operations = new()
        {
            [HttpMethod.Get] = new OpenApiOperation
            {
                Tags = new HashSet<OpenApiTagReference> { new("Health", swaggerDoc) },
                Summary = "Metrics, as Prometheus reads them",
                Description = "Needs no key; tells nothing of what the vault holds. Vault:Metrics=false turns it off.",
                Security = [],
                Responses = new OpenApiResponses
                {
                    ["200"] = new OpenApiResponse
                    {
                        Description = "Prometheus text.",
                        Content = new Dictionary<string, IOpenApiMediaType>
                        {
                            ["text/plain"] = new OpenApiMediaType { Schema = new OpenApiSchema { Type = JsonSchemaType.String }, Example = Example },
                        },
                    },
                },
            },
        },
    });
}
