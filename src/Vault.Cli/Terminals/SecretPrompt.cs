using System.Text;

namespace Vault.Cli.Terminals;

/// <summary>Reads a line from the keyboard without showing it, not even its length.</summary>
internal static class SecretPrompt
{
    /// <summary>Asks on standard error, so that what is piped on stays clean; null where the input ended.</summary>
    public static string? Ask(string question)
    {
        System.Console.Error.Write(question + ": ");
        var typed = new StringBuilder();
        while (true)
        {
            var key = System.Console.ReadKey(intercept: true);
            switch (key)
            {
                case { Key: ConsoleKey.Enter }:
                    System.Console.Error.WriteLine();
                    return typed.Length == 0 ? null : typed.ToString();
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
}
