using System.Text;

namespace Vault.Cli.Documents;

/// <summary>
/// A file that holds a secret. A document of somebody else's must not be able to send any file of this machine to a service, so it has to be in
/// a directory that the person chose: that of the document, or one that is allowed by name.
/// </summary>
internal static class SecretFile
{
    // As much as the vault takes, and a line break.
    private const int MostBytes = (64 * 1024) + 2;
    private const int MostLinks = 40;

    /// <summary>Whether a path, links resolved, is within one of the directories.</summary>
    /// <param name="path">Absolute; what it really is comes back.</param>
    /// <param name="directories">Absolute.</param>
    /// <exception cref="IOException">There are too many links.</exception>
    public static bool IsWithin(ref string path, IEnumerable<string> directories)
    {
        var real = path = RealPathOf(path);
        return directories.Select(RealPathOf).Any(directory =>
            Path.GetRelativePath(directory, real) is var relative
            && !Path.IsPathRooted(relative) && relative != ".." && !relative.StartsWith(".." + Path.DirectorySeparatorChar, StringComparison.Ordinal));
    }

    /// <summary>What is in it; null where it is too long. Its length is not trusted: it may grow, and what is no regular file has none.</summary>
    /// <exception cref="IOException">It isn't there, or no regular file.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    /// <exception cref="DecoderFallbackException">It isn't UTF-8.</exception>
    public static string? Read(string path)
    {
        if (!RegularFile.IsAt(path))
        {
            throw new IOException("Is no regular file.");
        }

        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        if (!file.CanSeek || (File.GetAttributes(path) & (FileAttributes.Device | FileAttributes.Directory)) != 0)
        {
            throw new IOException("Is no regular file.");
        }

        var buffer = new byte[MostBytes + 1];
        var length = file.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        if (length > MostBytes)
        {
            return null;
        }

        using var reader = new StreamReader(new MemoryStream(buffer, 0, length), new UTF8Encoding(false, throwOnInvalidBytes: true));
        return reader.ReadToEnd();
    }

    private static string RealPathOf(string path)
    {
        var links = 0;
        var root = Path.GetPathRoot(path) ?? "";
        var real = root;
        var rest = new Stack<string>(Segments(path[root.Length..]));
        while (rest.TryPop(out var segment))
        {
            if (segment == "..")
            {
                real = Path.GetDirectoryName(real) ?? real;
                continue;
            }

            var next = Path.Combine(real, segment);
            if (new FileInfo(next).LinkTarget is not { } target)
            {
                real = next;
                continue;
            }

            if (++links > MostLinks)
            {
                throw new IOException("There are too many links.");
            }

            if (Path.IsPathRooted(target))
            {
                real = Path.GetPathRoot(target) ?? root;
                target = target[real.Length..];
            }

            foreach (var part in Segments(target))
            {
                rest.Push(part);
            }
        }

        return real;
    }

    // The last one first.
    private static IEnumerable<string> Segments(string path) =>
        path.Split([Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar], StringSplitOptions.RemoveEmptyEntries).Where(segment => segment != ".").Reverse();
}
