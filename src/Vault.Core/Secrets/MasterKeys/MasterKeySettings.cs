using Microsoft.Extensions.Configuration;

namespace Vault.Core.Secrets.MasterKeys;

/// <summary>The settings of a provider: <c>Vault:MasterKey</c>, or <c>Vault:MasterKey:New</c> while the key is changed. Contract section 8.</summary>
/// <param name="section">The settings.</param>
/// <param name="defaultPath">Where the key file is unless <c>Path</c> says so; null: it has to.</param>
internal sealed class MasterKeySettings(IConfigurationSection section, string? defaultPath)
{
    /// <summary>See the constructor.</summary>
    public string? DefaultPath => defaultPath;

    /// <summary>A setting's full name, as in <c>Vault:MasterKey:KeyId</c>.</summary>
    public string NameOf(string setting) => $"{section.Path}:{setting}";

    /// <summary>A setting; null where it is absent or empty.</summary>
    public string? Find(string setting) => section[setting] is { Length: > 0 } value ? value : null;

    /// <summary>A setting that has to be there.</summary>
    /// <exception cref="VaultStartException">It isn't.</exception>
    public string Require(string setting) => Find(setting) ?? throw Bad(setting, $"is missing, and the provider '{Find("Provider")}' needs it");

    /// <summary>A setting that is an absolute URL.</summary>
    /// <exception cref="VaultStartException">It isn't one.</exception>
    public Uri? FindUrl(string setting, bool mayBeHttp) => Find(setting) is not { } text ? null
        : Uri.TryCreate(text, UriKind.Absolute, out var url) && (url.Scheme == Uri.UriSchemeHttps || (mayBeHttp && url.Scheme == Uri.UriSchemeHttp))
            && url.UserInfo.Length == 0 && url.Query.Length == 0 && url.Fragment.Length == 0
            ? url
            : throw Bad(setting, "must be an absolute https URL without user info, query and fragment");

    /// <summary>The settings below one, by name.</summary>
    public Dictionary<string, string> Below(string setting) =>
        section.GetSection(setting).GetChildren().Where(child => child.Value is { Length: > 0 }).ToDictionary(child => child.Key, child => child.Value ?? "");

    /// <summary>What to throw where a setting is wrong; never with its value where that is secret.</summary>
    public VaultStartException Bad(string setting, string problem, Exception? innerException = null) => new($"{NameOf(setting)} {problem}.", innerException);
}
