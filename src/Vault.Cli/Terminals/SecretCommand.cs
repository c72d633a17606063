using System.CommandLine;

namespace Vault.Cli.Terminals;

/// <summary>A command that asks for a secret (<see cref="SecretInput"/>): what stands behind it in vain may be that secret, and is never repeated.</summary>
/// <param name="name">Of the command.</param>
/// <param name="description">What it does.</param>
internal sealed class SecretCommand(string name, string description) : Command(name, description)
{
    /// <summary>What is said where there is more on the command line than the command takes.</summary>
    public const string TooMuch = "There is an argument too many, or an option that isn't known. A secret is never an argument, which others could read: it is asked for, or piped in.";
}
