namespace Vault.Cli.Import;

/// <summary>A parameter that isn't given away, or that a definitions file doesn't hold: somebody has to enter it.</summary>
/// <param name="ExternalCredential">Of this external credential.</param>
/// <param name="Principal">Of this principal.</param>
/// <param name="IsPerUser">Whether each user has their own.</param>
/// <param name="Parameter">Its name.</param>
/// <param name="Meaning">What it is, for people.</param>
/// <param name="KnownValue">Its value where it stands in the files and is no secret (a user name, a client id), else null.</param>
internal sealed record SecretToEnter(string ExternalCredential, string Principal, bool IsPerUser, string Parameter, string Meaning, string? KnownValue = null)
{
    /// <summary>The file that the command reads it from; null: it is asked for. A key of many lines isn't one to paste at a prompt.</summary>
    public string? File => !Meaning.Contains("(PEM", StringComparison.Ordinal) ? null
        : Parameter.EndsWith("_Certificate", StringComparison.Ordinal) ? "certificate.pem" : "key.pem";

    /// <summary>The command that sets it.</summary>
    public string Command => CommandOf(ExternalCredential, Parameter, Principal, IsPerUser) + (File is { } file ? " < " + file : "");

    /// <summary>The command that sets a parameter.</summary>
    public static string CommandOf(string externalCredential, string parameter, string principal, bool isPerUser) =>
        $"vault credential set {externalCredential} {parameter}" + (principal == "default" ? "" : $" --principal {principal}") + (isPerUser ? " --user <user>" : "");
}
