namespace Vault.Cli.Import.Salesforce.Formulas;

/// <summary>What the names in a formula mean.</summary>
/// <param name="Name">The external credential that the formula is about, as the vault calls it.</param>
/// <param name="SalesforceName">As Salesforce calls it.</param>
/// <param name="Principals">Its principals, as Salesforce calls them: people write these in place of the credential's name.</param>
/// <param name="HasUsers">Whether it has a principal per user, so that <c>$User.Id</c> means something.</param>
/// <param name="IsOAuth">Whether it gets access tokens.</param>
internal sealed record FormulaScope(string Name, string SalesforceName, IReadOnlyList<string> Principals, bool HasUsers, bool IsOAuth);
