using System.Runtime.InteropServices;
using System.Text;

namespace Vault.Core.Primitives;

/// <summary>Makes the names in a directory durable: a file that was flushed and renamed may be gone after a loss of power until its directory was flushed too.</summary>
internal static class DurableDirectory
{
    private const int ReadOnly = 0;

    /// <summary>Flushes it; nothing on Windows, which keeps names in a journal.</summary>
    /// <exception cref="IOException">It can't be flushed.</exception>
    public static void Flush(string directory)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var descriptor = Open(Encoding.UTF8.GetBytes(directory + "\0"), ReadOnly);
        if (descriptor < 0)
        {
            throw new IOException($"The directory {directory} can't be opened (errno {Marshal.GetLastPInvokeError()}).");
        }

        var isFlushed = Synchronize(descriptor) == 0;
        var error = Marshal.GetLastPInvokeError();
        _ = Close(descriptor);
        if (!isFlushed)
        {
            throw new IOException($"The directory {directory} can't be flushed (errno {error}).");
        }
    }

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open(byte[] path, int flags);

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Synchronize(int descriptor);

    [DllImport("libc", EntryPoint = "close", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Close(int descriptor);
}
