namespace Vault.Cli.Import.Salesforce.Formulas;

/// <summary>A value that a formula takes from somewhere the vault knows nothing of, or a secret that stood in it.</summary>
/// <param name="Name">The parameter that holds it from now on.</param>
/// <param name="Meaning">What it is, for people.</param>
internal sealed record FormulaParameter(string Name, string Meaning);

/// <summary>A text with formulas, as a template of the vault's.</summary>
internal sealed class Translation
{
    private readonly List<FormulaParameter> _parameters = [];
    private readonly List<string> _notes = [];

    /// <summary>The template.</summary>
    public string Text { get; set; } = "";

    /// <summary>The parameters that it names.</summary>
    public IReadOnlyList<FormulaParameter> Parameters => [.. _parameters.DistinctBy(parameter => parameter.Name.ToUpperInvariant())];

    /// <summary>What is different from the original.</summary>
    public IReadOnlyList<string> Notes => [.. _notes.Distinct(StringComparer.Ordinal)];

    /// <summary>Whether a secret stood in the text.</summary>
    public bool HadSecret { get; set; }

    /// <summary>It names a parameter.</summary>
    public void Needs(string name, string meaning) => _parameters.Add(new FormulaParameter(name, meaning));

    /// <summary>It is different from the original.</summary>
    public void Note(string sentence) => _notes.Add(sentence);
}
