using System.Buffers;

namespace Vault.Core.Primitives;

/// <summary>
/// Which characters may stand in the head of a request or an answer (RFC 9110 section 5, RFC 9112 section 3). The server and the
/// client below take more, and others read what they take in different ways.
/// </summary>
public static class WireText
{
    private static readonly SearchValues<char> Token = SearchValues.Create(
        "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    private static readonly SearchValues<char> Control = SearchValues.Create(
        [.. Enumerable.Range(0, 0x20).Where(c => c != '\t').Append(0x7F).Select(c => (char)c)]);

    /// <summary>Whether a request target is made of visible ASCII alone; all else has to be percent-encoded.</summary>
    public static bool IsTarget(ReadOnlySpan<char> target) => !target.IsEmpty && !target.ContainsAnyExceptInRange('!', '~');

    /// <summary>Whether a text may stand in a query as it is: visible ASCII, and nothing that ends it.</summary>
    public static bool IsQuery(ReadOnlySpan<char> text) => !text.ContainsAnyExceptInRange('!', '~') && !text.Contains('#');

    /// <summary>Whether a header may be called so.</summary>
    public static bool IsName(ReadOnlySpan<char> name) => !name.IsEmpty && !name.ContainsAnyExcept(Token);

    /// <summary>Whether a header's value, or a reason phrase, holds no control character save tab.</summary>
    public static bool IsValue(ReadOnlySpan<char> value) => !value.ContainsAny(Control);

    /// <summary>
    /// A header's name as services see it that make variables of headers (CGI, WSGI, PHP): there <c>X_Key</c> and <c>X-Key</c> are one.
    /// </summary>
    public static string Canonical(string name) => name.Replace('_', '-');
}
