namespace Vault.Core.Primitives;

/// <summary>A value in a <see cref="KeyedMap{TKey, TValue, TKeys}"/>; null: there is none in this place.</summary>
internal struct KeyedEntry<TValue>
    where TValue : class
{
    public TValue? Value;
    public uint Hash;
}
