using System.CommandLine;
using Vault.Cli.Completion;
using Vault.Cli.Connections;
using Vault.Cli.Documents;
using Vault.Cli.Terminals;

namespace Vault.Cli.Listing;

/// <summary><c>vault list</c> and <c>vault show</c>.</summary>
internal static class ListCommand
{
    /// <summary>Lists what there is of a kind.</summary>
    public static Command BuildList(Surroundings surroundings)
    {
        var (kind, app) = (ResourceKind.Argument(ResourceKind.All), ResourceKind.AppOption(surroundings));
        var search = new Option<string?>("--search", "-s") { Description = "Only those with this in their name or label." };
        var json = new Option<bool>("--json") { Description = "JSON instead of a table." };
        var command = new Command("list", "List what there is of a kind.") { kind, app, search, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var chosen = ResourceKind.Of(parsed.GetRequiredValue(kind));
            var path = chosen.PathFor(parsed.GetValue(app));
            using var vault = VaultConnection.Open(surroundings);
            var items = await vault.ListAsync(parsed.GetValue(search) is { } text ? $"{path}?search={Uri.EscapeDataString(text)}" : path, cancellationToken);
            await TableText.WriteAsync(surroundings, items, parsed.GetValue(json), chosen.Columns);
            return ExitCodes.Success;
        });
        return command;
    }

    /// <summary>Shows one thing, with all its settings; never a secret.</summary>
    public static Command BuildShow(Surroundings surroundings)
    {
        var kind = ResourceKind.Argument(ResourceKind.All.Where(one => one.Name is "external-credentials" or "named-credentials" or "apps"));
        var name = new Argument<string>("name") { Description = "Its name.", HelpName = "name" };
        name.CompletionSources.Add(VaultNames.Of(surroundings, kind));
        var json = new Option<bool>("--json") { Description = "JSON instead of YAML." };
        var command = new Command("show", "Show one definition with all its settings; secrets never.") { kind, name, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var vault = VaultConnection.Open(surroundings);
            var item = await vault.GetAsync($"{parsed.GetRequiredValue(kind)}/{VaultConnection.Segment(parsed.GetRequiredValue(name))}", cancellationToken);
            if (parsed.GetValue(json))
            {
                await surroundings.Output.WriteLineAsync(item.ToJsonString(OutputText.Json));
            }
            else
            {
                DefinitionsYaml.Write(item, surroundings.Output);
            }

            return ExitCodes.Success;
        });
        return command;
    }
}
