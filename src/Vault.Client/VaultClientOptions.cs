namespace Vault.Client;

/// <summary>Which vault to call, and as whom.</summary>
public sealed class VaultClientOptions
{
    /// <summary>Where the vault is, as in <c>https://vault.example</c>; a path is kept. Required.</summary>
    public Uri? Url { get; set; }

    /// <summary>The app's key (<c>vk_…</c>), or a token of an issuer that the vault knows. Required where there is no <see cref="KeySource"/>. Read anew for each call, so that a key can be changed without a restart.</summary>
    public string? Key { get; set; }

    /// <summary>Gives the key or token for each call, instead of <see cref="Key"/>; for tokens that change often. It should keep what it has for as long as it is good.</summary>
    public Func<CancellationToken, ValueTask<string>>? KeySource { get; set; }

    /// <summary>Whether <see cref="Url"/> may be http although it isn't this machine; the key then travels in the clear.</summary>
    /// <value>Default false.</value>
    public bool AllowHttp { get; set; }
}
