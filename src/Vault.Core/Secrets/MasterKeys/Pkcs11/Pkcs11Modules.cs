using System.Runtime.InteropServices;
using Net.Pkcs11Interop.HighLevelAPI;

namespace Vault.Core.Secrets.MasterKeys.Pkcs11;

/// <summary>How modules are loaded.</summary>
internal static class Pkcs11Modules
{
    // The library looks for `libdl`, which is there only where somebody compiles C.
    static Pkcs11Modules() => NativeLibrary.SetDllImportResolver(
        typeof(Pkcs11InteropFactories).Assembly,
        static (name, assembly, path) => name == "libdl" && OperatingSystem.IsLinux() ? LoadFirst("libdl.so.2", "libc.so.6", "libc.so") : NativeLibrary.Load(name, assembly, path));

    /// <summary>Makes everything that belongs to a module.</summary>
    public static Pkcs11InteropFactories Factories { get; } = new();

    private static IntPtr LoadFirst(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (NativeLibrary.TryLoad(name, out var library))
            {
                return library;
            }
        }

        return IntPtr.Zero;
    }
}
