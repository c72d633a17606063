namespace Vault.Cli.Import.Salesforce.Formulas;

/// <summary>A formula that can't come over; the message is a sentence for the report, and quotes no text of the formula's strings.</summary>
internal sealed class FormulaException(string message) : Exception(message);
