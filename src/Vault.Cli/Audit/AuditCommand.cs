using System.CommandLine;
using Vault.Cli.Connections;
using Vault.Cli.Terminals;

namespace Vault.Cli.Audit;

/// <summary><c>vault audit …</c>: what happened, and whether the record of it is whole.</summary>
internal static class AuditCommand
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private static readonly string[] Filters = ["actor", "action", "target", "outcome", "from", "to"];

    /// <summary>The command with its subcommands.</summary>
    public static Command Build(Surroundings surroundings) => new("audit", "Read the audit, and verify that it is whole.")
    {
        BuildTail(surroundings),
        BuildVerify(surroundings),
        BuildExport(surroundings),
    };

    private static Command BuildTail(Surroundings surroundings)
    {
        var count = new Option<int>("--lines", "-n") { Description = "How many records, 1 to 500.", DefaultValueFactory = _ => 20 };
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on with what happens, until interrupted." };
        var json = new Option<bool>("--json") { Description = "A JSON object per line." };
        var filters = Filters.Select(name => new Option<string?>("--" + name) { Description = name is "from" or "to" ? "A time, as in 2026-01-31T12:00:00Z." : $"Only this {name}." }).ToArray();
        var command = new Command("tail", "Show the newest records, oldest first.") { count, follow, json };
        foreach (var filter in filters)
        {
            command.Add(filter);
        }

        command.SetAction(async (parsed, cancellationToken) =>
        {
            var lines = parsed.GetValue(count);
            if (lines is < 1 or > 500)
            {
                throw CommandFailure.Usage("--lines must be from 1 to 500.");
            }

            using var vault = VaultConnection.Open(surroundings);
            var query = string.Concat(filters.Where(filter => parsed.GetValue(filter) is not null).Select(filter => $"&{filter.Name[2..]}={Uri.EscapeDataString(parsed.GetValue(filter) ?? "")}"));
            var tail = new AuditTail(surroundings, vault, query, parsed.GetValue(json));
            await tail.WriteNewestAsync(lines, cancellationToken);
            while (parsed.GetValue(follow))
            {
                await Task.Delay(Pause, surroundings.Time, cancellationToken);
                await tail.WriteNewAsync(cancellationToken);
            }

            return ExitCodes.Success;
        });
        return command;
    }

    private static Command BuildVerify(Surroundings surroundings)
    {
        var command = new Command("verify", "Verify the chain of all records. Exit code 1: it is not whole.");
        command.SetAction(async (_, cancellationToken) =>
        {
            using var vault = VaultConnection.Open(surroundings);
            var verdict = await vault.SendAsync(HttpMethod.Post, "audit/verify", null, cancellationToken);
            if ((bool?)verdict["valid"] is not true)
            {
                throw new CommandFailure(
                    ExitCodes.Failure, SafeText.Of($"The audit is not whole: {verdict["fault"]} at record {verdict["sequence"]}. Keep the database as it is, and compare it with a backup."));
            }

            await surroundings.Output.WriteLineAsync($"{verdict["entries"]} records, all as the vault wrote them.");
            return ExitCodes.Success;
        });
        return command;
    }

    private static Command BuildExport(Surroundings surroundings)
    {
        var command = new Command("export", "Write all records, oldest first, a JSON object per line.");
        command.SetAction(async (_, cancellationToken) =>
        {
            using var vault = VaultConnection.Open(surroundings);
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"{vault.Address}api/v1/audit/export"));
            using var answer = await vault.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            await vault.ThrowIfRefusedAsync(answer, cancellationToken);
            await using var output = surroundings.OpenOutput();
            await answer.Content.CopyToAsync(output, cancellationToken);
            return ExitCodes.Success;
        });
        return command;
    }
}
