namespace Vault.Core.Definitions;

/// <summary>An entry of <c>allowedHosts</c>, normalised: lower case, punycode, no trailing dot, IPv6 in brackets.</summary>
/// <param name="Scheme"><c>https</c>, or <c>http</c> where the entry says so.</param>
/// <param name="Host">The host; of a wildcard, what follows <c>*.</c>.</param>
/// <param name="Port">The port; the scheme's own where the entry has none.</param>
/// <param name="IsWildcard"><c>*.</c>: one or more labels before <paramref name="Host"/>.</param>
public sealed partial record AllowedHost(string Scheme, string Host, int Port, bool IsWildcard);
