using System.Buffers;
using Vault.Core.Primitives;

namespace Vault.Core.MergeFields;

/// <summary>What kind of body it is and in which charset; contract sections 6 and 9.</summary>
public sealed class MergeBodyFormat
{
    /// <summary>Reads the header values; <c>merge-unsupported-content</c> for a content coding or another charset than UTF-8, ASCII or Latin-1.</summary>
    public static Result<MergeBodyFormat> Parse(string? contentType, string? contentEncoding) => throw new NotImplementedException();
}

/// <summary>A whole body, parsed, so that everything is checked before anything is sent.</summary>
public sealed class MergeBody
{
    /// <summary>Parses; <c>merge-field-invalid</c> with line and column.</summary>
    public static Result<MergeBody> Parse(ReadOnlyMemory<byte> body, MergeBodyFormat format) => throw new NotImplementedException();

    /// <summary>Whether there is any field in it.</summary>
    public bool HasFields => throw new NotImplementedException();

    /// <summary>The first reference that the scope refuses, or null.</summary>
    public VaultError? Check(IMergeScope scope) => throw new NotImplementedException();

    /// <summary>Prepares every reference; the first failure, or null.</summary>
    public ValueTask<VaultError?> PrepareAsync(IMergeScope scope, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>Writes the body with every field filled in; null or the failure.</summary>
    public VaultError? Resolve(IMergeScope scope, IBufferWriter<byte> output) => throw new NotImplementedException();
}

/// <summary>The same for a body of any length, as it comes: what is not part of a field goes to the output at once.</summary>
public sealed class MergeBodyWriter(MergeBodyFormat format, IMergeScope scope, IBufferWriter<byte> output)
{
    /// <summary>Takes the next bytes of the body; null or the failure, after which nothing more may be written.</summary>
    public ValueTask<VaultError?> WriteAsync(ReadOnlyMemory<byte> chunk, CancellationToken cancellationToken)
    {
        _ = (format, scope, output);
        throw new NotImplementedException();
    }

    /// <summary>The body has ended; null or the failure.</summary>
    public ValueTask<VaultError?> CompleteAsync(CancellationToken cancellationToken) => throw new NotImplementedException();
}
