using Vault.Api.Errors;
using Vault.Core.Administration.Changes;
using Vault.Core.Administration.Listing;
using Vault.Core.Primitives;

namespace Vault.Api.AdminHttp;

/// <summary>A page of a list.</summary>
/// <param name="Items">In the order of the list: that of their names, where its route says no other.</param>
/// <param name="NextPageToken">For the next page; null where this is the last.</param>
public sealed record ListAnswer<T>(IReadOnlyList<T> Items, string? NextPageToken);

/// <summary>Outcomes as answers.</summary>
internal static class AdminResults
{
    /// <summary>200 with the definition and its <c>ETag</c>.</summary>
    public static IResult Read<T>(HttpContext context, Result<Tagged<T>> result)
    {
        if (!result.IsOk)
        {
            return result.Error.ToAnswer();
        }

        context.Response.Headers.ETag = result.Value.ETag;
        return Json(result.Value.Value);
    }

    /// <summary>201 with <c>Location</c> where it was made, 200 where it was there.</summary>
    public static IResult Written<T>(HttpContext context, Result<Tagged<T>> result, Func<T, string> location)
    {
        if (!result.IsOk)
        {
            return result.Error.ToAnswer();
        }

        context.Response.Headers.ETag = result.Value.ETag;
        return result.Value.IsNew ? Created(context, result.Value.Value, location(result.Value.Value)) : Json(result.Value.Value);
    }

    /// <summary>201 with <c>Location</c>.</summary>
    public static IResult Created<T>(HttpContext context, T value, string location)
    {
        context.Response.Headers.Location = location;
        return Json(value, StatusCodes.Status201Created);
    }

    /// <summary>202 with <c>Location</c>, where to ask how far it is.</summary>
    public static IResult Accepted<T>(HttpContext context, T value, string location)
    {
        context.Response.Headers.Location = location;
        return Json(value, StatusCodes.Status202Accepted);
    }

    /// <summary>204.</summary>
    public static IResult Done(Result<bool> result) => result.IsOk ? TypedResults.NoContent() : result.Error.ToAnswer();

    /// <summary>200 with a page.</summary>
    public static IResult List<T>(HttpContext context, Page<T> page) => Json(new ListAnswer<T>(page.Items, PageQuery.ToToken(context.Request, page.After)));

    /// <summary>200 with JSON.</summary>
    public static IResult Json<T>(T value, int status = StatusCodes.Status200OK) =>
        TypedResults.Json(value, AdminJson.Written, statusCode: status);
}
