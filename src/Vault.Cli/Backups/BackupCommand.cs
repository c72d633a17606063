using System.CommandLine;

namespace Vault.Cli.Backups;

/// <summary><c>vault backup</c>: says where backups are made, since no secret leaves a vault by HTTP, not even sealed.</summary>
internal static class BackupCommand
{
    /// <summary>The command.</summary>
    public static Command Build()
    {
        var command = new Command("backup", "Say how a backup is made: on the vault's machine, since no secret leaves it by HTTP.");
        command.SetAction((_, _) => Task.FromException<int>(CommandFailure.Usage(
            "A backup holds sealed secrets, so the vault's own program makes it, on the vault's machine and while it runs: `dotnet Vault.Api.dll backup <file>`, "
            + "or `./Vault.Api backup <file>` where it has its own runtime (docs/operations.md). Over HTTP there are the definitions alone: `vault export -o vault.yaml`.")));
        return command;
    }
}
