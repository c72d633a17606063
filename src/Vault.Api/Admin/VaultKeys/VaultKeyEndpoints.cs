using Vault.Api.AdminHttp;
using Vault.Api.Callers;
using Vault.Api.Errors;
using Vault.Core.Access;
using Vault.Core.Administration.VaultKeys;

namespace Vault.Api.Admin.VaultKeys;

/// <summary><c>/api/v1/keys</c>: the keys that secrets are sealed under.</summary>
internal static class VaultKeyEndpoints
{
    /// <summary>Maps the routes.</summary>
    public static void MapVaultKeys(this IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/keys").WithTags("Vault keys");
        group.MapGet("", ListAsync).RequireRoles(VaultRole.Admin, VaultRole.Auditor).Produces<ListAnswer<VaultKeyView>>().Problems();
        group.MapPost("/rotate", RotateAsync).TakesNothing().RequireRoles(VaultRole.Admin).Audited("key.rotated").Produces<VaultKeyView>().Problems(413, 415);
        group.MapPost("/rewrap", RewrapAsync).TakesNothing().RequireRoles(VaultRole.Admin).Audited("key.rewrap").Produces<OperationStarted>(202).Problems(413, 415);
        group.MapPost("/verify", VerifyAsync).TakesNothing().RequireRoles(VaultRole.Admin).Audited("key.verified", onlyVerifies: true).Produces<KeyVerdict>().Problems(413, 415);
    }

    /// <summary>Lists the vault keys, oldest first: never the keys themselves.</summary>
    private static async Task<IResult> ListAsync(HttpContext context, VaultKeyAdministration administration, CancellationToken cancellationToken)
    {
        var page = PageQuery.Read(context.Request);
        return page.IsOk ? AdminResults.List(context, await administration.ListAsync(page.Value, cancellationToken)) : page.Error.ToAnswer();
    }

    /// <summary>Makes a new vault key the active one.</summary>
    /// <remarks>New values are sealed under it at once. What is sealed already stays readable, and is moved to it by <c>rewrap</c>.</remarks>
    private static async Task<IResult> RotateAsync(VaultKeyAdministration administration, CancellationToken cancellationToken)
    {
        var made = await administration.RotateAsync(cancellationToken);
        return made.IsOk ? AdminResults.Json(made.Value) : made.Error.ToAnswer();
    }

    /// <summary>Moves every sealed value to the active vault key, while callouts go on.</summary>
    /// <remarks>The operation outlives restarts. One runs at a time: while one does, the answer is that one.</remarks>
    private static async Task<IResult> RewrapAsync(HttpContext context, VaultKeyAdministration administration, CancellationToken cancellationToken)
    {
        var started = await administration.StartRewrapAsync(cancellationToken);
        return started.IsOk ? AdminResults.Accepted(context, started.Value, "/api/v1/operations/" + started.Value.Id) : started.Error.ToAnswer();
    }

    /// <summary>Opens every sealed value and checks every row, and says what it can't.</summary>
    /// <remarks>The answer is 200 either way: <c>valid</c> says whether all is well. It takes about a minute for a million secrets.</remarks>
    private static async Task<IResult> VerifyAsync(KeyVerification verification, CancellationToken cancellationToken) =>
        AdminResults.Json(await verification.VerifyAsync(cancellationToken));
}
