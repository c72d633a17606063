using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Vault.Core.Definitions;
using Vault.Core.Primitives;

namespace Vault.Core.Administration.Consents;

/// <summary>The settings of consents: <c>Vault:PublicUrl</c> and <c>Vault:AllowedReturnUrls</c>.</summary>
/// <param name="PublicUrl">Where browsers reach the vault; null: at the address that it listens on.</param>
/// <param name="AllowedReturnUrls">Where a person may be sent afterwards: these URLs and what is below them.</param>
public sealed record ConsentOptions(Uri? PublicUrl, IReadOnlyList<Uri> AllowedReturnUrls)
{
    /// <summary>Reads the settings.</summary>
    /// <exception cref="OptionsValidationException">A setting is wrong; the message names it.</exception>
    public static ConsentOptions Read(IConfiguration configuration)
    {
        var failures = new List<string>();
        var text = configuration["Vault:PublicUrl"];
        var publicUrl = string.IsNullOrWhiteSpace(text) ? null : ReadUrl("Vault:PublicUrl", text, failures);
        var returns = (SettingList.Read(configuration, "Vault:AllowedReturnUrls") ?? [])
            .Select(entry => ReadUrl("Vault:AllowedReturnUrls", entry, failures))
            .OfType<Uri>()
            .ToArray();
        return failures.Count == 0
            ? new ConsentOptions(publicUrl, returns)
            : throw new OptionsValidationException("Vault", typeof(ConsentOptions), failures);
    }

    /// <summary>Whether a person may be sent there.</summary>
    public bool IsReturnAllowed(Uri url) => url.UserInfo.Length == 0 && AllowedReturnUrls.Any(allowed =>
        AllowedHost.Of(url) == AllowedHost.Of(allowed)
        && (url.AbsolutePath == allowed.AbsolutePath || url.AbsolutePath.StartsWith(allowed.AbsolutePath.TrimEnd('/') + "/", StringComparison.Ordinal)));

    private static Uri? ReadUrl(string setting, string text, List<string> failures)
    {
        if (Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "https" or "http" && uri.UserInfo.Length == 0 && uri.Query.Length == 0 && uri.Fragment.Length == 0)
        {
            return uri;
        }

        // It may have a password in it.
        failures.Add($"{setting}{(text.Contains('@', StringComparison.Ordinal) ? "" : $": '{text}'")} must be an absolute URL without query and fragment, such as https://vault.example.");
        return null;
    }
}

/// <summary>Where browsers reach the vault.</summary>
public interface IPublicAddress
{
    /// <summary>Scheme, host and port, and a path if there is one, without a slash at the end.</summary>
    string Url { get; }
}
