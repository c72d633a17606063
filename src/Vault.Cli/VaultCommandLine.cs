using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using Vault.Cli.AppKeys;
using Vault.Cli.Audit;
using Vault.Cli.Backups;
using Vault.Cli.Callouts;
using Vault.Cli.Completion;
using Vault.Cli.Credentials;
using Vault.Cli.Definitions;
using Vault.Cli.Documents;
using Vault.Cli.Import;
using Vault.Cli.Keys;
using Vault.Cli.Listing;
using Vault.Cli.Logins;
using Vault.Cli.Terminals;

namespace Vault.Cli;

/// <summary>All commands, and what becomes of their failures.</summary>
internal static class VaultCommandLine
{
    // In bodies, @file is curl's, not a file of further arguments.
    private static readonly ParserConfiguration Parsing = new() { ResponseFileTokenReplacer = null };

    /// <summary>Runs what the arguments say; one of <see cref="ExitCodes"/>.</summary>
    public static async Task<int> RunAsync(IReadOnlyList<string> args, Surroundings surroundings, CancellationToken cancellationToken)
    {
        var parsed = Build(surroundings).Parse(args, Parsing);
        if (Mistake(parsed) is { } mistake)
        {
            var command = string.Join(' ', parsed.CommandResult.Command.Parents.OfType<Command>().Where(parent => parent is not RootCommand).Append(parsed.CommandResult.Command)
                .Where(one => one is not RootCommand).Select(one => one.Name).Prepend("vault"));
            await surroundings.Error.WriteLineAsync($"vault: {SafeText.Of(mistake)} See: {command} --help");
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
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            // A boundary: nobody is helped by a stack trace, and a message that nobody foresaw may hold anything.
            await surroundings.Error.WriteLineAsync($"vault: An unforeseen fault ended the command ({fault.GetType().Name}); please report it with what you entered, without secrets.");
            return ExitCodes.Failure;
        }
    }

    private static string? Mistake(ParseResult parsed)
    {
        if (parsed.Errors.Count == 0)
        {
            return EmptyOne(parsed) is { } empty ? $"{empty} is empty; give it a value, or leave it out." : null;
        }

        // The parser repeats what it can't place, and that may be the secret.
        if (parsed.CommandResult.Command is SecretCommand && parsed.UnmatchedTokens.Count > 0)
        {
            return SecretCommand.TooMuch;
        }

        // The parser says that a command is missing where one is misspelt.
        var names = parsed.CommandResult.Command.Subcommands.Select(command => command.Name).ToArray();
        return names.Length > 0 && parsed.UnmatchedTokens is [var given, ..]
            ? $"There is no command {given}." + (NearestName.Of(given, names) is { } nearest ? $" Did you mean {nearest}?" : "")
            : string.Join(' ', parsed.Errors[0].Message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }

    // What is empty, as an unset variable of a script is, would mean the widest: a whole list, the current directory, all secrets.
    private static string? EmptyOne(ParseResult parsed) => parsed.CommandResult.Children
        .Where(result => result.Tokens.Any(token => token.Value.Length == 0))
        .Select(result => result switch
        {
            OptionResult { Option: var option } when !RequestOptions.MayBeEmpty(option) => option.Name,
            ArgumentResult { Argument: var argument } when !RequestOptions.MayBeEmpty(argument) => $"<{argument.HelpName ?? argument.Name}>",
            _ => null,
        }).FirstOrDefault(name => name is not null);

    /// <summary>The commands.</summary>
    public static RootCommand Build(Surroundings surroundings)
    {
        var root = new RootCommand("The command line of the vault. Which vault, and with which key: VAULT_URL and VAULT_KEY, else what `vault login` keeps.")
        {
            LoginCommand.BuildLogin(surroundings),
            LoginCommand.BuildLogout(surroundings),
            ListCommand.BuildList(surroundings),
            ListCommand.BuildShow(surroundings),
            CredentialCommand.Build(surroundings),
            AppKeyCommand.Build(surroundings),
            ApplyCommand.BuildApply(surroundings),
            ApplyCommand.BuildDiff(surroundings),
            ExportCommand.BuildExport(surroundings),
            ImportCommand.Build(surroundings),
            ExportCommand.BuildSchema(surroundings),
            CallCommand.Build(surroundings),
            TrialCommand.BuildPreview(surroundings),
            TrialCommand.BuildTest(surroundings),
            KeysCommand.Build(surroundings),
            AuditCommand.Build(surroundings),
            BackupCommand.Build(),
            CompletionCommand.Build(surroundings),
        };
        foreach (var help in root.Options.OfType<HelpOption>())
        {
            help.Action = new CommandHelp();
        }

        return root;
    }
}
