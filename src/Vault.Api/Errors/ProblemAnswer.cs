using System.Reflection;
using Microsoft.AspNetCore.Http.Metadata;
using Vault.Core.Primitives;

namespace Vault.Api.Errors;

/// <summary>An error as a typed result.</summary>
public sealed class ProblemAnswer : IResult, IEndpointMetadataProvider
{
    private readonly VaultError _error;

    internal ProblemAnswer(VaultError error) => _error = error;

    /// <inheritdoc />
    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder)
    {
        // Which errors a route gives is said where it is mapped.
    }

    /// <inheritdoc />
    public Task ExecuteAsync(HttpContext httpContext) => httpContext.AnswerAsync(_error);
}
