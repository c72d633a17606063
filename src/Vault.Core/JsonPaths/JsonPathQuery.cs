using System.Text.Json;
using Vault.Core.JsonPaths.Selectors;
using Vault.Core.Primitives;

namespace Vault.Core.JsonPaths;

/// <summary>
/// An RFC 9535 JSONPath, parsed once and used by any number of threads. It never throws on any text or document, and its
/// work is bounded: a query is at most <see cref="MaxLength"/> characters and 32 levels deep, and a selection that has
/// visited 4,000,000 nodes stops with what it has found. 16 nodes that are passed over, and 64 bytes that a filter reads, count as one visited.
/// </summary>
public sealed class JsonPathQuery
{
    /// <summary>The longest query, in characters.</summary>
    public const int MaxLength = 4096;

    private readonly IReadOnlyList<Segment> _segments;

    private JsonPathQuery(string text, IReadOnlyList<Segment> segments)
    {
        Text = text;
        _segments = segments;
    }

    /// <summary>The query as it was written.</summary>
    public string Text { get; }

    /// <summary>Reads a query; <c>invalid-request</c>, with the position, where it isn't well-formed and well-typed.</summary>
    public static Result<JsonPathQuery> Parse(string text)
    {
        if (text is null or { Length: 0 or > MaxLength })
        {
            return new VaultError(ErrorCodes.InvalidRequest, $"A JSONPath has 1 to {MaxLength} characters.");
        }

        try
        {
            return new JsonPathQuery(text, new QueryParser(text).Parse());
        }
        catch (JsonPathSyntaxException e)
        {
            return new VaultError(ErrorCodes.InvalidRequest, $"The JSONPath is not valid at position {e.Position}: {e.Message}");
        }
    }

    /// <summary>The nodes that the query selects, in the order of the RFC; empty where there are none.</summary>
    public IReadOnlyList<JsonElement> Select(JsonElement root) =>
        root.ValueKind == JsonValueKind.Undefined ? [] : new Selection(root).Run(_segments, root);

    /// <inheritdoc />
    public override string ToString() => Text;
}
