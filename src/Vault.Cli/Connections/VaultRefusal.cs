namespace Vault.Cli.Connections;

/// <summary>The vault refused a request: its problem document.</summary>
/// <param name="exitCode">One of <see cref="ExitCodes"/>.</param>
/// <param name="message">For people.</param>
/// <param name="code">As in <c>secrets-would-travel</c>.</param>
/// <param name="errors">JSON path to messages.</param>
internal sealed class VaultRefusal(int exitCode, string message, string code, IReadOnlyDictionary<string, IReadOnlyList<string>> errors) : CommandFailure(exitCode, message)
{
    /// <summary>The vault's code.</summary>
    public string Code => code;

    /// <summary>JSON path to messages.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Errors => errors;
}
