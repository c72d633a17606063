using System.CommandLine;
using System.Text.Json.Nodes;
using Vault.Cli.Connections;
using Vault.Cli.Documents;
using Vault.Cli.Terminals;

namespace Vault.Cli.Definitions;

/// <summary><c>vault export</c> and <c>vault schema</c>.</summary>
internal static class ExportCommand
{
    /// <summary>Writes all definitions as a file that <c>apply</c> takes; no secret is in it.</summary>
    public static Command BuildExport(Surroundings surroundings)
    {
        var output = new Option<string?>("--output", "-o") { Description = "The file to write; default: standard output." };
        var json = new Option<bool>("--json") { Description = "JSON instead of YAML." };
        var references = new Option<bool>("--references") { Description = "Name the secrets that are set, each as ${env:…}, so that the file can fill another vault." };
        var command = new Command("export", "Write all definitions as a file that `apply` takes. Secrets never leave the vault.") { output, json, references };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var vault = VaultConnection.Open(surroundings);
            var document = await vault.GetAsync("definitions", cancellationToken);
            if (parsed.GetValue(references))
            {
                await AddReferencesAsync(vault, document, cancellationToken);
            }

            using var text = new StringWriter();
            if (parsed.GetValue(json))
            {
                await text.WriteLineAsync(document.ToJsonString(OutputText.Json));
            }
            else
            {
                DefinitionsYaml.Write(document, text);
            }

            await OutputText.WriteAsync(surroundings, parsed.GetValue(output), text.ToString(), cancellationToken);
            return ExitCodes.Success;
        });
        return command;
    }

    /// <summary>Writes the JSON schema of definitions files.</summary>
    public static Command BuildSchema(Surroundings surroundings)
    {
        var output = new Option<string?>("--output", "-o") { Description = "The file to write; default: standard output." };
        var command = new Command("schema", "Write the JSON schema of definitions files, for editors.") { output };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await OutputText.WriteAsync(surroundings, parsed.GetValue(output), DocumentSchema.Text, cancellationToken);
            return ExitCodes.Success;
        });
        return command;
    }

    private static async Task AddReferencesAsync(VaultConnection vault, JsonNode document, CancellationToken cancellationToken)
    {
        foreach (var external in (document["externalCredentials"] as JsonArray ?? []).OfType<JsonNode>())
        {
            foreach (var principal in (external["principals"] as JsonArray ?? []).OfType<JsonNode>())
            {
                var (name, owner) = ((string?)external["name"] ?? "", (string?)principal["name"] ?? "");
                var status = await vault.GetAsync($"external-credentials/{VaultConnection.Segment(name)}/principals/{VaultConnection.Segment(owner)}/credential", cancellationToken);
                var parameters = (JsonObject?)principal["parameters"]?.DeepClone() ?? [];
                foreach (var parameter in (status["parameters"] as JsonArray ?? []).Select(one => (string?)one?["name"]).OfType<string>().Where(one => !parameters.ContainsKey(one)))
                {
                    // Names have single underscores alone, so no two have the same variable.
                    parameters[parameter] = $"${{env:{$"{name}__{owner}__{parameter}".ToUpperInvariant()}}}";
                }

                if (parameters.Count > 0)
                {
                    principal["parameters"] = parameters;
                }
            }
        }
    }
}
