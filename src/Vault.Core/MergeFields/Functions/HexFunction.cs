namespace Vault.Core.MergeFields.Functions;

/// <summary><c>HEX(blob)</c>: lower-case hexadecimal.</summary>
internal sealed class HexFunction : BlobTextFunction
{
    public override string Name => "HEX";

    protected override string Write(ReadOnlySpan<byte> blob) => Convert.ToHexStringLower(blob);
}
