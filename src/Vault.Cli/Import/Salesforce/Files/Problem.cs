namespace Vault.Cli.Import.Salesforce.Files;

/// <summary>What is wrong with a file.</summary>
/// <param name="Sentence">For people.</param>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1.</param>
internal sealed record Problem(string Sentence, int Line, int Column);
