using System.Text.Json.Nodes;
using Vault.Cli.Connections;
using Vault.Cli.Terminals;

namespace Vault.Cli.Audit;

/// <summary>Writes the newest records, oldest first, and then what comes after them.</summary>
/// <param name="surroundings">Where to.</param>
/// <param name="vault">Whose records.</param>
/// <param name="filters">Further parameters of the query, each with its <c>&amp;</c>.</param>
/// <param name="json">JSON instead of text.</param>
internal sealed class AuditTail(Surroundings surroundings, VaultConnection vault, string filters, bool json)
{
    private const int PageSize = 500;
    private const int MostUnended = 10_000;

    // Lines of callouts whose answers may not have ended yet, by id; the oldest are forgotten first.
    private readonly Dictionary<string, string> _unended = new(StringComparer.Ordinal);
    private readonly Queue<string> _order = new();
    private long _last;

    /// <summary>Writes so many of the newest.</summary>
    public async Task WriteNewestAsync(int count, CancellationToken cancellationToken)
    {
        var (items, _) = await ReadAsync(count, token: null, cancellationToken);
        await WriteAsync(items);
    }

    /// <summary>Writes all that came since.</summary>
    public async Task WriteNewAsync(CancellationToken cancellationToken)
    {
        // Newest first, so that a burst takes several pages down to the last that was seen.
        var found = new List<JsonNode>();
        string? token = null;
        do
        {
            (var page, token) = await ReadAsync(PageSize, token, cancellationToken);
            var items = page.Where(item => SequenceOf(item) > _last).ToList();
            found.AddRange(items);
            token = items.Count < page.Count ? null : token;
        }
        while (token is not null);
        await WriteAsync(found);
    }

    private static long SequenceOf(JsonNode item) => (long?)item["sequence"] ?? 0;

    private async Task<(List<JsonNode> Items, string? Next)> ReadAsync(int size, string? token, CancellationToken cancellationToken)
    {
        var page = await vault.GetAsync($"audit?pageSize={size}{filters}{(token is null ? "" : "&pageToken=" + Uri.EscapeDataString(token))}", cancellationToken);
        return ([.. (page["items"] as JsonArray ?? []).OfType<JsonNode>()], (string?)page["nextPageToken"]);
    }

    private async Task WriteAsync(List<JsonNode> items)
    {
        items.Reverse();
        foreach (var item in items)
        {
            _last = Math.Max(_last, SequenceOf(item));
            var line = json ? item.ToJsonString() : SafeText.Of(string.Join(' ', new[]
            {
                (string?)item["at"], ((string?)item["outcome"])?.PadRight(7), (string?)item["actor"], (string?)item["action"], (string?)item["target"],
                item["method"] is null ? null : $"{item["method"]} {item["path"]}", item["status"]?.ToString(), (string?)item["code"],
            }.Where(text => !string.IsNullOrEmpty(text))));
            if (!IsKnown(item, line))
            {
                await surroundings.Output.WriteLineAsync(line);
            }
        }
    }

    // A callout is on record when its answer begins, and comes again, as of the end, where nobody knew how long that would be: mostly with the same line.
    private bool IsKnown(JsonNode item, string line)
    {
        var id = (string?)item["id"] ?? "";
        if (_unended.Remove(id, out var before) && before == line)
        {
            return true;
        }

        if (item["bytesOut"] is null && (string?)item["action"] == "callout" && _unended.TryAdd(id, line))
        {
            _order.Enqueue(id);
            if (_order.Count > MostUnended)
            {
                _unended.Remove(_order.Dequeue());
            }
        }

        return false;
    }
}
