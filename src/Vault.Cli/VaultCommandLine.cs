using System.CommandLine;
using Vault.Cli.Import;
using Vault.Cli.Terminals;

namespace Vault.Cli;

/// <summary>All commands, and what becomes of their failures.</summary>
internal static class VaultCommandLine
{
    /// <summary>Runs what the arguments say; one of <see cref="ExitCodes"/>.</summary>
    public static async Task<int> RunAsync(IReadOnlyList<string> args, Surroundings surroundings, CancellationToken cancellationToken)
    {
        var parsed = Build(surroundings).Parse(args);
        if (parsed.Errors.Count > 0)
        {
            await surroundings.Error.WriteLineAsync($"vault: {parsed.Errors[0].Message} See: vault --help");
            return ExitCodes.Usage;
        }

        try
        {
            return await parsed.InvokeAsync(
                new InvocationConfiguration { Output = surroundings.Output, Error = surroundings.Error, EnableDefaultExceptionHandler = false }, cancellationToken);
        }
        catch (CommandFailure failure)
        {
            await surroundings.Error.WriteLineAsync("vault: " + failure.Message);
            return failure.ExitCode;
        }
        catch (OperationCanceledException)
        {
            return ExitCodes.Interrupted;
        }
    }

    /// <summary>The commands.</summary>
    public static RootCommand Build(Surroundings surroundings)
    {
        ArgumentNullException.ThrowIfNull(surroundings);
        return new RootCommand("The command line of the vault.")
        {
            ImportCommand.Build(surroundings),
        };
    }
}
