using System.Security.Cryptography;
using Vault.Core.Primitives;

namespace Vault.Core.MergeFields.Functions;

/// <summary><c>HASH(algorithm, blob)</c>.</summary>
internal sealed class HashFunction : DigestFunction
{
    public override string Name => "HASH";

    public override IReadOnlyList<MergeParameter> Parameters { get; } = [new("algorithm"), new("blob", IsBlob: true)];

    protected override Result<MergeValue> Compute(HashAlgorithmName algorithm, ReadOnlySpan<MergeValue> arguments) =>
        MergeValue.OfBlob(CryptographicOperations.HashData(algorithm, arguments[0].Blob.AsSpan()), false);
}
