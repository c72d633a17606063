using Microsoft.Extensions.Configuration;
using Vault.Core.Secrets;

namespace Vault.Core.Authentication.SecretSources;

/// <summary>The settings of one source: <c>Vault:SecretSources:{name}</c>.</summary>
/// <param name="section">The settings.</param>
/// <param name="allowHttp">Whether a source may be asked without TLS.</param>
internal sealed class SecretSourceSettings(IConfigurationSection section, bool allowHttp)
{
    /// <summary>What references call the source.</summary>
    public string Source => section.Key;

    /// <summary>A setting; null where it is absent or empty.</summary>
    public string? Find(string setting) => section[setting] is { Length: > 0 } value ? value : null;

    /// <summary>A setting that has to be there.</summary>
    /// <exception cref="VaultStartException">It isn't.</exception>
    public string Require(string setting) => Find(setting) ?? throw Bad(setting, $"is missing, and a source of type '{Find("Type")}' needs it");

    /// <summary>No others than these, <c>Type</c> and <c>CacheSeconds</c>: a misspelt bound must never be ignored.</summary>
    /// <exception cref="VaultStartException">There is another one.</exception>
    public void AllowOnly(params string[] settings)
    {
        foreach (var child in section.GetChildren())
        {
            if (!settings.Concat(["Type", "CacheSeconds"]).Contains(child.Key, StringComparer.OrdinalIgnoreCase))
            {
                throw Bad(child.Key, $"is no setting of a source of type '{Find("Type")}'");
            }
        }
    }

    /// <summary>A setting that goes into a header.</summary>
    /// <exception cref="VaultStartException">It can't.</exception>
    public string? FindHeader(string setting) => Find(setting) is not { } text || text.All(c => c is > ' ' and <= '~') ? Find(setting) : throw Bad(setting, "must be of printable ASCII characters, without white space");

    /// <summary>A setting that is a whole number of seconds.</summary>
    /// <exception cref="VaultStartException">It isn't.</exception>
    public TimeSpan Seconds(string setting, int usual, int most) => Find(setting) is not { } text ? TimeSpan.FromSeconds(usual)
        : int.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var seconds) && seconds >= 1 && seconds <= most
            ? TimeSpan.FromSeconds(seconds)
            : throw Bad(setting, $"must be a number of seconds from 1 to {most}");

    /// <summary>A setting that is an absolute URL, without a <c>/</c> at its end.</summary>
    /// <exception cref="VaultStartException">It isn't one.</exception>
    public Uri? FindUrl(string setting) => Find(setting) is not { } text ? null
        : Uri.TryCreate(text.TrimEnd('/'), UriKind.Absolute, out var url) && (url.Scheme == Uri.UriSchemeHttps || (allowHttp && url.Scheme == Uri.UriSchemeHttp))
            && url.UserInfo.Length == 0 && url.Query.Length == 0 && url.Fragment.Length == 0
            ? url
            : throw Bad(setting, $"must be an absolute {(allowHttp ? "http or https" : "https")} URL without user info, query and fragment");

    /// <summary>What to throw where a setting is wrong; never with its value where that is secret.</summary>
    public VaultStartException Bad(string setting, string problem) => new($"{section.Path}:{setting} {problem}.");
}
