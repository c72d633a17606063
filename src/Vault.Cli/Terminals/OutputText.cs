using System.Text.Json;

namespace Vault.Cli.Terminals;

/// <summary>Writes what was asked for to a file, or to the terminal.</summary>
internal static class OutputText
{
    /// <summary>JSON for people.</summary>
    public static JsonSerializerOptions Json { get; } = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes text to a file; to standard output where none is named.</summary>
    public static async Task WriteAsync(Surroundings surroundings, string? path, string text, CancellationToken cancellationToken)
    {
        if (path is null or "-")
        {
            await surroundings.Output.WriteAsync(text.AsMemory(), cancellationToken);
            return;
        }

        try
        {
            await File.WriteAllTextAsync(surroundings.PathOf(path), text, cancellationToken);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw CommandFailure.Usage($"{path} can't be written ({fault.GetType().Name}).");
        }
    }
}
