namespace Vault.Core.Primitives;

/// <summary>Says by what the values of a <see cref="KeyedMap{TKey, TValue, TKeys}"/> are found: a value holds its key, so the map doesn't.</summary>
public interface IMapKeys<TKey, in TValue>
{
    /// <summary>The key of a value; always the same.</summary>
    static abstract TKey Of(TValue value);

    /// <summary>The hash of a key; equal keys have equal ones.</summary>
    static abstract int HashOf(TKey key);

    /// <summary>Whether two keys are the same.</summary>
    static abstract bool AreEqual(TKey one, TKey other);
}
