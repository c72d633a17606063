using Vault.Core.Primitives;

namespace Vault.Core.Administration.Secrets;

/// <summary>Whose secrets: those of a principal, or of one user of a per-user principal.</summary>
/// <param name="External">The external credential.</param>
/// <param name="Principal">The principal.</param>
/// <param name="User">The user; empty: the principal itself.</param>
public sealed record AccountName(DeveloperName External, DeveloperName Principal, string User);
