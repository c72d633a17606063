using System.Text.Json;
using Vault.Api.AdminHttp;
using Vault.Api.Callers;
using Vault.Api.Errors;
using Vault.Core.Access;
using Vault.Core.Authentication.SignIns;
using Vault.Core.Callouts.Trials;
using Vault.Core.Primitives;

namespace Vault.Api.Admin.Trials;

/// <summary>The request to preview or test.</summary>
/// <param name="Method">Default <c>GET</c>.</param>
/// <param name="Path">After the name, with its query if there is one; default empty.</param>
/// <param name="Headers">An object of names and values.</param>
/// <param name="Body">Text; an object or array is sent as JSON.</param>
/// <param name="Principal">Default: the one of the lowest sequence.</param>
/// <param name="User">The user of a per-user principal.</param>
public sealed record TrialInput(
    string? Method = null, string? Path = null, Dictionary<string, string>? Headers = null, JsonElement? Body = null, string? Principal = null, string? User = null);

/// <summary><c>…/preview</c> and <c>…/test</c> of a named credential: what would be sent, and what happens when it is.</summary>
internal static class TrialEndpoints
{
    /// <summary>Maps the routes.</summary>
    public static void MapTrials(this IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/named-credentials/{name}").WithTags("Named credentials");
        group.MapPost("/preview", PreviewAsync).Audited("named-credential.previewed").RequireRoles(VaultRole.Admin, VaultRole.Operator)
            .Accepts<TrialInput>(isOptional: true, "application/json").Produces<MaskedRequest>().Problems(404, 409, 413, 415, 422);
        group.MapPost("/test", TestAsync).Audited("named-credential.tested").RequireRoles(VaultRole.Admin, VaultRole.Operator)
            .Accepts<TrialInput>(isOptional: true, "application/json").Produces<TrialOutcome>().Problems(404, 413, 415);
    }

    /// <summary>Shows the request as it would be sent.</summary>
    /// <remarks>Every secret is shown as dots with the name of its parameter; nothing is sent.</remarks>
    private static async Task<IResult> PreviewAsync(string name, HttpContext context, CalloutTrial trials, CancellationToken cancellationToken)
    {
        var request = await ReadAsync(name, context, cancellationToken);
        if (!request.IsOk)
        {
            return request.Error.ToAnswer();
        }

        var shown = await trials.PreviewAsync(request.Value.Name, request.Value.Trial, cancellationToken);
        return shown.IsOk ? AdminResults.Json(shown.Value) : shown.Error.ToAnswer();
    }

    /// <summary>Signs in anew, sends a GET (or what is asked), and tells what happened.</summary>
    /// <remarks>Every request is shown masked and timed; no body of an answer is shown. A failure says where it was and what to look at.</remarks>
    private static async Task<IResult> TestAsync(string name, HttpContext context, CalloutTrial trials, CancellationToken cancellationToken)
    {
        var request = await ReadAsync(name, context, cancellationToken);
        if (!request.IsOk)
        {
            return request.Error.ToAnswer();
        }

        var outcome = await trials.TestAsync(request.Value.Name, request.Value.Trial, cancellationToken);
        return outcome.IsOk ? AdminResults.Json(outcome.Value) : outcome.Error.ToAnswer();
    }

    private static async Task<Result<(DeveloperName Name, TrialRequest Trial)>> ReadAsync(string name, HttpContext context, CancellationToken cancellationToken)
    {
        var route = RouteName.Read(name);
        if (!route.IsOk)
        {
            return route.Error;
        }

        var input = await JsonBody.ReadAsync(context.Request, new TrialInput(), cancellationToken);
        if (!input.IsOk)
        {
            return input.Error;
        }

        var trial = ToRequest(input.Value);
        return trial.IsOk ? (route.Value, trial.Value) : trial.Error;
    }

    private static Result<TrialRequest> ToRequest(TrialInput input)
    {
        var method = input.Method ?? "GET";
        if (method.Length is 0 or > 40 || !method.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
        {
            return VaultError.Invalid("$.method", "Must be an HTTP method.");
        }

        var path = input.Path ?? "";
        var question = path.IndexOf('?', StringComparison.Ordinal);
        var (raw, query) = question < 0 ? (path, null) : (path[..question], path[(question + 1)..]);
        if (raw.Length > 0 && raw[0] != '/')
        {
            raw = "/" + raw;
        }

        if (path.Any(c => c is <= ' ' or > '~' or '#'))
        {
            return VaultError.Invalid("$.path", "Must be a path as it is sent: what isn't ASCII is percent-encoded.");
        }

        var headers = new List<KeyValuePair<string, string>>();
        foreach (var (header, value) in input.Headers ?? [])
        {
            if (!WireText.IsName(header) || value is null || value.Any(c => char.IsControl(c) && c != '\t'))
            {
                return VaultError.Invalid(JsonPlace.Below("$.headers", header), "Must be a header's name and value.");
            }

            // As of a callout: a vault key isn't handed to a service.
            if (!CallerKeys.IsKey(header, value))
            {
                headers.Add(new(header, value));
            }
        }

        var body = input.Body switch
        {
            null or { ValueKind: JsonValueKind.Null } => null,
            { ValueKind: JsonValueKind.String } text => text.GetString(),
            { } json => json.GetRawText(),
        };
        if (body is not null && input.Body is { ValueKind: JsonValueKind.Object or JsonValueKind.Array } && !headers.Exists(header => header.Key.Equals("Content-Type", StringComparison.OrdinalIgnoreCase)))
        {
            headers.Add(new("Content-Type", "application/json"));
        }

        if (input.User is { Length: > 0 } user && !UserName.IsLegal(user))
        {
            return VaultError.Invalid("$.user", $"Must be {UserName.Rule}.");
        }

        return new TrialRequest(method, raw, query, headers, body, input.Principal, input.User);
    }
}
