using System.Text.Json.Nodes;
using Vault.Cli.Connections;
using Vault.Cli.Documents;

namespace Vault.Cli.Definitions;

/// <summary>Sends documents of definitions; what the vault says of a JSON path is told of the line that it came from.</summary>
internal static class DefinitionsClient
{
    /// <summary>What the document would change, and the entity tag of the state that this is true of; null from a vault that has none.</summary>
    public static Task<(JsonNode Plan, string? State)> CompareAsync(VaultConnection vault, DefinitionsFiles files, bool discardSecrets, CancellationToken cancellationToken) =>
        SendAsync(vault, "definitions/diff", files, files.Json, discardSecrets, state: null, cancellationToken);

    /// <summary>Applies it; null where the state is another by now, and nothing was changed.</summary>
    /// <param name="vault">The vault.</param>
    /// <param name="files">Where it came from.</param>
    /// <param name="resolved">The document, secrets included.</param>
    /// <param name="discardSecrets">Whether secrets that could travel go instead.</param>
    /// <param name="state">What the comparison was true of; null: whatever is there.</param>
    /// <param name="cancellationToken">Of the command.</param>
    public static async Task<JsonNode?> ApplyAsync(
        VaultConnection vault, DefinitionsFiles files, JsonObject resolved, bool discardSecrets, string? state, CancellationToken cancellationToken)
    {
        try
        {
            return (await SendAsync(vault, "definitions/apply", files, resolved, discardSecrets, state, cancellationToken)).Answer;
        }
        catch (VaultRefusal refusal) when (refusal.Code == "precondition-failed")
        {
            return null;
        }
    }

    private static async Task<(JsonNode Answer, string? State)> SendAsync(
        VaultConnection vault, string path, DefinitionsFiles files, JsonObject document, bool discardSecrets, string? state, CancellationToken cancellationToken)
    {
        try
        {
            return await vault.SendAsync(HttpMethod.Post, path + (discardSecrets ? "?discardSecrets=true" : ""), document, state, cancellationToken);
        }
        catch (VaultRefusal refusal) when (refusal.Errors.Count > 0)
        {
            var places = refusal.Errors.SelectMany(error => error.Value.Select(message => (At: files.PlaceOf(error.Key), Message: message)))
                .OrderBy(error => error.At.File, StringComparer.Ordinal).ThenBy(error => error.At.Line).ThenBy(error => error.At.Column)
                .Select(error => $"{error.At}: {error.Message.Replace("?discardSecrets=true", "--discard-secrets", StringComparison.Ordinal)}");
            throw new CommandFailure(refusal.ExitCode, string.Join(Environment.NewLine, places.Append($"Nothing was changed ({refusal.Code}).{Advice(refusal.Code, document)}")));
        }
    }

    private static string Advice(string code, JsonObject document) => code switch
    {
        "secrets-would-travel" => " With --discard-secrets those secrets are removed; those that the document names are set anew.",
        "forbidden" when DefinitionsFiles.HasSecrets(document) => " A key of an admin may; --without-secrets leaves the secrets of the files out.",
        "forbidden" => " A key of an admin may.",
        _ => "",
    };
}
