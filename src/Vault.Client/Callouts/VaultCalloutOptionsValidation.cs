using Microsoft.Extensions.Options;

namespace Vault.Client.Callouts;

/// <summary>Says everything that is wrong with the options at once.</summary>
internal sealed class VaultCalloutOptionsValidation : IValidateOptions<VaultCalloutOptions>
{
    /// <inheritdoc />
    public ValidateOptionsResult Validate(string? name, VaultCalloutOptions options)
    {
        var failures = new List<string>();
        if (options.Principal is { } principal && !CalloutUri.IsName(principal))
        {
            failures.Add("Principal is no name of a principal.");
        }

        if (options.MaxRetries is < 0 or > 10)
        {
            failures.Add("MaxRetries must be from 0 to 10.");
        }

        if (options.RetryDelay < TimeSpan.Zero || options.RetryDelay > TimeSpan.FromSeconds(30))
        {
            failures.Add("RetryDelay must be from 0 to 30 seconds.");
        }

        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures.Select(failure => $"Vault callouts of the HTTP client {name}: {failure}"));
    }
}
