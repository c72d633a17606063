using System.Buffers;
using Vault.Core.MergeFields.Scanning;
using Vault.Core.Primitives;

namespace Vault.Core.MergeFields;

/// <summary>A whole body, parsed, so that everything is checked before anything is sent.</summary>
public sealed class MergeBody
{
    private readonly ReadOnlyMemory<byte> _body;
    private readonly MergeBodyFormat _format;
    private readonly List<(MergeField Field, int End)> _fields;

    private MergeBody(ReadOnlyMemory<byte> body, MergeBodyFormat format, List<(MergeField Field, int End)> fields)
    {
        _body = body;
        _format = format;
        _fields = fields;
    }

    /// <summary>Whether there is any field in it.</summary>
    public bool HasFields => _fields.Count > 0;

    /// <summary>Every reference of every field, in order.</summary>
    public IEnumerable<MergeReference> References => _fields.SelectMany(entry => entry.Field.References);

    /// <summary>Whether the beginning of a field stands in a body of which nobody knows the kind: in a form it may be encoded.</summary>
    public static bool MayHaveFields(ReadOnlySpan<byte> body) => HasOpener(WideText.ToUtf8(body) ?? body);

    /// <summary>Parses; <c>merge-field-invalid</c> with line and column. The bytes are kept, not copied.</summary>
    public static Result<MergeBody> Parse(ReadOnlyMemory<byte> body, MergeBodyFormat format)
    {
        var scanner = new FieldScanner(format);
        List<(MergeField Field, int End)> fields = [];
        var signatures = 0;
        var rest = body;
        for (var step = scanner.Read(ref rest); !step.IsNothing; step = scanner.Read(ref rest))
        {
            if (step.Error is not null)
            {
                return step.Error;
            }

            if (step.Field is not null)
            {
                signatures += step.Field.Signatures;
                if (signatures > MergeErrors.MostSignatures)
                {
                    return MergeErrors.At(MergeErrors.TooManySignatures, step.Field.At);
                }

                fields.Add((step.Field, (int)scanner.Offset));
            }
        }

        return scanner.End().Error is { } error ? error : new MergeBody(body, format, fields);
    }

    /// <summary>The first reference that the scope refuses, or null.</summary>
    public VaultError? Check(IMergeScope scope) =>
        _fields.Select(field => field.Field.Check(scope)).FirstOrDefault(error => error is not null);

    /// <summary>Prepares every reference; the first failure, or null.</summary>
    public async ValueTask<VaultError?> PrepareAsync(IMergeScope scope, CancellationToken cancellationToken)
    {
        foreach (var (field, _) in _fields)
        {
            if (await field.PrepareAsync(scope, cancellationToken) is { } error)
            {
                return error;
            }
        }

        return null;
    }

    /// <summary>Resolves the fields that can be; the first failure, or null.</summary>
    /// <param name="scope">Checked; prepared for those that are resolved.</param>
    /// <param name="canBe">Whether a field with these references can be resolved yet.</param>
    /// <param name="output">Takes the values, for nobody to read: its limit is that of the work.</param>
    public VaultError? Try(IMergeScope scope, Func<IReadOnlyList<MergeReference>, bool> canBe, IBufferWriter<byte> output)
    {
        foreach (var (field, _) in _fields)
        {
            if (canBe(field.References) && FieldEncoder.Write(field, scope, _format, output) is { } error)
            {
                return error;
            }
        }

        return null;
    }

    /// <summary>Writes the body with every field filled in; null or the failure.</summary>
    public VaultError? Resolve(IMergeScope scope, IBufferWriter<byte> output)
    {
        var written = 0;
        foreach (var (field, end) in _fields)
        {
            output.Write(_body.Span[written..(int)field.At.Offset]);
            if (FieldEncoder.Write(field, scope, _format, output) is { } error)
            {
                return error;
            }

            written = end;
        }

        output.Write(_body.Span[written..]);
        return null;
    }

    private static bool HasOpener(ReadOnlySpan<byte> body) =>
        body.IndexOf("{!"u8) >= 0 || body.IndexOf("<!"u8) >= 0 || body.IndexOf("{%21"u8) >= 0 || body.IndexOf("<%21"u8) >= 0
        || body.IndexOf("%7B"u8) >= 0 || body.IndexOf("%7b"u8) >= 0 || body.IndexOf("%3C"u8) >= 0 || body.IndexOf("%3c"u8) >= 0;
}
