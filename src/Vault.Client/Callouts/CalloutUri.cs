using System.Text;
using System.Text.RegularExpressions;

namespace Vault.Client.Callouts;

/// <summary>Turns what an app asks for into the vault's <c>/callout/{name}/{path}</c>, path and query byte for byte.</summary>
internal static partial class CalloutUri
{
    private const string Scheme = "callout";

    /// <summary>The base address of clients of one service. No such host can exist (RFC 2606): without the vault a request goes nowhere.</summary>
    public static Uri ServiceAddress { get; } = new("https://service.vault.invalid/");

    /// <summary>Whether it can be the name of a named credential or a principal.</summary>
    public static bool IsName(string? text) => text is { Length: <= 80 } && Name().IsMatch(text);

    /// <summary>The vault's address for a request; null where the request isn't for the vault.</summary>
    /// <param name="vault">Where the vault is.</param>
    /// <param name="namedCredential">Whose client it is; null: only <c>callout:</c> is for the vault.</param>
    /// <param name="asked">What the app asks for.</param>
    /// <exception cref="InvalidOperationException">A client of one service asks for another address, or the name after <c>callout:</c> is none.</exception>
    public static Uri? ToVault(Uri vault, string? namedCredential, Uri asked)
    {
        if (asked.Scheme == Scheme)
        {
            // Whatever reads a Uri of another scheme may tidy its path; what was written is what is sent.
            var written = asked.OriginalString[(Scheme.Length + 1)..].TrimStart('/');
            var end = written.AsSpan().IndexOfAny('/', '?', '#');
            var name = end < 0 ? written : written[..end];
            return IsName(name) ? Make(vault, name, end < 0 ? "" : written[end..])
                : throw new InvalidOperationException("After callout: the name of a named credential is due, as in callout:Service/record.");
        }

        if (namedCredential is null)
        {
            return null;
        }

        return asked.Host == ServiceAddress.Host && asked.Scheme == ServiceAddress.Scheme
            ? Make(vault, namedCredential, asked.AbsolutePath == "/" ? asked.Query : asked.PathAndQuery)
            : throw new InvalidOperationException($"This client goes to {namedCredential} through the vault, and to no other address: use a relative one, or callout:{namedCredential}/….");
    }

    private static Uri Make(Uri vault, string name, string rest)
    {
        var hash = rest.IndexOf('#', StringComparison.Ordinal);
        var text = new StringBuilder(vault.GetLeftPart(UriPartial.Path).TrimEnd('/')).Append("/callout/").Append(name);
        foreach (var rune in (hash < 0 ? rest : rest[..hash]).EnumerateRunes())
        {
            text.Append(rune.Value is > 0x20 and < 0x7f ? rune.ToString() : Uri.EscapeDataString(rune.ToString()));
        }

        return new Uri(text.ToString(), new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
    }

    [GeneratedRegex(@"\A[A-Za-z](?:_?[A-Za-z0-9])*\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Name();
}
