namespace Vault.Cli.Import;

/// <summary>What an import may do.</summary>
/// <param name="AllowHttp">Whether named credentials with an http URL come over.</param>
/// <param name="App">An app to make, with a grant of everything that comes over; null: none.</param>
internal sealed record ImportOptions(bool AllowHttp = false, string? App = null);
