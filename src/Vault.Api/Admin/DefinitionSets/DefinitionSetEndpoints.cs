using Vault.Api.AdminHttp;
using Vault.Api.Callers;
using Vault.Api.Errors;
using Vault.Core.Access;
using Vault.Core.Administration.DefinitionSets;
using Vault.Core.Primitives;

namespace Vault.Api.Admin.DefinitionSets;

/// <summary><c>/api/v1/definitions</c>: all definitions as one document.</summary>
internal static class DefinitionSetEndpoints
{
    private const int MostBytes = 16 * 1024 * 1024;

    /// <summary>Maps the routes.</summary>
    public static void MapDefinitionSets(this IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/definitions").WithTags("Definitions as a document");
        group.MapGet("", ExportAsync).RequireRoles(VaultRole.Admin, VaultRole.Operator, VaultRole.Auditor).Produces<DefinitionSet>().Problems();
        group.MapPost("/apply", ApplyAsync).RequireRoles(VaultRole.Admin, VaultRole.Operator).Audited("definitions.applied")
            .Accepts<DefinitionSet>("application/json").Produces<DefinitionSetOutcome>().Problems(404, 409, 412, 413, 415, 422);
        group.MapPost("/diff", CompareAsync).RequireRoles(VaultRole.Admin, VaultRole.Operator).Audited("definitions.compared")
            .Accepts<DefinitionSet>("application/json").Produces<DefinitionSetOutcome>().Problems(404, 409, 413, 415, 422);
    }

    /// <summary>Gives all definitions as one document.</summary>
    /// <remarks>
    /// It has no secret in it, and leaves out what is default. Where parameters refer to secrets that are kept elsewhere, it says to which. Applied
    /// again, it changes nothing.
    /// </remarks>
    private static async Task<IResult> ExportAsync(DefinitionSetAdministration administration, CancellationToken cancellationToken) =>
        AdminResults.Json(await administration.ExportAsync(cancellationToken));

    /// <summary>Makes everything as a document says, all or nothing.</summary>
    /// <remarks>
    /// In one transaction, ordered by what refers to what, by the same rules as one definition at a time; a second time it changes nothing. What
    /// isn't in the document stays, except grants that an app's list has no more. <c>?discardSecrets=true</c> as with PUT. Only admins set secrets.
    /// With the <c>ETag</c> of a comparison of the same document in <c>If-Match</c>, nothing is changed where anything was since (412).
    /// </remarks>
    private static async Task<IResult> ApplyAsync(HttpContext context, DefinitionSetAdministration administration, CancellationToken cancellationToken)
    {
        var discardSecrets = Conditions.DiscardSecrets(context.Request);
        if (!discardSecrets.IsOk)
        {
            return discardSecrets.Error.ToAnswer();
        }

        var set = await ReadAsync(context, cancellationToken);
        return set.IsOk
            ? ToAnswer(await administration.ApplyAsync(
                set.Value, context.Caller().Role, discardSecrets.Value, Conditions.Read(context.Request), cancellationToken))
            : set.Error.ToAnswer();
    }

    /// <summary>Says what applying a document would change, and changes nothing.</summary>
    /// <remarks>
    /// Secrets aren't compared: those that have a value are <c>undetermined</c>, and their values in the document don't matter. The <c>ETag</c> is that
    /// of the state that this is true of, for <c>If-Match</c> where it is applied.
    /// </remarks>
    private static async Task<IResult> CompareAsync(HttpContext context, DefinitionSetAdministration administration, CancellationToken cancellationToken)
    {
        var discardSecrets = Conditions.DiscardSecrets(context.Request);
        if (!discardSecrets.IsOk)
        {
            return discardSecrets.Error.ToAnswer();
        }

        var set = await ReadAsync(context, cancellationToken);
        return set.IsOk
            ? AdminResults.Read(context, await administration.CompareAsync(set.Value, context.Caller().Role, discardSecrets.Value, cancellationToken))
            : set.Error.ToAnswer();
    }

    private static Task<Result<DefinitionSet>> ReadAsync(HttpContext context, CancellationToken cancellationToken) =>
        JsonBody.ReadAsync<DefinitionSet>(context.Request, null, cancellationToken, MostBytes);

    private static IResult ToAnswer(Result<DefinitionSetOutcome> outcome) => outcome.IsOk ? AdminResults.Json(outcome.Value) : outcome.Error.ToAnswer();
}
