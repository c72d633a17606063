using Microsoft.OpenApi;
using Vault.Api.AdminHttp;
using Vault.Api.Hosting;
using Vault.Core.Primitives;

namespace Vault.Api.OpenApi;

/// <summary>The OpenAPI document and Swagger UI.</summary>
internal static class OpenApiSetup
{
    /// <summary>Adds the document.</summary>
    public static void AddVaultOpenApi(this IServiceCollection services)
    {
        services.AddEndpointsApiExplorer();
        services.ConfigureHttpJsonOptions(json => json.SerializerOptions.PropertyNamingPolicy = AdminJson.Options.PropertyNamingPolicy);
        services.AddSwaggerGen(options =>
        {
            options.SwaggerDoc("v1", new OpenApiInfo
            {
                Title = "Vault",
                Version = "v1",
                Description = "A credential vault: named credentials for any stack. An admin says how to authenticate and where a service is; an app calls out through /callout and never sees a secret.",
                License = new OpenApiLicense { Name = "Apache-2.0", Identifier = "Apache-2.0" },
            });
            options.SupportNonNullableReferenceTypes();
            options.NonNullableReferenceTypesAsRequired();
            options.IncludeXmlComments(() => ApiComments.Of(typeof(OpenApiSetup).Assembly));
            options.IncludeXmlComments(() => ApiComments.Of(typeof(DeveloperName).Assembly));
            options.CustomSchemaIds(SchemaId);
            options.AddSecurityDefinition("Bearer", new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = "bearer",
                Description = "A vault key (vk_…), or a token of an issuer of Vault:Issuers, as Authorization: Bearer.",
            });
            options.AddSecurityDefinition("VaultKey", new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.ApiKey,
                In = ParameterLocation.Header,
                Name = "X-Vault-Key",
                Description = "A vault key (vk_…), or a token of an issuer of Vault:Issuers, as X-Vault-Key.",
            });
            options.AddSecurityRequirement(document => new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference("Bearer", document)] = [] });
            options.AddSecurityRequirement(document => new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference("VaultKey", document)] = [] });
            options.DocumentFilter<CalloutDocument>();
            options.DocumentFilter<MetricsDocument>();
            options.DocumentFilter<AnswerHeaders>();
            options.OperationFilter<CommonParameters>();
            options.OperationFilter<Examples>();
            options.OperationFilter<AnswerExamples>();
            options.OperationFilter<OpenRoutes>();
            options.SchemaFilter<WriteOnlySecrets>();
            options.SchemaFilter<ProblemSchema>();
            options.SchemaFilter<ParameterSchema>();
            options.SchemaFilter<InputSchemas>();
            options.SchemaFilter<NullableReferences>();
        });
    }

    /// <summary>
    /// <c>Vault:Swagger</c>: on unless it is turned off. The document describes the API and nothing that a vault holds, so that it may be
    /// read without a key; whoever wants no page at all on a vault turns it off.
    /// </summary>
    public static bool IsOn(IConfiguration configuration) => configuration["Vault:Swagger"] is not { Length: > 0 } text
        || (bool.TryParse(text, out var isOn) ? isOn : throw new VaultSettingException("Vault:Swagger", "must be true or false."));

    /// <summary>Serves the document and the UI, where they are on.</summary>
    public static void UseVaultOpenApi(this WebApplication app)
    {
        if (!IsOn(app.Configuration))
        {
            return;
        }

        app.UseSwagger(options => options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1);
        app.UseSwaggerUI(options =>
        {
            options.DocumentTitle = "Vault";
            options.EnablePersistAuthorization();
        });
    }

    private static string SchemaId(Type type) => type.IsGenericType
        ? type.GetGenericArguments()[0].Name.Replace("View", "", StringComparison.Ordinal) + "List"
        : type.Name;
}
