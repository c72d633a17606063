using Microsoft.Extensions.Options;
using Microsoft.Kiota.Abstractions;
using Microsoft.Kiota.Abstractions.Authentication;

namespace Vault.Client.Admin;

/// <summary>Puts the key on requests to the vault, and on no other.</summary>
/// <param name="options">Holds vault and key.</param>
/// <param name="name">Of the options.</param>
internal sealed class VaultKeyAuthentication(IOptionsMonitor<VaultClientOptions> options, string name) : IAuthenticationProvider
{
    /// <inheritdoc />
    public async Task AuthenticateRequestAsync(
        RequestInformation request, Dictionary<string, object>? additionalAuthenticationContext = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        var current = options.Get(name);
        if (current.Url is not { } vault || Uri.Compare(vault, request.URI, UriComponents.SchemeAndServer, UriFormat.UriEscaped, StringComparison.OrdinalIgnoreCase) != 0)
        {
            throw new InvalidOperationException("The request doesn't go to the vault; its key stays here.");
        }

        request.Headers.Remove("X-Vault-Key");
        request.Headers.Add("X-Vault-Key", (current.KeySource is { } source ? await source(cancellationToken).ConfigureAwait(false) : current.Key) ?? "");
    }
}
