using System.Security.Cryptography;
using Vault.Core.Primitives;

namespace Vault.Core.MergeFields.Functions;

/// <summary><c>HMAC(algorithm, blob, key)</c>, RFC 2104.</summary>
internal sealed class HmacFunction : DigestFunction
{
    public override string Name => "HMAC";

    public override IReadOnlyList<MergeParameter> Parameters { get; } =
        [new("algorithm"), new("blob", IsBlob: true), new("key", IsBlob: true, IsKey: true)];

    protected override Result<MergeValue> Compute(HashAlgorithmName algorithm, ReadOnlySpan<MergeValue> arguments) =>
        MergeValue.OfBlob(CryptographicOperations.HmacData(algorithm, arguments[1].Blob.AsSpan(), arguments[0].Blob.AsSpan()), false);
}
