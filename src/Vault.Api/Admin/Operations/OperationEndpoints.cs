using Vault.Api.AdminHttp;
using Vault.Api.Callers;
using Vault.Api.Errors;
using Vault.Core.Access;
using Vault.Core.Administration.VaultKeys;

namespace Vault.Api.Admin.Operations;

/// <summary><c>/api/v1/operations</c>: work that goes on after its request was answered.</summary>
internal static class OperationEndpoints
{
    /// <summary>Maps the routes.</summary>
    public static void MapOperations(this IEndpointRouteBuilder api) => api.MapGet("/operations/{id}", ReadAsync).WithTags("Operations")
        .RequireRoles(VaultRole.Admin, VaultRole.Auditor).Produces<OperationView>().Problems(404);

    /// <summary>Says how far an operation is.</summary>
    private static async Task<IResult> ReadAsync(string id, VaultKeyAdministration administration, CancellationToken cancellationToken)
    {
        var found = await administration.FindOperationAsync(id, cancellationToken);
        return found.IsOk ? AdminResults.Json(found.Value) : found.Error.ToAnswer();
    }
}
