using System.Text;
using System.Text.Unicode;

namespace Vault.Core.Callouts;

/// <summary>
/// Header values travel through the vault as strings of bytes (Latin-1), so that what a caller or an upstream sends keeps its
/// bytes; text that the vault makes goes out as UTF-8.
/// </summary>
internal static class HeaderText
{
    /// <summary>The text whose UTF-8 a string of bytes holds.</summary>
    public static string Decode(string bytes) =>
        Ascii.IsValid(bytes) ? bytes : Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(bytes));

    /// <summary>Whether a string of bytes holds UTF-8.</summary>
    public static bool IsUtf8(string bytes) => Ascii.IsValid(bytes) || Utf8.IsValid(Encoding.Latin1.GetBytes(bytes));

    /// <summary>The string of bytes of a text's UTF-8.</summary>
    public static string Encode(string text) =>
        Ascii.IsValid(text) ? text : Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text));

    /// <summary>Whether a value may stand in a header: no control character save tab, no white space at its ends.</summary>
    public static bool IsLegal(string text)
    {
        foreach (var c in text)
        {
            if (char.IsControl(c) && c != '\t')
            {
                return false;
            }
        }

        return text.Length == 0 || (!IsBlank(text[0]) && !IsBlank(text[^1]));

        static bool IsBlank(char c) => c is ' ' or '\t';
    }
}
