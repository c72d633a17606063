using System.Text.Json;
using Vault.Core.JsonPaths.Selectors;

namespace Vault.Core.JsonPaths.Filters;

/// <summary>A query inside a filter, from <c>@</c> or <c>$</c>.</summary>
internal sealed record QueryOperand(bool FromRoot, IReadOnlyList<Segment> Segments) : Operand
{
    public override bool IsValue => Segments.All(segment => segment.IsSingular);

    public List<JsonElement> Nodes(Selection run, JsonElement current) => run.Run(Segments, FromRoot ? run.Root : current);

    public override JsonElement? Value(Selection run, JsonElement current) => Nodes(run, current) is [var only] ? only : null;
}
