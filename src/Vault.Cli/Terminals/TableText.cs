using System.Text.Json.Nodes;
using Spectre.Console;

namespace Vault.Cli.Terminals;

/// <summary>A column: its title, and its text for an item.</summary>
internal sealed record Column(string Title, Func<JsonNode, string?> Text)
{
    /// <summary>A property as it is.</summary>
    public static Column Of(string title, string property) => new(title, item => item[property] switch
    {
        null => null,
        JsonArray list => string.Join(", ", list.Select(one => one?.ToString())),
        var value => value.GetValueKind() switch
        {
            System.Text.Json.JsonValueKind.True => "yes",
            System.Text.Json.JsonValueKind.False => "no",
            _ => value.ToString(),
        },
    });
}

/// <summary>Items as a table, or as JSON.</summary>
internal static class TableText
{
    /// <summary>Writes them.</summary>
    public static async Task WriteAsync(Surroundings surroundings, IReadOnlyList<JsonNode> items, bool json, params Column[] columns)
    {
        if (json)
        {
            await surroundings.Output.WriteLineAsync(new JsonArray([.. items.Select(item => item.DeepClone())]).ToJsonString(OutputText.Json));
            return;
        }

        var table = new Table { Border = TableBorder.Simple };
        foreach (var column in columns)
        {
            table.AddColumn(new TableColumn(new Text(column.Title)));
        }

        foreach (var item in items)
        {
            table.AddRow(columns.Select(column => new Text(SafeText.Of(column.Text(item)))));
        }

        surroundings.Console.Write(table);
    }
}
