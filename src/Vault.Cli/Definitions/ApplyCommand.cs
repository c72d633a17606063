using System.CommandLine;
using System.Text.Json.Nodes;
using Vault.Cli.Connections;
using Vault.Cli.Documents;
using Vault.Cli.Terminals;

namespace Vault.Cli.Definitions;

/// <summary><c>vault apply</c> and <c>vault diff</c>.</summary>
internal static class ApplyCommand
{
    // Somebody else may change something between the plan and the application of it; with so many changes at once, a person has to look.
    private const int MostPlans = 5;

    /// <summary>Shows the differences, then makes everything as the files say, all or nothing.</summary>
    public static Command BuildApply(Surroundings surroundings)
    {
        var source = new DocumentOptions();
        var yes = new Option<bool>("--yes", "-y") { Description = "Don't ask before anything is changed; nobody is asked where input is piped in." };
        var allowed = new Option<string?>("--allow-files") { Description = "A directory that ${file:…} may name files of, beside the directory of the document." };
        var command = new Command("apply", "Make everything as files say: shows the differences first, changes all or nothing, and the second time nothing.") { yes, allowed };
        source.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var document = source.Read(parsed, surroundings);
            return await ApplyAsync(document, source.DiscardsSecrets(parsed), parsed.GetValue(allowed), parsed.GetValue(yes), surroundings, cancellationToken);
        });
        return command;
    }

    /// <summary>Shows the differences, asks, and applies a document; the exit code.</summary>
    /// <param name="document">What is to be.</param>
    /// <param name="discardSecrets">Whether secrets that could travel go instead.</param>
    /// <param name="allowedFiles">A directory that secrets may come from beside the document's; null: none.</param>
    /// <param name="yes">Whether nobody is asked.</param>
    /// <param name="surroundings">Of the command.</param>
    /// <param name="cancellationToken">Of the command.</param>
    public static async Task<int> ApplyAsync(
        DefinitionsFiles document, bool discardSecrets, string? allowedFiles, bool yes, Surroundings surroundings, CancellationToken cancellationToken)
    {
        using var vault = VaultConnection.Open(surroundings);
        JsonNode? agreed = null;
        JsonObject? resolved = null;
        for (var number = 1; number <= MostPlans; number++)
        {
            // 1. The plan, and the state that it is true of.
            var (planned, state) = await DefinitionsClient.CompareAsync(vault, document, discardSecrets, cancellationToken);
            var isNew = !JsonNode.DeepEquals(planned, agreed);
            if (isNew)
            {
                OutcomeText.Write(planned, surroundings.Console, document.References());
            }

            if (!OutcomeText.HasChanges(planned) && (int?)planned["undetermined"] is null or 0)
            {
                await surroundings.Output.WriteLineAsync("no changes");
                return ExitCodes.Success;
            }

            // 2. A person agrees to it, and isn't asked again where what somebody else changed doesn't matter to it.
            if (isNew && OutcomeText.HasChanges(planned) && surroundings.CanAsk && !yes && !surroundings.Confirm($"Apply this to {vault.Address}?"))
            {
                await surroundings.Error.WriteLineAsync("Nothing was changed.");
                return ExitCodes.Failure;
            }

            // 3. It and nothing else is applied.
            agreed = planned;
            resolved ??= document.Resolve(surroundings, allowedFiles);
            if (await DefinitionsClient.ApplyAsync(vault, document, resolved, discardSecrets, state, cancellationToken) is { } outcome)
            {
                await WriteAsync(planned, outcome, surroundings);
                return ExitCodes.Success;
            }

            await surroundings.Error.WriteLineAsync("Something was changed in the vault after this was compared with it; it is compared anew.");
        }

        throw new CommandFailure(ExitCodes.Failure, $"The vault was changed by others {MostPlans} times while this was to be applied. Nothing was changed; try again.");
    }

    // Only now it is known which secrets were different.
    private static async Task WriteAsync(JsonNode planned, JsonNode outcome, Surroundings surroundings)
    {
        var undetermined = (planned["changes"]?.AsArray() ?? []).Where(change => (string?)change!["action"] == "undetermined").Select(change => (string?)change!["name"]).ToHashSet();
        OutcomeText.Write(outcome, surroundings.Console, wanted: change => (string?)change["kind"] == "credential" && undetermined.Contains((string?)change["name"]));
        await surroundings.Output.WriteLineAsync(OutcomeText.Summary(outcome));
    }

    /// <summary>Shows the differences alone. Exit code 5: there are some.</summary>
    public static Command BuildDiff(Surroundings surroundings)
    {
        var source = new DocumentOptions();
        var command = new Command("diff", "Show what `apply` would change. Secrets aren't read or compared. Exit code 5: there are differences.");
        source.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var document = source.Read(parsed, surroundings);
            using var vault = VaultConnection.Open(surroundings);
            var (planned, _) = await DefinitionsClient.CompareAsync(vault, document, source.DiscardsSecrets(parsed), cancellationToken);
            OutcomeText.Write(planned, surroundings.Console, document.References());
            await surroundings.Output.WriteLineAsync(OutcomeText.Summary(planned));
            return OutcomeText.HasChanges(planned) ? ExitCodes.Differences : ExitCodes.Success;
        });
        return command;
    }
}
