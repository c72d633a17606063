
namespace Vault.Cli.Import.Salesforce.Formulas;

/// <summary>What the names in a formula mean.</summary>
/// <param name="Name">The external credential that the formula is about, as the vault calls it.</param>
/// <param name="SourceName">As Salesforce calls it.</param>
/// <param name="Principals">Its principals, as Salesforce calls them: people write these in place of the credential's name.</param>
/// <param name="HasUsers">Whether it has a principal per user, so that <c>$User.Id</c> means something.</param>
/// <param name="IsOAuth">Whether it gets access tokens.</param>
/// <param name="Owner">The named credential that the text is of; null where it is the external credential's own.</param>
/// <param name="Own">Names that mean something else in the vault's merge fields, and are parameters of this credential.</param>
internal sealed record FormulaScope(string Name, string SourceName, IReadOnlyList<string> Principals, bool HasUsers, bool IsOAuth, string? Owner = null, IReadOnlyList<string>? Own = null)
{
    /// <summary>Whether a name is that of a parameter, although it means something else in the vault's merge fields.</summary>
    public bool IsOwn(string name) => Own?.Contains(name, StringComparer.OrdinalIgnoreCase) is true;

    /// <summary>The parameter for a secret that stands in a text; several named credentials may share an external one, and each has secrets of its own.</summary>
    /// <param name="target">The header that it stands in.</param>
    public string ParameterFor(string target) => VaultName.Of($"{(Owner is null ? "" : Owner + "_")}Header_{target}");
}
