using System.Buffers;
using Vault.Core.MergeFields.Scanning;
using Vault.Core.Primitives;

namespace Vault.Core.MergeFields;

/// <summary>
/// The same as <see cref="MergeBody"/> for a body of any length, as it comes: what is not part of a field goes to the output
/// at once. Each field is checked, prepared and resolved when it closes. For one body and one writer at a time.
/// </summary>
/// <param name="format">What kind of body it is.</param>
/// <param name="scope">What references mean.</param>
/// <param name="output">Where the body goes; flushing it is the caller's.</param>
public sealed class MergeBodyWriter(MergeBodyFormat format, IMergeScope scope, IBufferWriter<byte> output)
{
    private readonly FieldScanner _scanner = new(format);
    private VaultError? _error;
    private int _signatures;

    /// <summary>Takes the next bytes of the body; null or the failure, after which nothing more may be written.</summary>
    public async ValueTask<VaultError?> WriteAsync(ReadOnlyMemory<byte> chunk, CancellationToken cancellationToken)
    {
        while (_error is null)
        {
            var step = _scanner.Read(ref chunk);
            if (step.IsNothing)
            {
                break;
            }

            _error = step.Error;
            output.Write(step.Literal.Span);
            if (step.Field is { } field)
            {
                _signatures += field.Signatures;
                _error = _signatures > MergeErrors.MostSignatures ? MergeErrors.At(MergeErrors.TooManySignatures, field.At) : field.Check(scope)
                    ?? await field.PrepareAsync(scope, cancellationToken)
                    ?? FieldEncoder.Write(field, scope, format, output);
            }
        }

        return _error;
    }

    /// <summary>The body has ended; null or the failure.</summary>
    public ValueTask<VaultError?> CompleteAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (_error is null)
        {
            var step = _scanner.End();
            _error = step.Error;
            output.Write(step.Literal.Span);
        }

        return ValueTask.FromResult(_error);
    }
}
