using System.Buffers.Text;

namespace Vault.Core.MergeFields.Functions;

/// <summary><c>BASE64URLENCODE(blob)</c>: RFC 4648 section 5, unpadded.</summary>
internal sealed class Base64UrlEncodeFunction : BlobTextFunction
{
    public override string Name => "BASE64URLENCODE";

    protected override string Write(ReadOnlySpan<byte> blob) => Base64Url.EncodeToString(blob);
}
