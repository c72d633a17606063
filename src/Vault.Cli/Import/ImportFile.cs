using System.Text;
using Vault.Cli.Documents;
using Vault.Cli.Terminals;

namespace Vault.Cli.Import;

/// <summary>A file in JSON or YAML that is imported; nothing that it refers to is read.</summary>
internal static class ImportFile
{
    /// <summary>What it holds.</summary>
    /// <param name="path">As it was given; <c>-</c> is what is piped in.</param>
    /// <param name="surroundings">The machine.</param>
    /// <exception cref="CommandFailure">It can't be read, or isn't one object.</exception>
    public static MappingNode Read(string path, Surroundings surroundings)
    {
        var text = Load(path, surroundings);
        var isJson = text.AsSpan().TrimStart() is ['{' or '[', ..];
        return (isJson ? JsonFile.Read(text, path) : YamlFile.ReadOne(text, path)) as MappingNode
            ?? throw CommandFailure.Usage($"{path}:1:1: Must be one object, in JSON or YAML.");
    }

    private static string Load(string path, Surroundings surroundings)
    {
        try
        {
            if (path != "-" && Directory.Exists(surroundings.PathOf(path)))
            {
                throw CommandFailure.Usage($"{path} is a directory; name one file.");
            }

            using var stream = path == "-" ? surroundings.OpenInput() : File.OpenRead(surroundings.PathOf(path));
            return BoundedText.Read(stream) ?? throw CommandFailure.Usage($"{path} is over {BoundedText.MostBytes / 1024 / 1024} MiB; it isn't read.");
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException)
        {
            throw CommandFailure.Usage($"There is no file {path}.");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw CommandFailure.Usage($"{path} can't be read ({fault.GetType().Name}).");
        }
        catch (DecoderFallbackException)
        {
            throw CommandFailure.Usage($"{path} is not text in UTF-8.");
        }
    }
}
