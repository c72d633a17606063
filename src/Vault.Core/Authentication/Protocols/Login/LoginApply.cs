using Vault.Core.Authentication.Settings;

namespace Vault.Core.Authentication.Protocols.Login;

/// <summary>What a sign-in puts on callouts.</summary>
internal sealed record LoginApply(IReadOnlyList<NamedTemplate> Headers, IReadOnlyList<NamedTemplate> Query, IReadOnlyList<NamedTemplate> Cookies)
{
    /// <summary>All of them.</summary>
    public IEnumerable<NamedTemplate> All => [.. Headers, .. Query, .. Cookies];
}
