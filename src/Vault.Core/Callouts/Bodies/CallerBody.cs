using Vault.Core.Primitives;

namespace Vault.Core.Callouts.Bodies;

/// <summary>
/// The caller's body as the server reads it. What goes wrong in reading is the caller's doing (a chunk that isn't one, an early end),
/// and must not be taken for a fault of the upstream that the body is being sent to.
/// </summary>
/// <param name="source">The body.</param>
/// <param name="callout">Whose it is.</param>
internal sealed class CallerBody(Stream source, Callout callout) : ReadOnlyStream
{
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            var read = await source.ReadAsync(buffer, cancellationToken);
            callout.BytesIn += read;
            return read;
        }
        catch (IOException exception)
        {
            throw new CalloutAbortedException(new VaultError(ErrorCodes.InvalidRequest, "The body is not well-formed, or ended early."), exception);
        }
    }
}
