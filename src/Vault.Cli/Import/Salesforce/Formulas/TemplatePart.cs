namespace Vault.Cli.Import.Salesforce.Formulas;

/// <summary>A part of a template.</summary>
/// <param name="Value">Text as it is sent, or the inside of a field.</param>
/// <param name="IsField">Which of the two.</param>
internal readonly record struct TemplatePart(string Value, bool IsField)
{
    /// <summary>Text as it is sent.</summary>
    public static TemplatePart Text(string value) => new(value, IsField: false);

    /// <summary>The inside of a field.</summary>
    public static TemplatePart Field(string value) => new(value, IsField: true);
}
