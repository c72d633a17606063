namespace Vault.Client;

/// <summary>How one HTTP client calls out.</summary>
public sealed class VaultCalloutOptions
{
    /// <summary>The principal whose secrets are used, where a request doesn't say; null: of those granted to the app, the one that comes first.</summary>
    /// <value>Default null.</value>
    public string? Principal { get; set; }

    /// <summary>How often a call is tried again: only where it is certain that nothing reached the service, or where the method only reads. 0 to 10.</summary>
    /// <value>Default 3.</value>
    public int MaxRetries { get; set; } = 3;

    /// <summary>How long to wait before the first retry; it doubles from there, with a random part. What a vault asks for (<c>Retry-After</c>) wins, up to 30 s. 0 to 30 s.</summary>
    /// <value>Default 200 ms.</value>
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromMilliseconds(200);
}
