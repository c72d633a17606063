using System.IO.Compression;
using Vault.Cli.Documents;
using Vault.Cli.Import.Salesforce.Conversion;

namespace Vault.Cli.Import.Salesforce.Files;

/// <summary>Finds the metadata in a file, a directory tree or a zip. What can't be read is reported, and the rest goes on.</summary>
/// <param name="report">Where it says so.</param>
internal sealed class SourceReader(ImportReport report)
{
    private static readonly HashSet<string> SkippedDirectories = new(StringComparer.OrdinalIgnoreCase) { ".git", ".sf", ".sfdx", "node_modules" };

    private long _read;
    private long _kept;
    private int _entries;

    /// <summary>Reads them, in the order of their paths.</summary>
    /// <param name="path">An absolute path.</param>
    /// <exception cref="CommandFailure">There is nothing at the path, or it is no zip.</exception>
    public IReadOnlyList<MetadataFile> Read(string path)
    {
        try
        {
            if (Directory.Exists(path))
            {
                return Sort(ReadDirectory(path));
            }

            return File.Exists(path) ? IsZip(path) ? Sort(ReadZip(path)) : ReadSingle(path)
                : throw CommandFailure.Usage($"There is no file and no directory at {path}.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw CommandFailure.Usage($"{path} can't be read: {exception.Message}");
        }
    }

    private static IReadOnlyList<MetadataFile> Sort(IEnumerable<MetadataFile> files) => [.. files.OrderBy(file => file.Path, StringComparer.Ordinal)];

    private static bool IsZip(string path)
    {
        using var stream = File.OpenRead(path);
        Span<byte> magic = stackalloc byte[4];
        return stream.ReadAtLeast(magic, 4, throwOnEndOfStream: false) == 4 && magic is [(byte)'P', (byte)'K', 3 or 5, 4 or 6];
    }

    private List<MetadataFile> ReadSingle(string path)
    {
        var fileName = Path.GetFileName(path);
        using var stream = File.OpenRead(path);
        if (ReadBounded(fileName, stream) is not { } content)
        {
            return [];
        }

        if (!MetadataFile.TryIdentify(fileName, out var kind, out var name))
        {
            if (MetadataXml.Read(content, out var problem) is not { } root)
            {
                report.Refuse(fileName, problem);
                return [];
            }

            if (MetadataFile.KindOf(root.Name) is not { } found)
            {
                throw CommandFailure.Usage($"{fileName} is neither a zip nor metadata that an import knows: its root element is <{Shown.Of(root.Name)}>.");
            }

            (kind, name) = (found, root.TakeText("fullName") ?? fileName.Split('.')[0]);
        }

        return [new MetadataFile(fileName, kind, name, content)];
    }

    private List<MetadataFile> ReadDirectory(string root)
    {
        var files = new List<MetadataFile>();
        var pending = new Stack<string>([root]);
        while (pending.TryPop(out var directory))
        {
            foreach (var entry in new DirectoryInfo(directory).EnumerateFileSystemInfos("*", new EnumerationOptions { IgnoreInaccessible = true, AttributesToSkip = FileAttributes.None }))
            {
                CountEntry();
                var shown = Path.GetRelativePath(root, entry.FullName).Replace('\\', '/');
                if (entry.Attributes.HasFlag(FileAttributes.ReparsePoint))
                {
                    ReportLink(entry, shown);
                }
                else if (entry is DirectoryInfo child)
                {
                    if (!SkippedDirectories.Contains(child.Name))
                    {
                        pending.Push(child.FullName);
                    }
                }
                else if (MetadataFile.TryIdentify(entry.Name, out var kind, out var name))
                {
                    if (RegularFile.IsAt(entry.FullName))
                    {
                        TryAdd(files, entry.FullName, shown, kind, name);
                    }
                    else
                    {
                        report.Refuse(shown, new Problem("It is no regular file; it isn't read.", 1, 1));
                    }
                }
            }
        }

        return files;
    }

    // They could lead in circles, or out of the project.
    private void ReportLink(FileSystemInfo link, string shown)
    {
        if (link is DirectoryInfo)
        {
            report.Add(shown, new MetadataElement("link", 1, 1), Outcome.Note, "Links aren't followed; what is in this directory comes over where it really is among the files.");
        }
        else if (MetadataFile.TryIdentify(link.Name, out _, out _))
        {
            report.Refuse(shown, new Problem("It is a link, and links aren't followed; import the file that it leads to.", 1, 1));
        }
    }

    // One file that can't be read, say since it is another user's, is no reason to drop the others.
    private void TryAdd(List<MetadataFile> files, string path, string shown, MetadataKind kind, string name)
    {
        try
        {
            using var stream = File.OpenRead(path);
            Add(files, shown, kind, name, stream);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            report.Refuse(shown, new Problem(exception is UnauthorizedAccessException ? "The file may not be read by this user." : "The file can't be read.", 1, 1));
        }
    }

    private List<MetadataFile> ReadZip(string path)
    {
        var files = new List<MetadataFile>();
        try
        {
            using var zip = ZipFile.OpenRead(path);
            foreach (var entry in zip.Entries)
            {
                CountEntry();
                if (!entry.FullName.EndsWith('/') && MetadataFile.TryIdentify(entry.Name, out var kind, out var name))
                {
                    using var stream = entry.Open();
                    Add(files, entry.FullName.Replace('\\', '/'), kind, name, stream);
                }
            }
        }
        catch (Exception exception) when (exception is InvalidDataException or NotSupportedException)
        {
            throw CommandFailure.Usage($"{path} is a damaged or an encrypted zip.");
        }

        return files;
    }

    private void Add(List<MetadataFile> files, string shown, MetadataKind kind, string name, Stream stream)
    {
        if (files.Count == SourceLimits.MaxFiles)
        {
            throw CommandFailure.Usage($"There are more than {SourceLimits.MaxFiles} metadata files; import a part of the project.");
        }

        if (ReadBounded(shown, stream) is not { } content)
        {
            return;
        }

        var file = new MetadataFile(shown, kind, name, content);
        if (kind is MetadataKind.Permissions && !PermissionNotes.AreIn(file))
        {
            return;
        }

        if ((_kept += content.Length) > SourceLimits.MaxKeptBytes)
        {
            throw CommandFailure.Usage($"The metadata files have more than {SourceLimits.MaxKeptBytes / 1024 / 1024} MiB together; import a part of the project.");
        }

        files.Add(file);
    }

    // What a zip says about sizes isn't believed: it is counted while it is unpacked.
    private byte[]? ReadBounded(string shown, Stream stream)
    {
        using var content = new MemoryStream();
        var buffer = new byte[64 * 1024];
        int read;
        while ((read = stream.Read(buffer)) > 0)
        {
            if ((_read += read) > SourceLimits.MaxReadBytes)
            {
                throw CommandFailure.Usage($"The metadata files have more than {SourceLimits.MaxReadBytes / 1024 / 1024 / 1024} GiB together; import a part of the project.");
            }

            if (content.Length + read > SourceLimits.MaxFileBytes)
            {
                report.Refuse(shown, new Problem($"The file is over {SourceLimits.MaxFileBytes / 1024 / 1024} MiB; it isn't read.", 1, 1));
                return null;
            }

            content.Write(buffer, 0, read);
        }

        return content.ToArray();
    }

    private void CountEntry()
    {
        if (++_entries > SourceLimits.MaxEntries)
        {
            throw CommandFailure.Usage($"There are more than {SourceLimits.MaxEntries} files; import a part of the project.");
        }
    }
}
