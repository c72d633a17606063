namespace Vault.Core.Callouts.Bodies;

/// <summary>The body goes on as it is, up to a limit.</summary>
/// <param name="limit">The most bytes; null: no limit.</param>
internal sealed class PlainBody(long? limit) : IBodyTransform
{
    private long _count;

    public ValueTask WriteAsync(ReadOnlyMemory<byte> chunk, Stream target, CancellationToken cancellationToken)
    {
        _count += chunk.Length;
        return _count > limit ? throw CalloutAbortedException.TooLarge(limit.Value) : target.WriteAsync(chunk, cancellationToken);
    }

    public ValueTask CompleteAsync(Stream target, CancellationToken cancellationToken) => ValueTask.CompletedTask;
}
