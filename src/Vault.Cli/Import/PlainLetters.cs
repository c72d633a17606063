namespace Vault.Cli.Import;

/// <summary>
/// Letters of Europe's languages without their accents. A table, since the framework takes no letter apart where there is no ICU
/// (invariant globalization), and names must not depend on that.
/// </summary>
internal static class PlainLetters
{
    private static readonly Dictionary<char, string> Plain = new (string Accented, string Plain)[]
    {
        ("ÀÁÂÃÄÅĀĂĄǍ", "A"), ("àáâãäåāăąǎ", "a"), ("ÇĆĈĊČ", "C"), ("çćĉċč", "c"), ("ÐĎĐ", "D"), ("ðďđ", "d"), ("ÈÉÊËĒĔĖĘĚẼ", "E"), ("èéêëēĕėęěẽ", "e"),
        ("ĜĞĠĢ", "G"), ("ĝğġģ", "g"), ("ĤĦ", "H"), ("ĥħ", "h"), ("ÌÍÎÏĨĪĬĮİǏ", "I"), ("ìíîïĩīĭįıǐ", "i"), ("Ĵ", "J"), ("ĵ", "j"), ("Ķ", "K"), ("ķ", "k"),
        ("ĹĻĽĿŁ", "L"), ("ĺļľŀł", "l"), ("ÑŃŅŇ", "N"), ("ñńņň", "n"), ("ÒÓÔÕÖØŌŎŐǑ", "O"), ("òóôõöøōŏőǒ", "o"), ("ŔŖŘ", "R"), ("ŕŗř", "r"),
        ("ŚŜŞŠȘ", "S"), ("śŝşšș", "s"), ("ŢŤŦȚ", "T"), ("ţťŧț", "t"), ("ÙÚÛÜŨŪŬŮŰŲǓ", "U"), ("ùúûüũūŭůűųǔ", "u"), ("Ŵ", "W"), ("ŵ", "w"),
        ("ÝŶŸ", "Y"), ("ýÿŷ", "y"), ("ŹŻŽ", "Z"), ("źżž", "z"), ("Æ", "AE"), ("æ", "ae"), ("Œ", "OE"), ("œ", "oe"), ("ß", "ss"), ("Þ", "Th"), ("þ", "th"),
    }.SelectMany(row => row.Accented.Select(c => (c, row.Plain))).ToDictionary(pair => pair.c, pair => pair.Plain);

    /// <summary>The letter without its accent; null where it isn't in the table.</summary>
    public static string? Of(char letter) => Plain.GetValueOrDefault(letter);
}
