using System.Diagnostics.CodeAnalysis;
using static Vault.Core.Primitives.KeyedNodes;

namespace Vault.Core.Primitives;

/// <summary>
/// Values by the key that each holds. Immutable: a change gives another map, which shares all but a few hundred bytes with this one. An entry
/// costs about 20 bytes, a fifth of what it costs in an immutable dictionary, and it is found in as many steps: a tree of 16 branches a node, by
/// four bits of the hash each, over arrays of at most 32 entries.
/// </summary>
/// <typeparam name="TKey">Of the keys.</typeparam>
/// <typeparam name="TValue">Of the values.</typeparam>
/// <typeparam name="TKeys">How keys and values belong together.</typeparam>
public sealed class KeyedMap<TKey, TValue, TKeys>
    where TKey : notnull
    where TValue : class
    where TKeys : struct, IMapKeys<TKey, TValue>
{
    // A node.
    private object? _root;
    private int _count;

    /// <summary>How many there are.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>All of them, in no order.</summary>
    public IEnumerable<TValue> Values => Under<TValue>(Volatile.Read(ref _root));

    /// <summary>The value of a key.</summary>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    public TValue this[TKey key] => GetValueOrDefault(key) ?? throw new KeyNotFoundException();

    /// <summary>The value of a key; false: there is none.</summary>
    public bool TryGetValue(TKey key, [MaybeNullWhen(false)] out TValue value) => (value = GetValueOrDefault(key)) is not null;

    /// <summary>Whether there is a value of this key.</summary>
    public bool ContainsKey(TKey key) => GetValueOrDefault(key) is not null;

    /// <summary>The value of a key; null: there is none.</summary>
    public TValue? GetValueOrDefault(TKey key)
    {
        var hash = Hash(key);
        var node = Volatile.Read(ref _root);
        for (var shift = HashBits - Bits; node is KeyedBranch branch; shift -= Bits)
        {
            node = Volatile.Read(ref branch.Nodes[IndexOf(hash, shift)]);
        }

        return node is KeyedEntry<TValue>[] leaf && Find(leaf, hash, key) is >= 0 and var index ? Volatile.Read(ref leaf[index].Value) : null;
    }

    /// <summary>With this value, in the place of the one of the same key.</summary>
    public KeyedMap<TKey, TValue, TKeys> With(TValue value)
    {
        var key = TKeys.Of(value);
        var isNew = true;
        var root = With(_root, HashBits - Bits, Hash(key), key, value, ref isNew);
        return new KeyedMap<TKey, TValue, TKeys> { _root = root, _count = _count + (isNew ? 1 : 0) };
    }

    /// <summary>Without the value of this key, if there is one.</summary>
    public KeyedMap<TKey, TValue, TKeys> Without(TKey key)
    {
        var root = Without(_root, HashBits - Bits, Hash(key), key);
        return ReferenceEquals(root, _root) ? this : new KeyedMap<TKey, TValue, TKeys> { _root = root, _count = _count - 1 };
    }

    // The lower bits of some hashes are no hash at all.
    private static uint Hash(TKey key) => unchecked((uint)TKeys.HashOf(key) * 0x9E37_79B1u);

    private static int Find(KeyedEntry<TValue>[] leaf, uint hash, TKey key)
    {
        for (var index = 0; index < leaf.Length; index++)
        {
            // Who fills a map writes the value last.
            if (Volatile.Read(ref leaf[index].Value) is not { } value)
            {
                break;
            }

            if (leaf[index].Hash == hash && TKeys.AreEqual(TKeys.Of(value), key))
            {
                return index;
            }
        }

        return -1;
    }

    private static object With(object? node, int shift, uint hash, TKey key, TValue value, ref bool isNew)
    {
        if (node is KeyedEntry<TValue>[] leaf)
        {
            var (count, found) = (InUse(leaf), Find(leaf, hash, key));
            isNew = found < 0;
            if (!isNew || count < MostInALeaf || shift < 0)
            {
                var copy = new KeyedEntry<TValue>[isNew ? count + 1 : count];
                leaf.AsSpan(0, count).CopyTo(copy);
                copy[isNew ? count : found] = new KeyedEntry<TValue> { Hash = hash, Value = value };
                return copy;
            }

            node = Split(leaf, shift);
        }

        if (node is KeyedBranch branch)
        {
            var copy = new KeyedBranch { Nodes = branch.Nodes };
            ref var below = ref copy.Nodes[IndexOf(hash, shift)];
            below = With(below, shift - Bits, hash, key, value, ref isNew);
            return copy;
        }

        return new[] { new KeyedEntry<TValue> { Hash = hash, Value = value } };
    }

    private static object? Without(object? node, int shift, uint hash, TKey key)
    {
        if (node is KeyedEntry<TValue>[] leaf)
        {
            return Find(leaf, hash, key) is >= 0 and var found ? RemoveAt(leaf, found) : leaf;
        }

        if (node is not KeyedBranch branch)
        {
            return null;
        }

        var index = IndexOf(hash, shift);
        var below = Without(branch.Nodes[index], shift - Bits, hash, key);
        if (ReferenceEquals(below, branch.Nodes[index]))
        {
            return branch;
        }

        var copy = new KeyedBranch { Nodes = branch.Nodes };
        copy.Nodes[index] = below;
        for (var other = 0; other < Branches; other++)
        {
            if (copy.Nodes[other] is not null)
            {
                return copy;
            }
        }

        return null;
    }

    /// <summary>
    /// Fills a map in place, which makes no garbage to speak of. One writer at a time; anybody may read the map meanwhile, and finds what was put
    /// in before. Once the map is made others of, nothing may be put in any more.
    /// </summary>
    public sealed class Builder
    {
        /// <summary>The map, as far as it is filled.</summary>
        public KeyedMap<TKey, TValue, TKeys> Map { get; } = new();

        /// <summary>Puts a value in the place of the one of the same key.</summary>
        public void Set(TValue value)
        {
            var key = TKeys.Of(value);
            var hash = Hash(key);
            var shift = HashBits - Bits;
            ref var node = ref Map._root;
            while (true)
            {
                switch (node)
                {
                    case KeyedBranch branch:
                        node = ref branch.Nodes[IndexOf(hash, shift)];
                        shift -= Bits;
                        continue;
                    case KeyedEntry<TValue>[] leaf when Find(leaf, hash, key) is >= 0 and var found:
                        Volatile.Write(ref leaf[found].Value, value);
                        return;
                    case KeyedEntry<TValue>[] leaf when InUse(leaf) is var count && (count < MostInALeaf || shift < 0):
                        if (count == leaf.Length)
                        {
                            var larger = new KeyedEntry<TValue>[count + Growth];
                            leaf.CopyTo(larger, 0);
                            Put(larger, count, hash, value);
                            Volatile.Write(ref node, larger);
                        }
                        else
                        {
                            Put(leaf, count, hash, value);
                        }

                        break;
                    case KeyedEntry<TValue>[] leaf:
                        Volatile.Write(ref node, Split(leaf, shift));
                        continue;
                    default:
                        var first = new KeyedEntry<TValue>[Growth];
                        Put(first, 0, hash, value);
                        Volatile.Write(ref node, first);
                        break;
                }

                Volatile.Write(ref Map._count, Map._count + 1);
                return;
            }
        }

        /// <summary>Takes the value of a key out, if there is one.</summary>
        public void Remove(TKey key)
        {
            var hash = Hash(key);
            ref var node = ref Map._root;
            for (var shift = HashBits - Bits; node is KeyedBranch branch; shift -= Bits)
            {
                node = ref branch.Nodes[IndexOf(hash, shift)];
            }

            if (node is KeyedEntry<TValue>[] leaf && Find(leaf, hash, key) is >= 0 and var index)
            {
                Volatile.Write<object?>(ref node, RemoveAt(leaf, index));
                Volatile.Write(ref Map._count, Map._count - 1);
            }
        }

        private static void Put(KeyedEntry<TValue>[] leaf, int index, uint hash, TValue value)
        {
            leaf[index].Hash = hash;
            Volatile.Write(ref leaf[index].Value, value);
        }
    }
}
