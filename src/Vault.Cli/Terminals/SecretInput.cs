using System.Text;

namespace Vault.Cli.Terminals;

/// <summary>A secret from a person or a pipe, never from an argument, which other users of the machine could read.</summary>
internal static class SecretInput
{
    private const int MostBytes = 1024 * 1024;

    /// <summary>Asks where a person can be asked, else reads all that is piped in, without the line break at its end.</summary>
    /// <param name="surroundings">The terminal.</param>
    /// <param name="question">What is asked for.</param>
    /// <param name="cancellationToken">Of the command.</param>
    public static async Task<string> ReadAsync(Surroundings surroundings, string question, CancellationToken cancellationToken)
    {
        var value = surroundings.CanAsk ? surroundings.AskSecret(question) : await ReadAllAsync(surroundings, cancellationToken);
        return value is { Length: > 0 } ? value : throw CommandFailure.Usage($"{question}: nothing was entered.");
    }

    /// <summary>A text without the line break at its end, as files and pipes have it.</summary>
    public static string Trim(string text) => text.EndsWith("\r\n", StringComparison.Ordinal) ? text[..^2] : text.EndsWith('\n') ? text[..^1] : text;

    private static async Task<string> ReadAllAsync(Surroundings surroundings, CancellationToken cancellationToken)
    {
        await using var input = surroundings.OpenInput();
        using var memory = new MemoryStream();
        var buffer = new byte[4096];
        for (int read; (read = await input.ReadAsync(buffer, cancellationToken)) > 0;)
        {
            memory.Write(buffer, 0, read);
            if (memory.Length > MostBytes)
            {
                throw CommandFailure.Usage("What is piped in is too long for a secret.");
            }
        }

        try
        {
            return Trim(new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(memory.GetBuffer(), 0, (int)memory.Length));
        }
        catch (DecoderFallbackException)
        {
            throw CommandFailure.Usage("What is piped in is not text in UTF-8; encode it first (base64).");
        }
    }
}
