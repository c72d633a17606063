using System.CommandLine;
using System.Text.Json.Nodes;
using Vault.Cli.Completion;
using Vault.Cli.Connections;
using Vault.Cli.Terminals;

namespace Vault.Cli.Credentials;

/// <summary><c>vault credential …</c>: secret values, which go in and never come out.</summary>
internal static class CredentialCommand
{
    /// <summary>The command with its subcommands.</summary>
    public static Command Build(Surroundings surroundings) => new("credential", "Set, look at and remove secret values; they never come out.")
    {
        BuildSet(surroundings),
        BuildShow(surroundings),
        BuildRemove(surroundings),
        BuildRefresh(surroundings),
    };

    private static Command BuildSet(Surroundings surroundings)
    {
        var target = new CredentialTarget(surroundings);
        var parameter = new Argument<string>("parameter") { Description = "As in Password; which there are, the protocol says." };
        var command = target.AddTo(new SecretCommand("set", "Set a secret value. It is asked for without echo, or piped in; never an argument, which others could read."), parameter);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var name = parsed.GetRequiredValue(parameter);
            if (name.Any(static character => !char.IsAsciiLetterOrDigit(character) && character != '_'))
            {
                // It may be Password=the-secret, and is repeated nowhere.
                throw CommandFailure.Usage($"That is no name of a parameter. {SecretCommand.TooMuch} See: vault credential set --help");
            }

            using var vault = VaultConnection.Open(surroundings);
            var value = await SecretInput.ReadAsync(surroundings, $"{target.Subject(parsed)} {name}", cancellationToken);
            await vault.SendAsync(HttpMethod.Patch, target.Path(parsed), new JsonObject { ["parameters"] = new JsonObject { [name] = value } }, cancellationToken);
            await surroundings.Error.WriteLineAsync($"{name} of {target.Subject(parsed)} is set.");
            return ExitCodes.Success;
        });
        return command;
    }

    private static Command BuildShow(Surroundings surroundings)
    {
        var target = new CredentialTarget(surroundings);
        var json = new Option<bool>("--json") { Description = "JSON instead of a table." };
        var command = target.AddTo(new Command("show", "Show which secret values are set, and since when; and the tokens got with them."));
        command.Add(json);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var vault = VaultConnection.Open(surroundings);
            var status = await vault.GetAsync(target.Path(parsed), cancellationToken);
            if (parsed.GetValue(json))
            {
                await surroundings.Output.WriteLineAsync(status.ToJsonString(OutputText.Json));
                return ExitCodes.Success;
            }

            await surroundings.Output.WriteLineAsync($"{target.Subject(parsed)}: {((string?)status["status"] == "configured" ? "configured" : "not configured")}");
            await TableText.WriteAsync(
                surroundings, [.. (status["parameters"] as JsonArray ?? []).OfType<JsonNode>()], false, Column.Of("Parameter", "name"), Column.Of("Set", "updatedAt"));
            if (status["tokens"] is JsonArray { Count: > 0 } tokens)
            {
                await TableText.WriteAsync(
                    surroundings, [.. tokens.OfType<JsonNode>()], false, Column.Of("Token for", "namedCredential"), Column.Of("Status", "status"), Column.Of("Expires", "expiresAt"));
            }

            return ExitCodes.Success;
        });
        return command;
    }

    private static Command BuildRemove(Surroundings surroundings)
    {
        var target = new CredentialTarget(surroundings);
        var parameter = new Argument<string?>("parameter") { Description = "The one to remove; left out: all of them, and the tokens got with them.", Arity = ArgumentArity.ZeroOrOne };
        var command = target.AddTo(new Command("remove", "Remove a secret value, or all of them."), parameter);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var vault = VaultConnection.Open(surroundings);
            var name = parsed.GetValue(parameter);
            var before = await vault.GetAsync(target.Path(parsed), cancellationToken);
            if (!Holds(before, name))
            {
                throw new CommandFailure(ExitCodes.Failure, SafeText.Of($"{target.Subject(parsed)} has {(name is null ? "no secret values" : "no " + name)}; nothing was removed."));
            }

            if (name is null)
            {
                await vault.SendAsync(HttpMethod.Delete, target.Path(parsed), null, cancellationToken);
            }
            else
            {
                await vault.SendAsync(HttpMethod.Patch, target.Path(parsed), new JsonObject { ["parameters"] = new JsonObject { [name] = null } }, cancellationToken);
            }

            await surroundings.Error.WriteLineAsync($"{name ?? "Everything"} of {target.Subject(parsed)} is removed.");
            return ExitCodes.Success;
        });
        return command;
    }

    // Whether there is what is to be removed: this parameter, or any, or a token.
    private static bool Holds(JsonNode status, string? parameter)
    {
        var names = (status["parameters"] as JsonArray ?? []).Select(one => (string?)one?["name"]);
        return parameter is not null ? names.Contains(parameter, StringComparer.OrdinalIgnoreCase) : names.Any() || status["tokens"] is JsonArray { Count: > 0 };
    }

    private static Command BuildRefresh(Surroundings surroundings)
    {
        var target = new CredentialTarget(surroundings);
        var named = new Option<string?>("--named-credential") { Description = "For which, where tokens are its own.", HelpName = "named-credential" };
        named.CompletionSources.Add(VaultNames.Of(surroundings, "named-credentials"));
        var command = target.AddTo(new Command("refresh", "Get a fresh token now."));
        command.Add(named);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var vault = VaultConnection.Open(surroundings);
            var body = parsed.GetValue(named) is { } name ? new JsonObject { ["namedCredential"] = name } : [];
            var token = await vault.SendAsync(HttpMethod.Post, target.Path(parsed) + "/refresh", body, cancellationToken);
            await surroundings.Output.WriteLineAsync($"A fresh token, valid until {SafeText.Of((string?)token["expiresAt"] ?? "the service says otherwise")}.");
            return ExitCodes.Success;
        });
        return command;
    }
}
