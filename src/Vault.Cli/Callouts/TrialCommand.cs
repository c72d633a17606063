using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Vault.Cli.Connections;
using Vault.Cli.Terminals;

namespace Vault.Cli.Callouts;

/// <summary><c>vault preview</c> and <c>vault test</c>.</summary>
internal static class TrialCommand
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Shows the request as it would be sent, secrets as dots; nothing is sent.</summary>
    public static Command BuildPreview(Surroundings surroundings)
    {
        var options = new RequestOptions(surroundings);
        var json = new Option<bool>("--json") { Description = "JSON instead of a request." };
        var command = options.AddTo(new Command("preview", "Show the request as it would be sent, every secret as dots. Nothing is sent."));
        command.Add(json);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var shown = await SendAsync(options, "preview", parsed, surroundings, cancellationToken);
            if (parsed.GetValue(json))
            {
                await surroundings.Output.WriteLineAsync(shown.ToJsonString(OutputText.Json));
                return ExitCodes.Success;
            }

            await surroundings.Output.WriteLineAsync($"{SafeText.Of((string?)shown["method"])} {SafeText.Of((string?)shown["url"])}");
            foreach (var header in (shown["headers"] as JsonArray ?? []).OfType<JsonNode>())
            {
                await surroundings.Output.WriteLineAsync($"{SafeText.Of((string?)header["name"])}: {SafeText.Of((string?)header["value"])}");
            }

            if ((string?)shown["body"] is { Length: > 0 } body)
            {
                await surroundings.Output.WriteLineAsync();
                await surroundings.Output.WriteLineAsync(SafeText.Of(body, keepsLines: true));
            }

            return ExitCodes.Success;
        });
        return command;
    }

    /// <summary>Sends it, and tells what happened where. Exit code 1: it failed.</summary>
    public static Command BuildTest(Surroundings surroundings)
    {
        var options = new RequestOptions(surroundings);
        var json = new Option<bool>("--json") { Description = "JSON instead of a table." };
        var command = options.AddTo(new Command("test", "Sign in anew, send a GET (or what is asked), and tell what happened. Exit code 1: it failed."));
        command.Add(json);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var outcome = await SendAsync(options, "test", parsed, surroundings, cancellationToken);
            var isOk = (bool?)outcome["ok"] is true;
            if (parsed.GetValue(json))
            {
                await surroundings.Output.WriteLineAsync(outcome.ToJsonString(OutputText.Json));
                return isOk ? ExitCodes.Success : ExitCodes.Failure;
            }

            await TableText.WriteAsync(
                surroundings, [.. (outcome["steps"] as JsonArray ?? []).OfType<JsonNode>()], false,
                Column.Of("Step", "name"), Column.Of("URL", "url"), Column.Of("Status", "status"), new Column("ms", Milliseconds));
            if (!isOk)
            {
                var failure = outcome["failure"];
                throw new CommandFailure(
                    ExitCodes.Failure, SafeText.Of($"It failed at {(string?)failure?["where"] ?? "the service"} ({(string?)failure?["code"] ?? "?"}): {(string?)failure?["detail"]}"));
            }

            await surroundings.Output.WriteLineAsync($"It works: {outcome["status"]} in {Milliseconds(outcome)} ms.");
            return ExitCodes.Success;
        });
        return command;
    }

    private static async Task<JsonNode> SendAsync(RequestOptions options, string what, ParseResult parsed, Surroundings surroundings, CancellationToken cancellationToken)
    {
        var trial = new JsonObject
        {
            ["method"] = options.Method(parsed),
            ["path"] = options.Path(parsed),
            ["headers"] = new JsonObject(options.Headers(parsed).GroupBy(header => header.Key, StringComparer.OrdinalIgnoreCase)
                .Select(group => KeyValuePair.Create(group.Key, (JsonNode?)string.Join(", ", group.Select(header => header.Value))))),
        };
        if (options.Principal(parsed) is { } principal)
        {
            trial["principal"] = principal;
        }

        if (options.User(parsed) is { } user)
        {
            trial["user"] = user;
        }

        if (await options.BodyAsync(parsed, surroundings, cancellationToken) is { } body)
        {
            trial["body"] = TextOf(body);
        }

        using var vault = VaultConnection.Open(surroundings);
        return await vault.SendAsync(HttpMethod.Post, $"named-credentials/{VaultConnection.Segment(options.Name(parsed))}/{what}", trial, cancellationToken);
    }

    // It travels in JSON: other bytes would become others on the way.
    private static string TextOf(byte[] body)
    {
        try
        {
            return Strict.GetString(body);
        }
        catch (DecoderFallbackException)
        {
            throw CommandFailure.Usage("The body isn't UTF-8, and only text can be tried; `vault call` sends any bytes.");
        }
    }

    private static string Milliseconds(JsonNode step) => ((double?)step["durationMs"] ?? 0).ToString("0", CultureInfo.InvariantCulture);
}
