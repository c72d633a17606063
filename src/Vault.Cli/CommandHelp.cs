using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Vault.Cli;

/// <summary>The help of a command. Its list of subcommands shows what each must have: the library brackets optional arguments in the usage line alone.</summary>
internal sealed class CommandHelp : SynchronousCommandLineAction
{
    private readonly HelpAction _library = new();

    /// <inheritdoc/>
    public override bool ClearsParseErrors => true;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        // The commands are made anew for each run, so that nobody else sees this.
        foreach (var argument in parseResult.CommandResult.Command.Subcommands.SelectMany(command => command.Arguments).Where(argument => argument.Arity.MinimumNumberOfValues == 0))
        {
            argument.Hidden = true;
        }

        return _library.Invoke(parseResult);
    }
}
