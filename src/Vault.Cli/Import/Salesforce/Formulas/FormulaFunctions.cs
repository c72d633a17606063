namespace Vault.Cli.Import.Salesforce.Formulas;

/// <summary>What an argument or a result of a function is.</summary>
internal enum FormulaType
{
    /// <summary>Text.</summary>
    Text,

    /// <summary>Bytes; text that stands where they are due is its UTF-8.</summary>
    Blob,
}

/// <summary>The functions that the vault's merge fields have, too.</summary>
internal static class FormulaFunctions
{
    private static readonly Dictionary<string, (FormulaType[] Arguments, FormulaType Result)> Known = new(StringComparer.Ordinal)
    {
        ["HTMLENCODE"] = ([FormulaType.Text], FormulaType.Text),
        ["JSENCODE"] = ([FormulaType.Text], FormulaType.Text),
        ["URLENCODE"] = ([FormulaType.Text], FormulaType.Text),
        ["UPPER"] = ([FormulaType.Text], FormulaType.Text),
        ["LOWER"] = ([FormulaType.Text], FormulaType.Text),
        ["TRIM"] = ([FormulaType.Text], FormulaType.Text),
        ["BASE64ENCODE"] = ([FormulaType.Blob], FormulaType.Text),
        ["BASE64DECODE"] = ([FormulaType.Text], FormulaType.Blob),
        ["BLOB"] = ([FormulaType.Text], FormulaType.Blob),
        ["HEX"] = ([FormulaType.Blob], FormulaType.Text),
        ["HASH"] = ([FormulaType.Text, FormulaType.Blob], FormulaType.Blob),
        ["HMAC"] = ([FormulaType.Text, FormulaType.Blob, FormulaType.Blob], FormulaType.Blob),
        ["SIGN"] = ([FormulaType.Text, FormulaType.Blob, FormulaType.Blob], FormulaType.Blob),
    };

    /// <summary>The types of a function.</summary>
    public static bool TryFind(string name, out (FormulaType[] Arguments, FormulaType Result) signature) => Known.TryGetValue(name, out signature);

    /// <summary>The vault's name of an algorithm, as in <c>hmacSHA256</c> or <c>RSA-SHA256</c>; null where it has none.</summary>
    public static string? Algorithm(string written)
    {
        var bare = written.ToUpperInvariant().Replace("-", "", StringComparison.Ordinal).Replace("_", "", StringComparison.Ordinal);
        return bare.Contains("SHA256", StringComparison.Ordinal) ? "SHA-256"
            : bare.Contains("SHA384", StringComparison.Ordinal) ? "SHA-384"
            : bare.Contains("SHA512", StringComparison.Ordinal) ? "SHA-512"
            : bare.Contains("SHA1", StringComparison.Ordinal) ? "SHA-1"
            : bare.Contains("MD5", StringComparison.Ordinal) ? "MD5"
            : bare == "RSA" ? "SHA-1"
            : null;
    }
}
