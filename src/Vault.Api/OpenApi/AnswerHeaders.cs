using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;
using Vault.Api.Hosting;
using Vault.Core.Administration.Access;
using Vault.Core.Administration.Definitions;

namespace Vault.Api.OpenApi;

/// <summary>The headers of answers. After the other filters of the document, for what they add.</summary>
internal sealed class AnswerHeaders : IDocumentFilter
{
    private const string Error = "X-Vault-Error";
    private const string Compared = "/api/v1/definitions/diff";

    private static readonly string[] Tagged = [nameof(ExternalCredentialView), nameof(NamedCredentialView), nameof(AppView)];

    private static readonly Dictionary<string, string> Descriptions = new(StringComparer.Ordinal)
    {
        [RequestIdMiddleware.Header] = "The id of the request, as in the audit.",
        [Error] = "The stable code of the error; only on an answer that the vault itself made.",
        ["Retry-After"] = "In how many seconds to try again, where that is known.",
        ["WWW-Authenticate"] = "Bearer realm=\"vault\": how to authenticate.",
        ["ETag"] = "For If-Match.",
        ["Location"] = "Where it is, or where to go.",
    };

    public void Apply(OpenApiDocument swaggerDoc, DocumentFilterContext context)
    {
        foreach (var (name, description) in Descriptions)
        {
            swaggerDoc.AddComponent<IOpenApiHeader>(name, new OpenApiHeader { Description = description, Schema = new OpenApiSchema { Type = JsonSchemaType.String } });
        }

        foreach (var (path, item) in swaggerDoc.Paths)
        {
            foreach (var (status, answer) in item.Operations?.Values.SelectMany(operation => operation.Responses ?? []) ?? [])
            {
                if (answer is OpenApiResponse response)
                {
                    response.Headers = NamesOf(path, status, response).ToDictionary(name => name, IOpenApiHeader (name) => new OpenApiHeaderReference(name, swaggerDoc));
                }
            }
        }
    }

    private static IEnumerable<string> NamesOf(string path, string status, OpenApiResponse response)
    {
        yield return RequestIdMiddleware.Header;
        var isCallout = path.StartsWith("/callout/", StringComparison.Ordinal);
        if (response.Content?.ContainsKey("application/problem+json") ?? (isCallout && status[0] is ('4' or '5')))
        {
            yield return Error;
            if (status is "401")
            {
                yield return "WWW-Authenticate";
            }

            if (status is "429" or "503")
            {
                yield return "Retry-After";
            }
        }

        var schemas = response.Content?.Values.Select(media => (media.Schema as OpenApiSchemaReference)?.Reference.Id) ?? [];
        if (schemas.Any(Tagged.Contains) || (path == Compared && status == "200"))
        {
            yield return "ETag";
        }

        if (status is "201" or "202" or "303")
        {
            yield return "Location";
        }
    }
}
