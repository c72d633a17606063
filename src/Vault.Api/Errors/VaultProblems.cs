using Microsoft.AspNetCore.Mvc;
using Vault.Core.Primitives;

namespace Vault.Api.Errors;

/// <summary>Errors as RFC 9457 problem documents.</summary>
internal static class VaultProblems
{
    /// <summary>The problem document of an error.</summary>
    public static ProblemDetails ToProblem(this VaultError error)
    {
        var status = ErrorStatus.Of(error.Code);
        var problem = new ProblemDetails
        {
            Type = "urn:vault:problem:" + error.Code,
            Title = error.Code.Replace('-', ' '),
            Status = status,
            Detail = error.Detail,
            Extensions = { ["code"] = error.Code },
        };
        if (error.Errors is not null)
        {
            problem.Extensions["errors"] = error.Errors;
        }

        return problem;
    }

    /// <summary>As the answer of an endpoint; says who may sign in where that is the trouble.</summary>
    public static IResult ToResult(this VaultError error) => TypedResults.Problem(error.ToProblem());
}
