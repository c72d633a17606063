using System.CommandLine;
using System.Text.Json.Nodes;
using Vault.Cli.Completion;
using Vault.Cli.Connections;
using Vault.Cli.Terminals;

namespace Vault.Cli.AppKeys;

/// <summary><c>vault app-key …</c>: keys that apps call with.</summary>
internal static class AppKeyCommand
{
    /// <summary>The command with its subcommands.</summary>
    public static Command Build(Surroundings surroundings) => new("app-key", "Make and end the keys that apps call with; `vault list app-keys --app <app>` lists them.")
    {
        BuildCreate(surroundings),
        BuildDelete(surroundings),
    };

    private static Command BuildCreate(Surroundings surroundings)
    {
        var app = App(surroundings);
        var expires = new Option<string?>("--expires") { Description = "When it ends, as in 2030-01-31T00:00:00Z; left out: never." };
        var command = new Command("create", "Make a key. It is written to standard output, this once, and nowhere else.") { app, expires };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var vault = VaultConnection.Open(surroundings);
            var body = parsed.GetValue(expires) is { } end ? new JsonObject { ["expiresAt"] = end } : [];
            var made = await vault.SendAsync(HttpMethod.Post, $"apps/{VaultConnection.Segment(parsed.GetRequiredValue(app))}/keys", body, cancellationToken);
            await surroundings.Output.WriteLineAsync((string?)made["key"]);
            return ExitCodes.Success;
        });
        return command;
    }

    private static Command BuildDelete(Surroundings surroundings)
    {
        var app = App(surroundings);
        var id = new Argument<string>("id") { Description = "The id of the key." };
        var command = new Command("delete", "End a key, at once.") { app, id };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var vault = VaultConnection.Open(surroundings);
            await vault.SendAsync(
                HttpMethod.Delete, $"apps/{VaultConnection.Segment(parsed.GetRequiredValue(app))}/keys/{VaultConnection.Segment(parsed.GetRequiredValue(id))}", null, cancellationToken);
            await surroundings.Error.WriteLineAsync("The key is no longer good.");
            return ExitCodes.Success;
        });
        return command;
    }

    private static Argument<string> App(Surroundings surroundings)
    {
        var app = new Argument<string>("app") { Description = "The app.", HelpName = "app" };
        app.CompletionSources.Add(VaultNames.Of(surroundings, "apps"));
        return app;
    }
}
