using System.Text;

namespace Vault.Cli.Terminals;

/// <summary>Reads a line from the keyboard without showing it, not even its length; and a key of several lines (PEM) as a whole, so that none of it is left to the shell.</summary>
internal static class SecretPrompt
{
    private const string Begin = "-----BEGIN ";
    private const string End = "-----END ";

    /// <summary>Asks on standard error, so that what is piped on stays clean; null where the input ended.</summary>
    public static string? Ask(string question)
    {
        System.Console.Error.Write(question + ": ");
        var typed = Read(() => System.Console.ReadKey(intercept: true), () => System.Console.KeyAvailable);
        System.Console.Error.WriteLine();
        return typed.Length == 0 ? null : typed;
    }

    /// <summary>Reads what is typed or pasted, up to the end of the line; from <c>-----BEGIN …-----</c> on, up to the end of the last block.</summary>
    /// <param name="readKey">The next key.</param>
    /// <param name="isMoreThere">Whether one was typed or pasted already.</param>
    public static string Read(Func<ConsoleKeyInfo> readKey, Func<bool> isMoreThere)
    {
        var typed = new StringBuilder();
        while (true)
        {
            var key = readKey();
            switch (key)
            {
                case { Key: ConsoleKey.Enter } or { KeyChar: '\r' or '\n' }:
                    if (IsOver(typed.ToString(), isMoreThere))
                    {
                        return typed.ToString().TrimEnd('\n');
                    }

                    typed.Append('\n');
                    break;
                case { Key: ConsoleKey.Backspace }:
                    typed.Length = Math.Max(0, typed.Length - 1);
                    break;
                case { Key: ConsoleKey.U, Modifiers: ConsoleModifiers.Control }:
                    typed.Clear();
                    break;
                case { KeyChar: not '\0' }:
                    typed.Append(key.KeyChar);
                    break;
                default:
                    break;
            }
        }
    }

    // A block ends with the line that ends it; a chain of certificates goes on with the next one, which is there already where it was pasted.
    private static bool IsOver(string typed, Func<bool> isMoreThere)
    {
        var lines = typed.Split('\n');
        var begun = Array.FindLastIndex(lines, line => line.StartsWith(Begin, StringComparison.Ordinal));
        if (begun < 0)
        {
            return true;
        }

        var end = End + lines[begun].TrimEnd()[Begin.Length..];
        return Array.FindIndex(lines, begun, line => line.TrimEnd() == end) >= 0 && !isMoreThere();
    }
}
