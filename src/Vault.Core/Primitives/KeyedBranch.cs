using System.Runtime.CompilerServices;

namespace Vault.Core.Primitives;

/// <summary>A node of a <see cref="KeyedMap{TKey, TValue, TKeys}"/> that has others below it.</summary>
internal sealed class KeyedBranch
{
    public Below Nodes;

    [InlineArray(KeyedNodes.Branches)]
    internal struct Below
    {
        private object? _first;
    }
}
