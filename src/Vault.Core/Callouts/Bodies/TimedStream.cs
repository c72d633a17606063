namespace Vault.Core.Callouts.Bodies;

/// <summary>What comes from upstream, before it is decoded: each piece is activity, whatever becomes of it.</summary>
internal sealed class TimedStream(Stream inner, IdleTimer idle) : ReadOnlyStream
{
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await inner.ReadAsync(buffer, cancellationToken);
        idle.Touch();
        return read;
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
