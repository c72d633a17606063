namespace Vault.Core.Tests.Redaction;

/// <summary>Gives one chunk for each read.</summary>
internal sealed class ChunkedStream(byte[][] chunks) : MemoryStream
{
    private readonly Queue<byte[]> _chunks = new(chunks.Where(chunk => chunk.Length > 0));

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!_chunks.TryDequeue(out var chunk))
        {
            return ValueTask.FromResult(0);
        }

        var count = Math.Min(chunk.Length, buffer.Length);
        chunk.AsMemory(0, count).CopyTo(buffer);
        if (count < chunk.Length)
        {
            byte[][] rest = [chunk[count..], .. _chunks];
            _chunks.Clear();
            foreach (var piece in rest)
            {
                _chunks.Enqueue(piece);
            }
        }

        return ValueTask.FromResult(count);
    }
}
