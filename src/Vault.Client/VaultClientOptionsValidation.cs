using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;

namespace Vault.Client;

/// <summary>Says everything that is wrong with the options at once, and never repeats a key.</summary>
internal sealed partial class VaultClientOptionsValidation : IValidateOptions<VaultClientOptions>
{
    /// <inheritdoc />
    public ValidateOptionsResult Validate(string? name, VaultClientOptions options)
    {
        var failures = new List<string>();
        if (options.Url is not { IsAbsoluteUri: true } url || (url.Scheme != Uri.UriSchemeHttps && url.Scheme != Uri.UriSchemeHttp))
        {
            failures.Add("Url is required: the vault's absolute http or https address, as in https://vault.example.");
        }
        else if (url.UserInfo.Length > 0 || url.Query.Length > 0 || url.Fragment.Length > 0)
        {
            failures.Add("Url must have no user info, query or fragment; the key goes into Key.");
        }
        else if (url.Scheme == Uri.UriSchemeHttp && !url.IsLoopback && !options.AllowHttp)
        {
            failures.Add("Url is http, so that the key would travel in the clear: use https, or set AllowHttp.");
        }

        if ((options.Key is null) == (options.KeySource is null))
        {
            failures.Add("Exactly one of Key and KeySource is required: the key of an app (POST /api/v1/apps/{app}/keys).");
        }
        else if (options.Key is { } key && !Key().IsMatch(key))
        {
            failures.Add("Key has the form neither of a vault key (vk_…_…) nor of a JWT; was it cut off, or quoted?");
        }

        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures.Select(failure => "Vault client: " + failure));
    }

    [GeneratedRegex(@"\A(vk_[A-Za-z0-9]{8,32}_[A-Za-z0-9_-]{32,}|[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Key();
}
