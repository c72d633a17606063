using Microsoft.Extensions.Options;
using Vault.Client.Errors;

namespace Vault.Client.Callouts;

/// <summary>Sends a request to the vault instead, with the key, and turns the vault's own errors into exceptions.</summary>
/// <param name="client">Which vault.</param>
/// <param name="callouts">How this client calls out.</param>
/// <param name="clientName">The name of its options.</param>
/// <param name="namedCredential">The one service that it is for, or null.</param>
internal sealed class CalloutHandler(IOptionsMonitor<VaultClientOptions> client, IOptionsMonitor<VaultCalloutOptions> callouts, string clientName, string? namedCredential)
    : DelegatingHandler
{
    /// <summary>Holds the key.</summary>
    public const string KeyHeader = "X-Vault-Key";

    private const string PrincipalHeader = "X-Vault-Principal";
    private const string UserHeader = "X-Vault-User";

    /// <inheritdoc />
    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken) =>
        throw new NotSupportedException("Clients that use the vault send only asynchronously: use SendAsync, or another method that ends in Async, instead of Send.");

    /// <inheritdoc />
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var options = client.CurrentValue;
        var vault = options.Url ?? throw new InvalidOperationException("This client uses the vault, and nobody said which: AddVaultClient is missing, or its Url.");
        if (request.RequestUri is not { } asked || CalloutUri.ToVault(vault, namedCredential, asked) is not { } target)
        {
            return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        }

        // They would be taken off in silence, and the call made as somebody else.
        if (request.Headers.Contains(PrincipalHeader) || request.Headers.Contains(UserHeader))
        {
            throw new InvalidOperationException($"{PrincipalHeader} and {UserHeader} aren't set by hand: use AsVaultPrincipal and ForVaultUser.");
        }

        var key = options.KeySource is { } source ? await source(cancellationToken).ConfigureAwait(false) : options.Key;
        try
        {
            request.RequestUri = target;
            Set(request, KeyHeader, key);
            Set(request, PrincipalHeader, request.Options.TryGetValue(VaultRequestExtensions.Principal, out var principal) ? principal : callouts.Get(clientName).Principal);
            Set(request, UserHeader, request.Options.TryGetValue(VaultRequestExtensions.User, out var user) ? user : null);
            var response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
            return response.Headers.TryGetValues(VaultProblem.ErrorHeader, out var codes)
                ? throw await VaultProblem.ReadAsync(response, codes.First(), cancellationToken).ConfigureAwait(false)
                : response;
        }
        finally
        {
            // The request is the app's: it may be sent again, or logged, and is as it was.
            request.RequestUri = asked;
            foreach (var header in (ReadOnlySpan<string>)[KeyHeader, PrincipalHeader, UserHeader])
            {
                request.Headers.Remove(header);
            }
        }
    }

    private static void Set(HttpRequestMessage request, string header, string? value)
    {
        request.Headers.Remove(header);
        if (value is null)
        {
            return;
        }

        if (value.Any(c => c is < ' ' or > '~') || !request.Headers.TryAddWithoutValidation(header, value))
        {
            throw new InvalidOperationException($"What is to go into {header} has a character that a header can't carry.");
        }
    }
}
