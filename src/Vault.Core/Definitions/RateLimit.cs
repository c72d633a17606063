namespace Vault.Core.Definitions;

/// <summary>How often an app may call out through a named credential.</summary>
/// <param name="Permits">So many callouts, at once too.</param>
/// <param name="PerSeconds">In so many seconds.</param>
public sealed record RateLimit(int Permits, int PerSeconds);
