using System.Globalization;
using System.Text.Json;
using Vault.Api.AdminHttp;
using Vault.Api.Callers;
using Vault.Api.Errors;
using Vault.Core.Access;
using Vault.Core.Audit;
using Vault.Core.Primitives;

namespace Vault.Api.Admin.Audit;

/// <summary>A record of the audit, as it is read.</summary>
/// <param name="Id">Of the request, as in <c>X-Vault-Request-Id</c>.</param>
/// <param name="Sequence">Its number.</param>
/// <param name="At">When it began.</param>
/// <param name="Actor">The app, or the name of the key.</param>
/// <param name="Action">As in <c>callout</c> or <c>app.created</c>.</param>
/// <param name="Target">What it was done to.</param>
/// <param name="Outcome"><c>success</c>, <c>denied</c>, <c>failed</c>; <c>intent</c> where no outcome was recorded.</param>
/// <param name="Principal">The principal of the external credential.</param>
/// <param name="User">The user.</param>
/// <param name="Method">The HTTP method.</param>
/// <param name="Host">The service's host.</param>
/// <param name="Path">The caller's path, without query.</param>
/// <param name="Status">The status of the answer.</param>
/// <param name="DurationMs">In milliseconds.</param>
/// <param name="BytesIn">The length of the caller's body.</param>
/// <param name="BytesOut">The length of the answer's body.</param>
/// <param name="RemoteAddress">The caller's address.</param>
/// <param name="Code">The vault's error code.</param>
/// <param name="TraceId">The trace's id.</param>
public sealed record AuditItem(
    string Id, long Sequence, DateTimeOffset At, string Actor, string Action, string Target, string Outcome, string? Principal, string? User, string? Method,
    string? Host, string? Path, int? Status, double? DurationMs, long? BytesIn, long? BytesOut, string? RemoteAddress, string? Code, string? TraceId)
{
    internal static AuditItem Of(AuditEntry entry)
    {
        var audited = entry.Event;
        return new AuditItem(
            audited.Id, entry.Sequence, audited.At, audited.Actor, audited.Action, audited.Target, audited.Outcome, audited.Principal, audited.User, audited.Method,
            audited.Host, audited.Path, audited.Status, audited.DurationMs, audited.BytesIn, audited.BytesOut, audited.RemoteAddress, audited.Code, audited.TraceId);
    }
}

/// <summary><c>/api/v1/audit</c>: what happened, and whether the record of it is whole.</summary>
internal static class AuditEndpoints
{
    private const int Default = 50;
    private const int Most = 500;
    private static readonly byte[] NewLine = [(byte)'\n'];
    private static readonly string[] Filters = ["from", "to", "actor", "action", "target", "outcome", "pageSize", "pageToken"];

    /// <summary>Maps the routes.</summary>
    public static void MapAudit(this IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/audit").WithTags("Audit").RequireRoles(VaultRole.Admin, VaultRole.Auditor);
        group.MapGet("", FindAsync).Produces<ListAnswer<AuditItem>>().Problems();
        group.MapGet("/export", ExportAsync).Produces<AuditItem>(200, "application/x-ndjson").Problems();
        group.MapPost("/verify", VerifyAsync).TakesNothing().Audited("audit.verified", onlyVerifies: true).Produces<AuditVerdict>().Problems(413, 415);
    }

    /// <summary>Lists records, newest first.</summary>
    /// <remarks>The records of one callout are one item. <c>from</c> and <c>to</c> are times of RFC 3339, the second exclusive.</remarks>
    private static async Task<IResult> FindAsync(HttpContext context, IAuditStore store, CancellationToken cancellationToken)
    {
        var query = context.Request.Query;
        var errors = Unknown(query, Filters);
        var from = Time("from");
        var to = Time("to");
        var size = Size();
        var place = Place();
        var filter = new AuditFilter(from, to, Text("actor"), Text("action"), Text("target"), Text("outcome"));
        if (errors.Count > 0)
        {
            return new VaultError(ErrorCodes.InvalidRequest, "The request is not valid.", errors).ToAnswer();
        }

        if (new[] { filter.Actor, filter.Action, filter.Target, filter.Outcome }.Any(text => text?.Contains('\0', StringComparison.Ordinal) is true))
        {
            // No record has a NUL in it, and not every database compares with one.
            return AdminResults.Json(new ListAnswer<AuditItem>([], null));
        }

        // What ends while somebody turns the pages stays what it was on the first: else it would be on none.
        var last = place.Last ?? await store.LastAsync(cancellationToken) ?? 0;
        var found = await store.FindAsync(filter, place with { Last = last }, size + 1, cancellationToken);
        var next = found.Count > size ? AuditPageToken.Of(found[size - 1].Sequence, last) : null;
        return AdminResults.Json(new ListAnswer<AuditItem>([.. found.Take(size).Select(AuditItem.Of)], next));

        string? Text(string name)
        {
            if (query[name].Count > 1)
            {
                errors[name] = ["May stand only once."];
            }

            return query[name] is [{ Length: > 0 } value] ? value : null;
        }

        DateTimeOffset? Time(string name)
        {
            if (Text(name) is not { } text)
            {
                return null;
            }

            // A plus that nobody encoded comes as a blank.
            if (Rfc3339.TryParse(text is [.., ' ', _, _, ':', _, _] ? $"{text[..^6]}+{text[^5..]}" : text, out var time))
            {
                return time;
            }

            errors[name] = ["Must be an RFC 3339 time with an offset, as in 2026-01-31T12:00:00Z."];
            return null;
        }

        int Size()
        {
            if (query["pageSize"] is not { Count: > 0 } sizes)
            {
                return Default;
            }

            if (sizes.Count == 1 && int.TryParse(sizes[0], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= Most)
            {
                return number;
            }

            errors["pageSize"] = [$"Must be from 1 to {Most}."];
            return Default;
        }

        AuditPlace Place()
        {
            var place = default(AuditPlace);
            if (query["pageToken"] is { Count: > 0 } tokens and not [""] && (tokens.Count > 1 || !AuditPageToken.TryParse(tokens[0], out place)))
            {
                errors["pageToken"] = ["Must be the nextPageToken of the page before."];
            }

            return place;
        }
    }

    /// <summary>Streams all records, oldest first, one JSON object per line.</summary>
    private static async Task ExportAsync(HttpContext context, IAuditStore store, CancellationToken cancellationToken)
    {
        if (Unknown(context.Request.Query, []) is { Count: > 0 } errors)
        {
            await context.AnswerAsync(new VaultError(ErrorCodes.InvalidRequest, "The export is of all records.", errors));
            return;
        }

        context.Response.ContentType = "application/x-ndjson";
        await foreach (var entry in store.ReadReadableAsync(cancellationToken))
        {
            await context.Response.Body.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(AuditItem.Of(entry), AdminJson.Options), cancellationToken);
            await context.Response.Body.WriteAsync(NewLine, cancellationToken);
        }
    }

    /// <summary>Verifies the chain of all records.</summary>
    /// <remarks>
    /// The answer is 200 either way: <c>valid</c> says whether all is well, else <c>sequence</c> and <c>fault</c> name the first bad record.
    /// <c>unfinished</c> counts callouts whose outcome was never recorded.
    /// </remarks>
    private static async Task<IResult> VerifyAsync(AuditVerifier verifier, AuditTail tail, CancellationToken cancellationToken) =>
        AdminResults.Json(await verifier.VerifyAsync(await tail.KnownHeadAsync(cancellationToken), cancellationToken));

    // A filter that isn't one would answer with what it was to leave out.
    private static Dictionary<string, string[]> Unknown(IQueryCollection query, string[] known) =>
        query.Keys.Except(known, StringComparer.OrdinalIgnoreCase).ToDictionary(
            name => name,
            _ => new[] { known.Length > 0 ? $"Unknown parameter; there are {string.Join(", ", known)}." : "Unknown parameter; there are none." },
            StringComparer.Ordinal);
}
