using System.Runtime.InteropServices;
using Net.Pkcs11Interop.Common;
using Net.Pkcs11Interop.HighLevelAPI;
using Vault.Core.Secrets.MasterKeys.Pkcs11;

namespace Vault.Core.Tests.Secrets.MasterKeys;

/// <summary>A token of SoftHSM, in a directory of its own, and the module that leads to it.</summary>
internal sealed class SoftToken : IDisposable
{
    public const string Label = "vault token";
    public const string Pin = "the-pin-4711";
    private const string OfficerPin = "the-officers-pin";
    private static readonly Pkcs11InteropFactories Factories = Pkcs11Modules.Factories;
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("vault-token-");

    public SoftToken(params string[] keys)
    {
        Directory.CreateDirectory(Tokens);
        var configuration = Path.Combine(_directory.FullName, "softhsm2.conf");
        File.WriteAllText(configuration, $"directories.tokendir = {Tokens}\nobjectstore.backend = file\nlog.level = ERROR\n");
        _ = SetEnvironment("SOFTHSM2_CONF\0"u8.ToArray(), System.Text.Encoding.UTF8.GetBytes(configuration + "\0"), 1);

        // One of its own, so that it can go away.
        Module = Path.Combine(_directory.FullName, "module.so");
        File.Copy(Installed(), Module);
        using var library = Open();
        library.GetSlotList(SlotsType.WithTokenPresent)[0].InitToken(OfficerPin, Label);
        using var session = Slot(library).OpenSession(SessionType.ReadWrite);
        session.Login(CKU.CKU_SO, OfficerPin);
        session.InitPin(Pin);
        session.Logout();
        Add(session, keys);
    }

    public string Module { get; }

    public string PinPath => Path.Combine(_directory.FullName, "pin");

    private string Tokens => Path.Combine(_directory.FullName, "tokens");

    /// <summary>Makes AES keys that the token doesn't give away.</summary>
    public void Add(params string[] keys)
    {
        using var library = Open();
        using var session = Slot(library).OpenSession(SessionType.ReadWrite);
        Add(session, keys);
    }

    /// <summary>The token is pulled out.</summary>
    public void Pull() => Directory.Move(Tokens, Tokens + ".away");

    /// <summary>And put in again.</summary>
    public void PutIn() => Directory.Move(Tokens + ".away", Tokens);

    /// <summary>Everything that the token keeps on disk.</summary>
    public IEnumerable<byte[]> Files() => Directory.GetFiles(_directory.FullName, "*", SearchOption.AllDirectories).Select(File.ReadAllBytes);

    public void Dispose() => _directory.Delete(recursive: true);

    private static void Add(ISession session, string[] keys)
    {
        session.Login(CKU.CKU_USER, Pin);
        using var make = Factories.MechanismFactory.Create(CKM.CKM_AES_KEY_GEN);
        var attributes = Factories.ObjectAttributeFactory;
        foreach (var key in keys)
        {
            session.GenerateKey(make,
            [
                attributes.Create(CKA.CKA_LABEL, key), attributes.Create(CKA.CKA_VALUE_LEN, 32), attributes.Create(CKA.CKA_TOKEN, true), attributes.Create(CKA.CKA_PRIVATE, true),
                attributes.Create(CKA.CKA_SENSITIVE, true), attributes.Create(CKA.CKA_EXTRACTABLE, false), attributes.Create(CKA.CKA_ENCRYPT, true), attributes.Create(CKA.CKA_DECRYPT, true),
            ]);
        }

        session.Logout();
    }

    private static ISlot Slot(IPkcs11Library library) => library.GetSlotList(SlotsType.WithTokenPresent).Single(slot => slot.GetTokenInfo().Label == Label);

    private static string Installed() => new[] { "/usr/lib/softhsm/libsofthsm2.so" }.Concat(Directory.GetDirectories("/usr/lib").Select(directory => Path.Combine(directory, "softhsm", "libsofthsm2.so")))
        .FirstOrDefault(File.Exists) ?? throw new InvalidOperationException("SoftHSM is missing; test.sh installs it.");

    // The module reads the process's own environment, which .NET only copies.
    [DllImport("libc", EntryPoint = "setenv")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetEnvironment(byte[] name, byte[] value, int overwrite);

    private IPkcs11Library Open() => Factories.Pkcs11LibraryFactory.LoadPkcs11Library(Factories, Module, AppType.MultiThreaded);
}
