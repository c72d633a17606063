namespace Vault.Fuzz;

/// <summary>Gives its bytes in pieces of any size.</summary>
internal sealed class PieceStream(byte[] bytes, SeededNumbers numbers) : MemoryStream(bytes)
{
    private readonly int _most = 1 + numbers.Below(numbers.Below(2) == 0 ? 4 : 3000);

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(Read(buffer.Span[..Math.Min(buffer.Length, 1 + numbers.Below(_most))]));
}
