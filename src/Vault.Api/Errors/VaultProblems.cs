using Microsoft.AspNetCore.Mvc;
using Vault.Core.Primitives;

namespace Vault.Api.Errors;

/// <summary>Errors as RFC 9457 problem documents.</summary>
internal static class VaultProblems
{
    /// <summary>The problem document of an error. A vault key that was sent where a name belongs, or anything else that is told of, isn't told.</summary>
    public static ProblemDetails ToProblem(this VaultError error)
    {
        var title = error.Code.Replace('-', ' ');
        var problem = new ProblemDetails
        {
            Type = "urn:vault:problem:" + error.Code,
            Title = char.ToUpperInvariant(title[0]) + title[1..],
            Status = ErrorStatus.Of(error.Code),
            Detail = VaultKeyForm.Hide(error.Detail),
            Extensions = { ["code"] = error.Code },
        };
        if (error.Errors is not null)
        {
            problem.Extensions["errors"] = Hidden(error.Errors);
        }

        if (error.AuthorizationUrl is not null)
        {
            problem.Extensions["authorizationUrl"] = error.AuthorizationUrl;
        }

        return problem;
    }

    /// <summary>As the answer of an endpoint.</summary>
    public static ProblemAnswer ToAnswer(this VaultError error) => new(error);

    // Two places may differ in a key alone.
    private static Dictionary<string, string[]> Hidden(IReadOnlyDictionary<string, string[]> errors) => errors
        .GroupBy(error => VaultKeyForm.Hide(error.Key), error => error.Value, StringComparer.Ordinal)
        .ToDictionary(group => group.Key, group => group.SelectMany(messages => messages).Select(VaultKeyForm.Hide).ToArray(), StringComparer.Ordinal);
}
