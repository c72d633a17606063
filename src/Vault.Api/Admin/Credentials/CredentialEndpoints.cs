using System.ComponentModel.DataAnnotations;
using Vault.Api.AdminHttp;
using Vault.Api.Callers;
using Vault.Api.Errors;
using Vault.Core.Access;
using Vault.Core.Administration.Changes;
using Vault.Core.Administration.Consents;
using Vault.Core.Administration.Secrets;
using Vault.Core.Primitives;

namespace Vault.Api.Admin.Credentials;

/// <summary>The secret values of a principal or user, as they are written; they are never read.</summary>
/// <param name="Parameters">Names and values, or references to where a value is kept; with PATCH, null removes one.</param>
public sealed record CredentialInput([property: Required] Dictionary<string, ParameterInput?>? Parameters = null);

/// <summary>Asks for a fresh token.</summary>
/// <param name="NamedCredential">Where step URLs are relative and several named credentials use them: for which.</param>
public sealed record RefreshInput(string? NamedCredential = null);

/// <summary>Asks for a person's consent.</summary>
/// <param name="ReturnUrl">Where the person is sent afterwards, among <c>Vault:AllowedReturnUrls</c>; left out: a page says how it went.</param>
/// <param name="NamedCredential">Where the settings name a named credential's url and several use them: for which the consent is.</param>
public sealed record AuthorizeInput(string? ReturnUrl = null, string? NamedCredential = null);

/// <summary><c>…/principals/{principal}/credential</c> and <c>…/users/{user}/credential</c>: secret values, write-only, and their tokens.</summary>
internal static class CredentialEndpoints
{
    /// <summary>Maps the routes.</summary>
    public static void MapCredentials(this IEndpointRouteBuilder api)
    {
        const string Principal = "/external-credentials/{name}/principals/{principal}";
        foreach (var route in new[] { Principal + "/credential", Principal + "/users/{user}/credential" })
        {
            var group = api.MapGroup(route).WithTags("Secret values").Audited("credential");
            group.MapGet("", GetAsync).RequireRoles(VaultRole.Admin, VaultRole.Operator, VaultRole.Auditor).Produces<CredentialStatus>().Problems(404);
            group.MapPut("", PutAsync).RequireRoles(VaultRole.Admin).Accepts<CredentialInput>("application/json").Produces(204).Problems(404, 412, 413, 415, 422);
            group.MapPatch("", PatchAsync).RequireRoles(VaultRole.Admin).Accepts<CredentialInput>("application/json").Produces(204).Problems(404, 412, 413, 415, 422);
            group.MapDelete("", DeleteAsync).RequireRoles(VaultRole.Admin).Produces(204).Problems(404, 412);
            group.MapPost("/refresh", RefreshAsync).Audited("token.refresh").RequireRoles(VaultRole.Admin).Accepts<RefreshInput>(isOptional: true, "application/json").Produces<TokenStatus>()
                .Problems(404, 409, 413, 415, 422, 502);
            group.MapPost("/authorize", AuthorizeAsync).Audited("consent.requested").RequireRoles(VaultRole.Admin).Accepts<AuthorizeInput>(isOptional: true, "application/json").Produces<ConsentRequest>()
                .Problems(404, 409, 413, 415, 422, 502);
        }

        api.MapGet(Principal + "/users", ListUsersAsync).WithTags("Secret values")
            .RequireRoles(VaultRole.Admin, VaultRole.Operator, VaultRole.Auditor).Produces<ListAnswer<UserStatus>>().Problems(404);
    }

    /// <summary>Says which parameters have a value, and since when; never a value.</summary>
    private static async Task<IResult> GetAsync(HttpContext context, CredentialAdministration administration, CancellationToken cancellationToken)
    {
        var account = Account(context);
        if (!account.IsOk)
        {
            return account.Error.ToAnswer();
        }

        var status = await administration.GetStatusAsync(account.Value, cancellationToken);
        return status.IsOk ? AdminResults.Json(status.Value) : status.Error.ToAnswer();
    }

    /// <summary>Replaces the whole set of secret values.</summary>
    private static Task<IResult> PutAsync(HttpContext context, CredentialAdministration administration, CancellationToken cancellationToken) =>
        WriteAsync(context, administration.ReplaceAsync, cancellationToken);

    /// <summary>Changes only the parameters sent; null removes one.</summary>
    private static Task<IResult> PatchAsync(HttpContext context, CredentialAdministration administration, CancellationToken cancellationToken) =>
        WriteAsync(context, administration.PatchAsync, cancellationToken);

    /// <summary>Destroys the secret values and the tokens got with them.</summary>
    private static async Task<IResult> DeleteAsync(HttpContext context, CredentialAdministration administration, CancellationToken cancellationToken)
    {
        var account = Account(context);
        return account.IsOk
            ? AdminResults.Done(await administration.DeleteAsync(account.Value, Conditions.Read(context.Request), cancellationToken))
            : account.Error.ToAnswer();
    }

    /// <summary>Gets a fresh token now.</summary>
    private static async Task<IResult> RefreshAsync(HttpContext context, CredentialAdministration administration, CancellationToken cancellationToken)
    {
        var account = Account(context);
        if (!account.IsOk)
        {
            return account.Error.ToAnswer();
        }

        var input = await JsonBody.ReadAsync(context.Request, new RefreshInput(), cancellationToken);
        if (!input.IsOk)
        {
            return input.Error.ToAnswer();
        }

        var token = await administration.RefreshAsync(account.Value, input.Value.NamedCredential, cancellationToken);
        return token.IsOk ? AdminResults.Json(token.Value) : token.Error.ToAnswer();
    }

    /// <summary>Begins a person's consent: where to send them, or what to enter where.</summary>
    private static async Task<IResult> AuthorizeAsync(HttpContext context, ConsentAdministration administration, CancellationToken cancellationToken)
    {
        var account = Account(context);
        if (!account.IsOk)
        {
            return account.Error.ToAnswer();
        }

        var input = await JsonBody.ReadAsync(context.Request, new AuthorizeInput(), cancellationToken);
        if (!input.IsOk)
        {
            return input.Error.ToAnswer();
        }

        var request = await administration.AuthorizeAsync(account.Value, input.Value.ReturnUrl, input.Value.NamedCredential, cancellationToken);
        if (!request.IsOk)
        {
            return request.Error.ToAnswer();
        }

        context.Response.Headers.CacheControl = "no-store";
        return AdminResults.Json(request.Value);
    }

    /// <summary>The users who have secrets or tokens of a per-user principal.</summary>
    private static async Task<IResult> ListUsersAsync(HttpContext context, CredentialAdministration administration, CancellationToken cancellationToken)
    {
        var account = Account(context);
        var page = PageQuery.Read(context.Request, anyKey: true);
        if ((account.Error ?? page.Error) is { } malformed)
        {
            return malformed.ToAnswer();
        }

        var users = await administration.ListUsersAsync(account.Value!, page.Value!, cancellationToken);
        return users.IsOk ? AdminResults.List(context, users.Value) : users.Error.ToAnswer();
    }

    // Read from the route by hand: the same handlers serve the routes with a user and those without.
    private static Result<AccountName> Account(HttpContext context)
    {
        var external = RouteName.Read(Value("name"));
        var principal = RouteName.Read(Value("principal"));
        if ((external.Error ?? principal.Error) is { } malformed)
        {
            return malformed;
        }

        return context.Request.RouteValues.ContainsKey("user")
            ? UserSegment.Read(context) is { } user
                ? new AccountName(external.Value, principal.Value, user)
                : new VaultError(ErrorCodes.NotFound, $"There is no such user: an id is {UserName.Rule}, percent-encoded.")
            : new AccountName(external.Value, principal.Value, "");

        string Value(string key) => context.Request.RouteValues[key] as string ?? "";
    }

    private static async Task<IResult> WriteAsync(
        HttpContext context, Func<AccountName, IReadOnlyList<KeyValuePair<string, string?>>, Precondition, CancellationToken, Task<Result<bool>>> write,
        CancellationToken cancellationToken)
    {
        var account = Account(context);
        if (!account.IsOk)
        {
            return account.Error.ToAnswer();
        }

        var input = await JsonBody.ReadAsync<CredentialInput>(context.Request, null, cancellationToken);
        if (!input.IsOk)
        {
            return input.Error.ToAnswer();
        }

        return input.Value.Parameters is { } parameters
            ? AdminResults.Done(await write(
                account.Value, [.. parameters.Select(parameter => KeyValuePair.Create(parameter.Key, parameter.Value?.Stored))], Conditions.Read(context.Request), cancellationToken))
            : VaultError.Invalid("$.parameters", "Is required: an object of texts.").ToAnswer();
    }
}
