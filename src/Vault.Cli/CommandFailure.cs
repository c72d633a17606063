namespace Vault.Cli;

/// <summary>Ends a command with a sentence that says what is wrong and what to do; nobody ever sees a stack trace.</summary>
/// <param name="exitCode">One of <see cref="ExitCodes"/>.</param>
/// <param name="message">For people; never holds a secret.</param>
internal class CommandFailure(int exitCode, string message) : Exception(message)
{
    /// <summary>One of <see cref="ExitCodes"/>.</summary>
    public int ExitCode => exitCode;

    /// <summary>A mistake on the command line or in a file.</summary>
    public static CommandFailure Usage(string message) => new(ExitCodes.Usage, message);
}
