namespace Vault.Core.Callouts.Bodies;

/// <summary>What happens to a streamed body on its way.</summary>
internal interface IBodyTransform
{
    /// <summary>Takes the next bytes and writes what they become.</summary>
    /// <exception cref="CalloutAbortedException">The body can't go on.</exception>
    ValueTask WriteAsync(ReadOnlyMemory<byte> chunk, Stream target, CancellationToken cancellationToken);

    /// <summary>The body has ended.</summary>
    /// <exception cref="CalloutAbortedException">The body can't end here.</exception>
    ValueTask CompleteAsync(Stream target, CancellationToken cancellationToken);
}
