using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Vault.Cli.Documents;

/// <summary>
/// Tells files from what only stands among them, such as named pipes and sockets: to open a pipe as if it were a file is to wait until somebody writes into
/// it, and .NET doesn't say of what kind a name is.
/// </summary>
internal static class RegularFile
{
    private const int NoSuchDevice = 6;
    private static readonly int ReadWithoutWaiting = OperatingSystem.IsLinux() ? 0x800 : 0x4;

    /// <summary>Whether it can be read like a file. What isn't there, or may not be read, is for who opens it to find out.</summary>
    public static bool IsAt(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return true;
        }

        var descriptor = Open(Encoding.UTF8.GetBytes(path + "\0"), ReadWithoutWaiting);
        if (descriptor < 0)
        {
            return Marshal.GetLastPInvokeError() != NoSuchDevice;
        }

        using var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        using var stream = new FileStream(handle, FileAccess.Read, bufferSize: 0);
        return stream.CanSeek;
    }

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open(byte[] path, int flags);
}
