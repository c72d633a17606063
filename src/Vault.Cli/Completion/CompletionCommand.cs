using System.CommandLine;
using Vault.Cli.Terminals;

namespace Vault.Cli.Completion;

/// <summary><c>vault completion</c>: scripts by which shells ask this command itself what may follow.</summary>
internal static class CompletionCommand
{
    private static readonly Dictionary<string, string> Scripts = new(StringComparer.Ordinal)
    {
        ["bash"] = """
            # vault completion for bash: source <(vault completion bash)
            _vault_complete() {
              local IFS=$'\n'
              COMPREPLY=($(compgen -W "$(vault "[suggest:${COMP_POINT}]" "${COMP_LINE}" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
            }
            complete -o default -F _vault_complete vault
            """,
        ["zsh"] = """
            # vault completion for zsh: source <(vault completion zsh)
            _vault_complete() {
              local -a completions
              completions=("${(@f)$(vault "[suggest:${CURSOR}]" "${BUFFER}" 2>/dev/null)}")
              compadd -a completions
              _files
            }
            compdef _vault_complete vault
            """,
        ["fish"] = """
            # vault completion for fish: vault completion fish | source
            complete -c vault -a '(vault "[suggest:"(commandline -C)"]" (commandline -cp | string collect) 2>/dev/null)'
            """,
        ["pwsh"] = """
            # vault completion for PowerShell: vault completion pwsh | Out-String | Invoke-Expression
            Register-ArgumentCompleter -Native -CommandName vault -ScriptBlock {
              param($wordToComplete, $commandAst, $cursorPosition)
              vault "[suggest:$cursorPosition]" "$commandAst" | ForEach-Object { [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_) }
            }
            """,
    };

    /// <summary>Writes the script of a shell.</summary>
    public static Command Build(Surroundings surroundings)
    {
        var shell = new Argument<string>("shell") { Description = "bash, zsh, fish or pwsh." };
        shell.AcceptOnlyFromAmong([.. Scripts.Keys]);
        var command = new Command("completion", "Write the completion script of a shell; names come from the vault.") { shell };
        command.SetAction(async (parsed, _) =>
        {
            await surroundings.Output.WriteLineAsync(Scripts[parsed.GetRequiredValue(shell)].ReplaceLineEndings("\n"));
            return ExitCodes.Success;
        });
        return command;
    }
}
