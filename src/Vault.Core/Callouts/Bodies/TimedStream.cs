using Vault.Core.Primitives;

namespace Vault.Core.Callouts.Bodies;

/// <summary>What comes from upstream, before it is decoded: each piece is activity, whatever becomes of it, and counts, also where nothing does.</summary>
/// <param name="inner">The answer's body, coded.</param>
/// <param name="idle">What is told of activity.</param>
/// <param name="limit">How many bytes it may have; null: any number.</param>
/// <param name="tooLarge">What is wrong with more.</param>
internal sealed class TimedStream(Stream inner, IdleTimer idle, long? limit, Func<VaultError> tooLarge) : ReadOnlyStream
{
    private long _count;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await inner.ReadAsync(buffer, cancellationToken);
        idle.Touch();
        _count += read;
        return _count > limit ? throw new CalloutAbortedException(tooLarge()) : read;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }
}
