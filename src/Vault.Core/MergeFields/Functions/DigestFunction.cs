using System.Security.Cryptography;
using Vault.Core.Primitives;

namespace Vault.Core.MergeFields.Functions;

/// <summary>A function whose first argument names a digest and whose result is a blob.</summary>
internal abstract class DigestFunction : MergeFunction
{
    public sealed override bool ReturnsBlob => true;

    public sealed override string? CheckLiteral(int index, string literal) =>
        index == 0 && !DigestAlgorithm.TryGet(literal, out _) ? $"{Name}: {DigestAlgorithm.Unknown}" : null;

    public sealed override Result<MergeValue> Invoke(ReadOnlySpan<MergeValue> arguments, MergeEscaping escaping) =>
        DigestAlgorithm.TryGet(arguments[0].Text, out var algorithm)
            ? Compute(algorithm, arguments[1..])
            : MergeErrors.Invalid($"{Name}: {DigestAlgorithm.Unknown}");

    /// <summary>Computes over the arguments after the algorithm.</summary>
    protected abstract Result<MergeValue> Compute(HashAlgorithmName algorithm, ReadOnlySpan<MergeValue> arguments);
}
