namespace Vault.Core.Callouts.Bodies;

/// <summary>What comes from upstream, before it is decoded: each piece is activity, whatever becomes of it, and counts, also where nothing does.</summary>
/// <param name="inner">The answer's body, coded.</param>
/// <param name="callout">Whose it is.</param>
/// <param name="limit">How many bytes it may have; null: any number.</param>
internal sealed class TimedStream(Stream inner, Callout callout, long? limit) : ReadOnlyStream
{
    private long _count;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await inner.ReadAsync(buffer, cancellationToken);
        callout.Idle.Touch();
        _count += read;
        return _count > limit ? throw new CalloutAbortedException(AnswerReading.TooLarge(callout)) : read;
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
