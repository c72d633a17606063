using System.CommandLine;
using Spectre.Console;
using Vault.Cli.Connections;
using Vault.Cli.Terminals;

namespace Vault.Cli.Keys;

/// <summary><c>vault keys …</c>: the keys that secrets are sealed under.</summary>
internal static class KeysCommand
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <summary>The command with its subcommands.</summary>
    public static Command Build(Surroundings surroundings) => new("keys", "List, rotate and verify the keys that secrets are sealed under.")
    {
        BuildList(surroundings),
        BuildRotate(surroundings),
        BuildRewrap(surroundings),
        BuildVerify(surroundings),
    };

    private static Command BuildList(Surroundings surroundings)
    {
        var json = new Option<bool>("--json") { Description = "JSON instead of a table." };
        var command = new Command("list", "List the vault keys; never the keys themselves.") { json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var vault = VaultConnection.Open(surroundings);
            await TableText.WriteAsync(
                surroundings, await vault.ListAsync("keys", cancellationToken), parsed.GetValue(json), Column.Of("Id", "id"), Column.Of("Created", "createdAt"), Column.Of("Active", "active"));
            return ExitCodes.Success;
        });
        return command;
    }

    private static Command BuildRotate(Surroundings surroundings)
    {
        var command = new Command("rotate", "Make a new vault key the active one; `keys rewrap` moves what is sealed already.");
        command.SetAction(async (_, cancellationToken) =>
        {
            using var vault = VaultConnection.Open(surroundings);
            var made = await vault.SendAsync(HttpMethod.Post, "keys/rotate", null, cancellationToken);
            await surroundings.Output.WriteLineAsync($"The active vault key is {SafeText.Of((string?)made["id"])} now. Next: vault keys rewrap");
            return ExitCodes.Success;
        });
        return command;
    }

    private static Command BuildRewrap(Surroundings surroundings)
    {
        var command = new Command("rewrap", "Move every sealed value to the active vault key, while callouts go on.");
        command.SetAction(async (_, cancellationToken) =>
        {
            using var vault = VaultConnection.Open(surroundings);
            var id = (string?)(await vault.SendAsync(HttpMethod.Post, "keys/rewrap", null, cancellationToken))["id"] ?? "";
            var (status, done) = ("running", 0L);
            await surroundings.Console.Progress().AutoClear(true).StartAsync(async progress =>
            {
                var task = progress.AddTask("Rewrapping");
                while (status == "running")
                {
                    var operation = await vault.GetAsync($"operations/{VaultConnection.Segment(id)}", cancellationToken);
                    (status, done) = ((string?)operation["status"] ?? "failed", (long?)operation["done"] ?? 0);
                    task.MaxValue = Math.Max(1, (long?)operation["total"] ?? 1);
                    task.Value = done;
                    if (status == "running")
                    {
                        await Task.Delay(Pause, surroundings.Time, cancellationToken);
                    }
                }
            });
            if (status != "completed")
            {
                throw new CommandFailure(ExitCodes.Failure, $"The operation {SafeText.Of(id)} failed after {done} values; the vault's log says why. Start it again: it goes on where it stopped.");
            }

            await surroundings.Output.WriteLineAsync($"{done} values are under the active vault key.");
            return ExitCodes.Success;
        });
        return command;
    }

    private static Command BuildVerify(Surroundings surroundings)
    {
        var command = new Command("verify", "Open every sealed value and check every row. Exit code 1: something is not as it should be.");
        command.SetAction(async (_, cancellationToken) =>
        {
            using var vault = VaultConnection.Open(surroundings);
            var verdict = await vault.SendAsync(HttpMethod.Post, "keys/verify", null, cancellationToken);
            await surroundings.Output.WriteLineAsync(verdict.ToJsonString(OutputText.Json));
            return (bool?)verdict["valid"] is true
                ? ExitCodes.Success
                : throw new CommandFailure(ExitCodes.Failure, "Not all of it is as the vault left it; what isn't is listed above. Restore it from a backup.");
        });
        return command;
    }
}
