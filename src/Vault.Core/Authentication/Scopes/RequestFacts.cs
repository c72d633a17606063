using System.Collections.Frozen;
using System.Globalization;
using System.Security.Cryptography;

namespace Vault.Core.Authentication.Scopes;

/// <summary>What <c>$Request.</c> stands for: made anew for each attempt, the same all through it; contract section 9.</summary>
public sealed class RequestFacts
{
    private static readonly FrozenSet<string> Names = FrozenSet.ToFrozenSet(
        ["Id", "Method", "Path", "Query", "Host", "Nonce", "UnixTime", "UnixTimeMs", "Timestamp"], StringComparer.OrdinalIgnoreCase);

    private readonly DateTimeOffset _now;

    /// <summary>Takes the clock's reading and a nonce.</summary>
    public RequestFacts(string id, string method, string path, string query, TimeProvider time)
    {
        Id = id;
        Method = method;
        Path = path;
        Query = query;
        _now = time.GetUtcNow();
    }

    private string Id { get; }

    private string Method { get; }

    private string Path { get; }

    private string Query { get; }

    /// <summary>Where the request goes, once that is known; host and path are told by it unless they are set.</summary>
    public Uri? Target { get; set; }

    /// <summary>Whether secrets are filled into the named credential's <c>url</c>, so that what is made of it is made of them.</summary>
    public bool IsUrlSecret { get; set; }

    /// <summary>The same of the body.</summary>
    public bool IsBodySecret { get; set; }

    /// <summary>Upstream's host, with a port that isn't the scheme's.</summary>
    public string? Host
    {
        get => field ??= Target is { } target ? RequestTarget.HostOf(target) : null;
        set;
    }

    /// <summary>32 hex digits.</summary>
    public string Nonce => field ??= Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    /// <summary>Path as it is sent.</summary>
    public string? SentPath
    {
        get => field ??= Target is { } target ? RequestTarget.PathOf(target) : null;
        set;
    }

    /// <summary>Whether there is such a name.</summary>
    public static bool IsName(string name) => Names.Contains(name);

    /// <summary>The value of a name; null where there is no such name (or not at this place).</summary>
    public string? Find(string name) => name.ToUpperInvariant() switch
    {
        "ID" => Id,
        "METHOD" => Method,
        "PATH" => SentPath ?? Path,
        "QUERY" => Query,
        "HOST" => Host,
        "NONCE" => Nonce,
        "UNIXTIME" => _now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture),
        "UNIXTIMEMS" => _now.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture),
        "TIMESTAMP" => _now.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
        _ => null,
    };
}
