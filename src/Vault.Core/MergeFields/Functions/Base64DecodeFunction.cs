using Vault.Core.Primitives;

namespace Vault.Core.MergeFields.Functions;

/// <summary><c>BASE64DECODE(text)</c>: the bytes of padded base64.</summary>
internal sealed class Base64DecodeFunction : MergeFunction
{
    public override string Name => "BASE64DECODE";

    public override IReadOnlyList<MergeParameter> Parameters { get; } = [new("text")];

    public override bool ReturnsBlob => true;

    public override Result<MergeValue> Invoke(ReadOnlySpan<MergeValue> arguments, MergeEscaping escaping) =>
        Decode(arguments[0].Text ?? "") is { } blob ? MergeValue.OfBlob(blob, false) : MergeErrors.Invalid("BASE64DECODE was given text that is not base64");

    private static byte[]? Decode(string text)
    {
        var buffer = new byte[(text.Length + 3) / 4 * 3];
        return Convert.TryFromBase64String(text, buffer, out var length) ? buffer[..length] : null;
    }
}
