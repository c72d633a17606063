using Vault.Core.MergeFields;
using Vault.Core.Primitives;

namespace Vault.Fuzz.Parsers;

/// <summary>A scope with values that try to break out of wherever they land.</summary>
internal sealed class MergeLanguage : IMergeScope
{
    /// <summary>What the language is made of.</summary>
    public static readonly string[] Words =
    [
        "{!", "<!", "}", ">", "$Credential.", "$Credential.Password", "$Credential.Body", "$Token.", "$User.Id", "$Request.Nonce", "HTMLENCODE(", "JSENCODE(", "JSONENCODE(",
        "URLENCODE(", "XMLENCODE(", "RAW(", "HMAC('SHA-256',", "HASH('MD5',", "SIGN('SHA-1',", "BASE64ENCODE(", "BASE64DECODE(", "BASE64URLENCODE(", "BLOB(", "HEX(", "UPPER(", "LOWER(",
        "TRIM(", ")", "&", "'", "\"", "\\", "\\u0024", "\\u0027", "%7B%21", "%7D", "&amp;", "&#39;", "&lt;!", "{!$Credential.Password}", "<!$Credential.Username>", "=", "+", "\r\n", "é", "😀", "\uFEFF",
    ];

    private static readonly Dictionary<string, MergeValue> Values = new(StringComparer.OrdinalIgnoreCase)
    {
        ["$Credential.Username"] = MergeValue.OfText("service-user", false),
        ["$Credential.Password"] = MergeValue.OfText("p\"w\\<&'>\u00e9 %+=,]}\r\n{!$Credential.Username}", true),
        ["$Credential.Body"] = MergeValue.OfBlob([0xFF, 0x00, (byte)'"'], false),
        ["$Credential.Euro"] = MergeValue.OfText("\u20ac\ud83d\ude00", true),
        ["$User.Id"] = MergeValue.OfText("u1", false),
    };

    public VaultError? Check(MergeReference reference) =>
        Values.ContainsKey(reference.ToString()) ? null : new VaultError(ErrorCodes.MergeFieldInvalid, "It is not known.");

    public ValueTask<VaultError?> PrepareAsync(MergeReference reference, CancellationToken cancellationToken) => ValueTask.FromResult<VaultError?>(null);

    public Result<MergeValue> Resolve(MergeReference reference) => Values[reference.ToString()];

    public void OnSecretProduced(ReadOnlySpan<byte> utf8) => FuzzFailure.Unless(utf8.Length < 64 * 1024 * 1024, "A secret grew.");
}
