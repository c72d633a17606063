using System.IO.Pipelines;

namespace Vault.Core.Callouts;

/// <summary>One callout as the caller sent it; header values are strings of bytes (Latin-1).</summary>
public sealed record CalloutRequest
{
    /// <summary>The id of this callout, as in <c>X-Vault-Request-Id</c>.</summary>
    public required string Id { get; init; }

    /// <summary>The HTTP method.</summary>
    public required string Method { get; init; }

    /// <summary>The raw path after the name: empty, or beginning with <c>/</c>.</summary>
    public required string Path { get; init; }

    /// <summary>The raw query without <c>?</c>; null if none.</summary>
    public string? Query { get; init; }

    /// <summary>The headers that go upstream, in the caller's order; see <see cref="CallerHeaders"/>.</summary>
    public required IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; }

    /// <summary>The body; null where the request has none.</summary>
    public PipeReader? Body { get; init; }

    /// <summary>Where the callout has to be judged anew: its body, from the beginning; null: nothing of it was read.</summary>
    public Stream? Again { get; internal set; }

    /// <summary>Its declared length, if any.</summary>
    public long? ContentLength { get; init; }

    /// <summary>An upgrade (WebSocket): bytes flow both ways and are neither held, searched nor replayed.</summary>
    public bool IsUpgrade { get; init; }

    /// <summary>Whether that came as a CONNECT of HTTP/2 (RFC 8441), to which any success means that the tunnel stands.</summary>
    public bool IsConnect { get; init; }

    /// <summary>What stands before the path, for cookies; null: the caller asked for the service's own URL, and they stay the service's own.</summary>
    public ReadOnlyMemory<char>? Base { get; init; }

    /// <summary>Hands the head of the answer on before its body is there; null where the server can't.</summary>
    public Func<object?, CancellationToken, ValueTask>? FlushHead { get; init; }

    /// <summary>What <see cref="FlushHead"/> takes.</summary>
    public object? FlushState { get; init; }

    /// <summary>Looks on where it is a trial, for which a token is got anew; null: it is an app's.</summary>
    internal CalloutTrace? Trace { get; init; }

    /// <summary>Ends with the caller.</summary>
    public CancellationToken Aborted { get; init; }

    /// <summary>The <c>Content-Type</c>, or null.</summary>
    public string? ContentType => Header("Content-Type");

    /// <summary>gRPC: neither held, searched nor replayed.</summary>
    public bool IsGrpc => ContentType?.StartsWith("application/grpc", StringComparison.OrdinalIgnoreCase) is true;

    /// <summary>All values of a header as one (RFC 9110 section 5.2), or null.</summary>
    public string? All(string name)
    {
        string? all = null;
        foreach (var header in Headers)
        {
            if (header.Key.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                all = all is null ? header.Value : $"{all}, {header.Value}";
            }
        }

        return all;
    }

    /// <summary>The first value of a header, or null.</summary>
    public string? Header(string name)
    {
        foreach (var header in Headers)
        {
            if (header.Key.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return header.Value;
            }
        }

        return null;
    }
}
