namespace Vault.Core.MergeFields.Scanning;

/// <summary>Bytes kept while it isn't decided whether a field opens.</summary>
internal sealed class HeldBytes
{
    private byte[] _bytes = new byte[32];
    private int _released;

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

    /// <summary>Keeps one more.</summary>
    public void Add(byte b)
    {
        if (Count == _bytes.Length)
        {
            Array.Resize(ref _bytes, 2 * Count);
        }

        _bytes[Count++] = b;
    }

    /// <summary>Forgets all of them.</summary>
    public void Clear() => (Count, _released) = (0, 0);

    /// <summary>Gives the first ones away; they are valid until <see cref="DropReleased"/>.</summary>
    public ReadOnlyMemory<byte> Release(int count)
    {
        _released = count;
        return _bytes.AsMemory(0, count);
    }

    /// <summary>Forgets what was given away.</summary>
    public void DropReleased()
    {
        if (_released > 0)
        {
            _bytes.AsSpan(_released, Count - _released).CopyTo(_bytes);
            Count -= _released;
            _released = 0;
        }
    }
}
