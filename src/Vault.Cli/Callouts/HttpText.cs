using System.Buffers;

namespace Vault.Cli.Callouts;

/// <summary>What may stand in the head of a request. The HTTP client checks little of it, and tells the rest as a failed connection.</summary>
internal static class HttpText
{
    private static readonly SearchValues<char> TokenCharacters = SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    /// <summary>Whether it may be a method, or the name of a header.</summary>
    public static bool IsToken(string text) => text.Length > 0 && !text.AsSpan().ContainsAnyExcept(TokenCharacters);

    /// <summary>Whether it may be the value of a header: a line break would begin another one, and beyond ASCII nobody agrees on the bytes.</summary>
    public static bool IsValue(string text) => text.All(character => character is '\t' or (>= ' ' and <= '~'));
}
