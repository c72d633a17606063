using System.Runtime.InteropServices;

namespace Vault.Api.Hosting;

/// <summary>
/// Keeps the memory of the process to itself: no core dump, and no other process of the same user may attach to it or read
/// <c>/proc/…/mem</c>. The container's settings say the same; this holds where there is no container.
/// </summary>
internal static class ProcessHardening
{
    private const int CoreSize = 4;
    private const int SetDumpable = 4;

    /// <summary>On Linux; nothing elsewhere. A system that refuses is told of on the console, and the vault goes on.</summary>
    public static void Apply()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        var none = default(ResourceLimit);
        if (SetLimit(CoreSize, in none) != 0 || Control(SetDumpable, 0, 0, 0, 0) != 0)
        {
            Console.Error.WriteLine($"vault: core dumps could not be turned off (errno {Marshal.GetLastPInvokeError()}); see SECURITY.md.");
        }
    }

    [DllImport("libc", EntryPoint = "setrlimit", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetLimit(int resource, in ResourceLimit limit);

    [DllImport("libc", EntryPoint = "prctl", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Control(int option, nint argument2, nint argument3, nint argument4, nint argument5);

    [StructLayout(LayoutKind.Sequential)]
    private struct ResourceLimit
    {
        public nuint Soft;
        public nuint Hard;
    }
}
