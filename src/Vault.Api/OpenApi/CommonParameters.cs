using System.Globalization;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;
using Vault.Core.Primitives;

namespace Vault.Api.OpenApi;

/// <summary>Query parameters and headers that the handlers read off the request themselves.</summary>
internal sealed class CommonParameters : IOperationFilter
{
    private const string Audit = "api/v1/audit";

    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        var path = (context.ApiDescription.RelativePath ?? "").TrimEnd('/');
        var method = context.ApiDescription.HttpMethod;
        operation.Parameters ??= [];
        foreach (var segment in path.Split('/').Where(segment => segment.StartsWith('{') && segment.EndsWith('}')).Select(segment => segment[1..^1]).Where(IsNew))
        {
            operation.Parameters.Add(new OpenApiParameter
            {
                Name = segment,
                In = ParameterLocation.Path,
                Required = true,
                Description = segment == "user" ? UserName.Rule + ", percent-encoded." : null,
                Schema = new OpenApiSchema { Type = JsonSchemaType.String },
            });
        }

        if (method == "GET" && IsList(path))
        {
            Add("pageSize", ParameterLocation.Query, JsonSchemaType.Integer, "1 to 500; 50 where left out.", 1, 500);
            Add("pageToken", ParameterLocation.Query, JsonSchemaType.String, "The nextPageToken of the page before, of the same list and search.");
            if (path != Audit)
            {
                Add("search", ParameterLocation.Query, JsonSchemaType.String, "Found in name or label, in any case.");
            }
        }

        if (path == Audit)
        {
            Add("from", ParameterLocation.Query, JsonSchemaType.String, "From this time on, as in 2026-01-31T12:00:00Z.");
            Add("to", ParameterLocation.Query, JsonSchemaType.String, "Before this time.");
            Add("actor", ParameterLocation.Query, JsonSchemaType.String, "The app, or the name of the key.");
            Add("action", ParameterLocation.Query, JsonSchemaType.String, "As in callout or app.created.");
            Add("target", ParameterLocation.Query, JsonSchemaType.String, "What it was done to.");
            Add("outcome", ParameterLocation.Query, JsonSchemaType.String, "success, denied, failed or intent.");
        }

        var isDefinition = path.EndsWith('}') && !path.Contains("/keys", StringComparison.Ordinal) && !path.Contains("grants", StringComparison.Ordinal) && !path.Contains("admin-keys", StringComparison.Ordinal);
        if (method is "PUT" or "DELETE" && isDefinition)
        {
            Add("If-Match", ParameterLocation.Header, JsonSchemaType.String, "The ETag that was read; 412 where it is stale.");
        }

        if (method is "PUT" && isDefinition)
        {
            Add("If-None-Match", ParameterLocation.Header, JsonSchemaType.String, "* only creates.");
        }

        var hasNoTag = path.EndsWith("/credential", StringComparison.Ordinal) || (path.EndsWith('}') && !isDefinition);
        if (method is "PUT" or "PATCH" or "DELETE" && hasNoTag)
        {
            Add("If-Match", ParameterLocation.Header, JsonSchemaType.String, "* only where something is there. It has no ETag, so any other is stale (412).");
        }

        if (method is "PUT" && hasNoTag)
        {
            Add("If-None-Match", ParameterLocation.Header, JsonSchemaType.String, "* only creates.");
        }

        if (method is "PUT" && isDefinition && path.Contains("credentials", StringComparison.Ordinal))
        {
            Add("discardSecrets", ParameterLocation.Query, JsonSchemaType.Boolean, "Removes the secrets where the change would let them travel elsewhere.");
        }

        if (path is "api/v1/definitions/apply" or "api/v1/definitions/diff")
        {
            Add("discardSecrets", ParameterLocation.Query, JsonSchemaType.Boolean, "Removes the secrets where a change would let them travel elsewhere.");
        }

        if (path is "api/v1/definitions/apply")
        {
            Add("If-Match", ParameterLocation.Header, JsonSchemaType.String, "The ETag of a comparison of the same document; 412 where anything was changed since.");
        }

        bool IsNew(string name) => operation.Parameters.All(parameter => parameter.Name != name);

        void Add(string name, ParameterLocation location, JsonSchemaType type, string description, int? least = null, int? most = null) =>
            operation.Parameters.Add(new OpenApiParameter { Name = name, In = location, Description = description, Schema = new OpenApiSchema { Type = type, Minimum = least?.ToString(CultureInfo.InvariantCulture), Maximum = most?.ToString(CultureInfo.InvariantCulture) } });
    }

    private static bool IsList(string path) =>
        path.StartsWith("api/", StringComparison.Ordinal) && path != "api/v1/definitions" && !path.EndsWith('}')
        && !path.EndsWith(".pem", StringComparison.Ordinal) && !path.EndsWith("/export", StringComparison.Ordinal) && !path.EndsWith("credential", StringComparison.Ordinal);
}
