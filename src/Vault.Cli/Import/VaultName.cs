using System.Globalization;
using System.Text;

namespace Vault.Cli.Import;

/// <summary>The developer-name rule of the vault, which is Salesforce's without namespaces, and a name that obeys it for one that doesn't.</summary>
internal static class VaultName
{
    private const int MaxLength = 80;

    private static readonly string[] Computed = ["Body", "Endpoint", "OAuthToken", "OAuthConsumerKey", "AuthorizationMethod", "AuthorizationHeaderValue"];

    /// <summary>Whether the vault takes it as a name.</summary>
    public static bool IsLegal(string name) =>
        name.Length is > 0 and <= MaxLength && char.IsAsciiLetter(name[0]) && name[^1] != '_'
        && !name.Contains("__", StringComparison.Ordinal) && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_');

    /// <summary>Whether it means something else in merge fields, so that no parameter and no external credential may have it.</summary>
    public static bool IsComputed(string name) => Computed.Contains(name, StringComparer.OrdinalIgnoreCase);

    /// <summary>The same for a parameter: one that means something else in merge fields gets <c>_Value</c> behind it.</summary>
    public static string OfParameter(string name) => Of(name) is var legal && IsComputed(legal) ? legal + "_Value" : legal;

    /// <summary>The name itself where it is legal, else the nearest that is: accents go, and what isn't a letter or digit becomes an underscore.</summary>
    public static string Of(string name)
    {
        if (IsLegal(name))
        {
            return name;
        }

        var text = new StringBuilder();
        foreach (var c in name)
        {
            if (char.IsAsciiLetterOrDigit(c))
            {
                text.Append(c);
            }
            else if (PlainLetters.Of(c) is { } plain)
            {
                text.Append(plain);
            }
            else if (CharUnicodeInfo.GetUnicodeCategory(c) is not UnicodeCategory.NonSpacingMark && text.Length > 0 && text[^1] != '_')
            {
                text.Append('_');
            }
        }

        if (text.Length == 0 || !char.IsAsciiLetter(text[0]))
        {
            text.Insert(0, "N");
        }

        return text.ToString(0, Math.Min(text.Length, MaxLength)).TrimEnd('_');
    }

    /// <summary>The name with a number behind it.</summary>
    public static string Numbered(string name, int number)
    {
        var end = "_" + number.ToString(CultureInfo.InvariantCulture);
        return name[..Math.Min(name.Length, MaxLength - end.Length)].TrimEnd('_') + end;
    }
}
