using Vault.Api.Errors;
using Vault.Core.Access;
using Vault.Core.Audit;
using Vault.Core.Primitives;
using Vault.Core.Storage;

namespace Vault.Api.Callers;

/// <summary>Tells the audit of requests to the admin API that change something, refused ones included.</summary>
internal static class AuditedRequests
{
    private const int MaxTarget = 500;
    private static readonly string[] RouteNames = ["name", "principal", "user", "app", "namedCredential", "id"];

    /// <summary>What a route changes: <c>app</c>, or a whole action, <c>token.refresh</c>.</summary>
    internal sealed record Resource(string Name, bool OnlyVerifies);

    /// <summary>Says what a route changes.</summary>
    /// <param name="builder">The route.</param>
    /// <param name="resource">As in <c>app</c>, or a whole action.</param>
    /// <param name="onlyVerifies">It sends, changes and shows nothing, and is answered where no record can be kept: that is when it is asked.</param>
    public static TBuilder Audited<TBuilder>(this TBuilder builder, string resource, bool onlyVerifies = false)
        where TBuilder : IEndpointConventionBuilder
    {
        builder.WithMetadata(new Resource(resource, onlyVerifies));
        return builder;
    }

    /// <summary>What the request would do to what; null where it changes nothing.</summary>
    public static string? ActionOf(HttpContext context) => ResourceOf(context) is { } resource ? ActionOf(context, resource.Name) : null;

    /// <summary>A request that nobody was let in with.</summary>
    public static Task DeniedAsync(HttpContext context, string code, string actor = "anonymous", string? action = null) =>
        context.RequestServices.GetRequiredService<AuditLog>().WriteAsync(
            Begin(context, actor, action ?? "signin.denied") with { Outcome = AuditOutcomes.Denied, Status = ErrorStatus.Of(code), Code = code });

    /// <summary>Handles a request; whoever changes something records it with the change, what is left is recorded here.</summary>
    public static async Task HandleAsync(HttpContext context, RequestDelegate next, Caller caller)
    {
        if (ResourceOf(context) is not { } resource)
        {
            await next(context);
            return;
        }

        var isWhole = IsWhole(resource.Name);
        var (catalog, time) = (context.RequestServices.GetRequiredService<AccessCatalog>(), context.RequestServices.GetRequiredService<TimeProvider>());
        var origin = new AuditOrigin
        {
            Event = Begin(context, caller.Actor, ActionOf(context, resource.Name)),
            IsInForce = () => catalog.Current.IsInForce(caller, time.GetUtcNow()),
            CreatedAction = isWhole ? resource.Name : resource.Name + ".created",
        };
        var log = context.RequestServices.GetRequiredService<AuditLog>();
        if (isWhole && !resource.OnlyVerifies && !await log.CanWriteAsync())
        {
            // It sends something, and would have no record. That it was refused is one, as soon as there can be.
            log.Note(origin.Event with { Outcome = AuditOutcomes.Failed, Status = ErrorStatus.Of(ErrorCodes.StorageUnavailable), DurationMs = Since(context, origin), Code = ErrorCodes.StorageUnavailable });
            await context.AnswerAsync(new VaultError(ErrorCodes.StorageUnavailable, "The database can't take the audit record, so nothing was done. Try again."));
            return;
        }

        AuditOrigin.Current = origin;
        try
        {
            await next(context);
        }
        catch (Exception exception) when (!origin.IsRecorded)
        {
            // A boundary: who answers for it comes after (UseProblemAnswers); that it was tried is recorded here.
            var code = CodeOf(exception);
            await log.WriteAsync(origin.Event with
            {
                Outcome = AuditOutcomes.Failed,
                Status = code is null ? null : ErrorStatus.Of(code),
                DurationMs = Since(context, origin),
                Code = code,
            });
            throw;
        }
        finally
        {
            AuditOrigin.Current = null;
        }

        if (!origin.IsRecorded)
        {
            var code = context.Response.Headers["X-Vault-Error"];
            await log.WriteAsync(origin.Event with
            {
                Outcome = AuditOutcomes.Of(context.Response.StatusCode),
                Status = context.Response.StatusCode,
                DurationMs = Since(context, origin),
                Code = code.Count == 1 ? code[0] : null,
            });
        }
    }

    /// <summary>What is new has its name in the body.</summary>
    public static void NoteName(string? name)
    {
        if (AuditOrigin.Current is { } origin && name is { Length: <= 80 })
        {
            origin.Event = origin.Event with { Target = origin.Event.Target.Length == 0 ? name : $"{origin.Event.Target}/{name}" };
        }
    }

    /// <summary>So much of a text as the audit keeps; of a key that stands where it is cut, nothing that could be a part of the secret.</summary>
    public static string Cut(string text, int most)
    {
        var kept = text.Length <= most ? text : VaultKeyForm.Hide(text);
        return kept.Length <= most ? kept : kept[..most];
    }

    /// <summary>An address as the audit keeps it.</summary>
    public static string? AddressOf(HttpContext context) => TextOf(context.Connection.RemoteIpAddress);

    /// <summary>The same of an address.</summary>
    public static string? TextOf(System.Net.IPAddress? address) =>
        address is not null ? (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString() : null;

    private static Resource? ResourceOf(HttpContext context) => HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method)
        ? null : context.GetEndpoint()?.Metadata.GetMetadata<Resource>();

    private static bool IsWhole(string resource) => resource.Contains('.', StringComparison.Ordinal);

    private static string ActionOf(HttpContext context, string resource) => IsWhole(resource)
        ? resource : resource + (HttpMethods.IsPost(context.Request.Method) ? ".created" : HttpMethods.IsDelete(context.Request.Method) ? ".deleted" : ".updated");

    private static double Since(HttpContext context, AuditOrigin origin) =>
        Math.Round((context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow() - origin.Event.At).TotalMilliseconds, 1);

    private static string? CodeOf(Exception exception) => exception switch
    {
        OperationCanceledException => null,
        BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } => ErrorCodes.BodyTooLarge,
        BadHttpRequestException => ErrorCodes.InvalidRequest,
        _ when StorageFaults.IsUnavailable(exception) => ErrorCodes.StorageUnavailable,
        _ => ErrorCodes.Internal,
    };

    private static AuditEvent Begin(HttpContext context, string actor, string action)
    {
        var values = context.Request.RouteValues;
        var target = string.Join('/', RouteNames
            .Select(name => name == "user" && values.ContainsKey(name) ? AdminHttp.UserSegment.Read(context) : values[name] is string written ? TargetSpelling.Of(context, name, written) : null)
            .OfType<string>());
        return new AuditEvent(
            context.TraceIdentifier, context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow(), actor, action,
            Cut(target, MaxTarget), AuditOutcomes.Denied)
        {
            Principal = values["principal"] as string is { Length: <= MaxTarget } principal ? TargetSpelling.Of(context, "principal", principal) : null,
            User = values.ContainsKey("user") ? AdminHttp.UserSegment.Read(context) : null,
            Method = context.Request.Method,
            Path = context.Request.Path.Value is { } path ? Cut(path, MaxTarget) : null,
            RemoteAddress = AddressOf(context),
            TraceId = TraceContext.IdOf(context),
            BytesIn = context.Request.ContentLength,
        };
    }
}
