using System.Buffers;
using Vault.Core.MergeFields;
using Vault.Core.Primitives;

namespace Vault.Core.Callouts.Bodies;

/// <summary>Merge fields are filled in on the way; the limit counts what they become.</summary>
internal sealed class MergedBody : IBodyTransform
{
    /// <summary>Small steps, so that many short fields with long values don't pile up in memory.</summary>
    private const int Step = 1024;

    private readonly long? _limit;
    private readonly EchoSearch _echoes;
    private readonly ArrayBufferWriter<byte> _output = new();
    private readonly MergeBodyWriter _writer;
    private long _count;

    public MergedBody(MergeBodyFormat format, IMergeScope scope, long? limit, EchoSearch echoes)
    {
        _limit = limit;
        _echoes = echoes;
        _writer = new MergeBodyWriter(format, scope, _output);
    }

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> chunk, Stream target, CancellationToken cancellationToken)
    {
        while (!chunk.IsEmpty)
        {
            var step = chunk[..Math.Min(Step, chunk.Length)];
            chunk = chunk[step.Length..];
            await FlushAsync(await _writer.WriteAsync(step, cancellationToken), target, cancellationToken);
        }
    }

    public async ValueTask CompleteAsync(Stream target, CancellationToken cancellationToken) =>
        await FlushAsync(await _writer.CompleteAsync(cancellationToken), target, cancellationToken);

    private async ValueTask FlushAsync(VaultError? error, Stream target, CancellationToken cancellationToken)
    {
        if ((error ?? (_echoes.IsFull ? EchoSearch.TooMany : null)) is { } fault)
        {
            throw new CalloutAbortedException(fault);
        }

        _count += _output.WrittenCount;
        if (_count > _limit)
        {
            throw CalloutAbortedException.TooLarge(_limit.Value);
        }

        await target.WriteAsync(_output.WrittenMemory, cancellationToken);
        _output.Clear();
    }
}
