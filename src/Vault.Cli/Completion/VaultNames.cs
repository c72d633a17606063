using System.CommandLine;
using System.CommandLine.Completions;
using Vault.Cli.Connections;
using Vault.Cli.Terminals;

namespace Vault.Cli.Completion;

/// <summary>Names of what is in the vault, for completion.</summary>
internal static class VaultNames
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>Those of a list.</summary>
    public static Func<CompletionContext, IEnumerable<CompletionItem>> Of(Surroundings surroundings, string path) => context => Read(surroundings, path, context.WordToComplete);

    /// <summary>Those of the kind that another argument names.</summary>
    public static Func<CompletionContext, IEnumerable<CompletionItem>> Of(Surroundings surroundings, Argument<string> kind) =>
        context => context.ParseResult.GetValue(kind) is { } path ? Read(surroundings, path, context.WordToComplete) : [];

    // The parser asks without waiting; a thread of its own keeps that from holding one that the answer needs.
    private static CompletionItem[] Read(Surroundings surroundings, string path, string word) => Task.Run(async () =>
    {
        try
        {
            using var limit = new CancellationTokenSource(Patience, surroundings.Time);
            using var vault = VaultConnection.Open(surroundings);
            var items = (await vault.GetAsync($"{path}?pageSize=500&search={Uri.EscapeDataString(word)}", limit.Token))["items"]?.AsArray() ?? [];
            return items.Select(item => (string?)item?["name"]).OfType<string>().Where(name => name.StartsWith(word, StringComparison.OrdinalIgnoreCase))
                .Select(name => new CompletionItem(SafeText.Of(name))).ToArray();
        }
        catch (Exception fault) when (fault is CommandFailure or OperationCanceledException)
        {
            // A boundary: where there is no vault there are no names, and a shell has no place for the reason.
            return [];
        }
    }).GetAwaiter().GetResult();
}
