namespace Vault.Core.Egress;

/// <summary>
/// Tells requests that this vault sent itself, whatever way they came back: through a load balancer, a name that wasn't known
/// to be its own, another proxy. Every request that leaves is marked with <c>CDN-Loop</c> (RFC 8586), which intermediaries,
/// other vaults among them, must keep; see docs/decisions/0009.
/// </summary>
/// <param name="id">Names this vault, all its replicas alike; first asked for when something is sent or arrives.</param>
public sealed class LoopGuard(Func<string> id)
{
    /// <summary>The header.</summary>
    public const string Header = "CDN-Loop";

    private readonly Lazy<string> _mark = new(() => "vault-" + id());

    /// <summary>Whether a request with these values of <see cref="Header"/> has been through this vault.</summary>
    public bool IsOwn(IEnumerable<string?> values) => values.Any(value => value?.Contains(_mark.Value, StringComparison.OrdinalIgnoreCase) is true);

    /// <summary>Marks a request, beside whatever marks it has.</summary>
    internal void Mark(HttpRequestMessage request)
    {
        if (!request.Headers.NonValidated.TryGetValues(Header, out var values) || !IsOwn(values))
        {
            request.Headers.TryAddWithoutValidation(Header, _mark.Value);
        }
    }
}
