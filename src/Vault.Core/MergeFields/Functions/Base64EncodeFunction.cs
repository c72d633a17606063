namespace Vault.Core.MergeFields.Functions;

/// <summary><c>BASE64ENCODE(blob)</c>: RFC 4648 section 4, padded.</summary>
internal sealed class Base64EncodeFunction : BlobTextFunction
{
    public override string Name => "BASE64ENCODE";

    protected override string Write(ReadOnlySpan<byte> blob) => Convert.ToBase64String(blob);
}
