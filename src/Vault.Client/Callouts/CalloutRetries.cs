using System.Collections;
using System.Net.Http.Json;
using Polly;
using Polly.Retry;

namespace Vault.Client.Callouts;

/// <summary>Tries again where that can't do a thing twice.</summary>
internal static class CalloutRetries
{
    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(30);

    /// <summary>Adds the retries to a pipeline.</summary>
    public static void Configure(ResiliencePipelineBuilder<HttpResponseMessage> pipeline, VaultCalloutOptions options, TimeProvider? time)
    {
        pipeline.TimeProvider = time ?? pipeline.TimeProvider;
        if (options.MaxRetries == 0)
        {
            return;
        }

        pipeline.AddRetry(new RetryStrategyOptions<HttpResponseMessage>
        {
            Name = "vault-retry",
            MaxRetryAttempts = options.MaxRetries,
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            Delay = options.RetryDelay,
            MaxDelay = MaxDelay,
            ShouldHandle = arguments => ValueTask.FromResult(IsSafe(arguments.Outcome.Exception, arguments.Context.GetRequestMessage())),
            DelayGenerator = arguments => ValueTask.FromResult((arguments.Outcome.Exception as VaultException)?.RetryAfter),
        });
    }

    // The service's own answers are none of the vault's business: they come back as they are, whatever their status.
    private static bool IsSafe(Exception? exception, HttpRequestMessage? request) => request is not null && CanBeSentAgain(request.Content) && exception switch
    {
        // With Retry-After the vault says that it sent nothing.
        VaultException { Code: VaultErrorCodes.AuditUnavailable or VaultErrorCodes.StorageUnavailable or VaultErrorCodes.RateLimited, RetryAfter: { } wait } => wait <= MaxDelay,

        // The service may have got it.
        VaultException { Code: VaultErrorCodes.AuditUnavailable or VaultErrorCodes.StorageUnavailable or VaultErrorCodes.UpstreamUnreachable } => OnlyReads(request.Method),
        VaultException => false,

        // There was no connection to the vault.
        HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError } => true,
        _ => false,
    };

    private static bool OnlyReads(HttpMethod method) => method == HttpMethod.Get || method == HttpMethod.Head || method == HttpMethod.Options;

    // A stream is gone once it was read, and so may be what gives its items one by one.
    private static bool CanBeSentAgain(HttpContent? content) => content switch
    {
        JsonContent { Value: { } value } => IsWhole(value),
        null or ByteArrayContent or ReadOnlyMemoryContent or JsonContent => true,
        _ => false,
    };

    private static bool IsWhole(object value)
    {
        var kinds = value.GetType().GetInterfaces().Where(kind => kind.IsGenericType).Select(kind => kind.GetGenericTypeDefinition()).ToArray();
        return !kinds.Contains(typeof(IAsyncEnumerable<>))
            && (value is not IEnumerable or string or ICollection || kinds.Contains(typeof(ICollection<>)) || kinds.Contains(typeof(IReadOnlyCollection<>)));
    }
}
