using System.Security.Cryptography;
using Net.Pkcs11Interop.Common;
using Net.Pkcs11Interop.HighLevelAPI;

namespace Vault.Core.Secrets.MasterKeys.Pkcs11;

/// <summary>
/// The master key wrapped by an AES key of a hardware security module, or of whatever has a PKCS#11 module: AES-GCM in the token, once for each
/// start. The wrap is authentic by itself: nobody without the token's key makes one.
/// </summary>
internal sealed class Pkcs11MasterKey(MasterKeySettings settings, string module, string tokenLabel, string keyLabel, Func<byte[]> pin) : IMasterKeyProvider
{
    private const string ProviderName = "pkcs11";
    private const string Algorithm = "AES-GCM";
    private const int NonceSize = 12;
    private const int TagBits = 128;

    private static Pkcs11InteropFactories Factories => Pkcs11Modules.Factories;

    /// <inheritdoc />
    public string Name => ProviderName;

    /// <summary>Reads the settings.</summary>
    public static Pkcs11MasterKey Read(MasterKeySettings settings)
    {
        var module = settings.Require("Module");
        if (!Path.IsPathFullyQualified(module))
        {
            // A bare name would be looked for in places that others may write to.
            throw settings.Bad("Module", "must be the absolute path of a PKCS#11 module");
        }

        var (pin, path) = (settings.Find("Pin"), settings.Find("PinPath"));
        return pin is null == path is null
            ? throw settings.Bad("PinPath", $"or {settings.NameOf("Pin")} must be set, one of them")
            : new Pkcs11MasterKey(
                settings, module, settings.Require("TokenLabel"), settings.Require("KeyLabel"), () => path is null ? System.Text.Encoding.UTF8.GetBytes(pin ?? "") : ReadPin(settings, path));
    }

    /// <inheritdoc />
    public async Task<byte[]?> FindAsync(byte[]? kept, CancellationToken cancellationToken)
    {
        if (kept is null)
        {
            return null;
        }

        var wrapped = WrappedMasterKey.Read(kept, ProviderName);
        if (wrapped.Algorithm != Algorithm || wrapped.Ciphertext.Length <= NonceSize)
        {
            throw Unusable(null);
        }

        return await UseAsync("unwrap", (session, key) => WrappedMasterKey.Check(Unwrap(session, key, wrapped)), cancellationToken);
    }

    /// <inheritdoc />
    public Task<NewMasterKey> CreateAsync(CancellationToken cancellationToken) => UseAsync("wrap", (session, tokenKey) =>
    {
        var key = RandomNumberGenerator.GetBytes(32);
        var nonce = RandomNumberGenerator.GetBytes(NonceSize);
        var wrapped = new WrappedMasterKey(ProviderName, keyLabel, Algorithm, []);
        using var gcm = Gcm(nonce, wrapped);
        wrapped = wrapped with { Ciphertext = [.. nonce, .. session.Encrypt(gcm, tokenKey, key)] };

        // Tokens differ in what they make of a nonce: better found out before anything is sealed.
        return CryptographicOperations.FixedTimeEquals(Unwrap(session, tokenKey, wrapped), key)
            ? new NewMasterKey(key, wrapped.ToBytes())
            : throw new VaultStartException($"The token '{tokenLabel}' doesn't give back what it wrapped (Vault:MasterKey:TokenLabel): it can't keep a master key. Nothing was changed.");
    }, cancellationToken);

    private static byte[] Unwrap(ISession session, IObjectHandle key, WrappedMasterKey wrapped)
    {
        using var gcm = Gcm(wrapped.Ciphertext[..NonceSize], wrapped);
        return session.Decrypt(gcm, key, wrapped.Ciphertext[NonceSize..]);
    }

    // Bound to what is said beside it.
    private static IMechanism Gcm(byte[] nonce, WrappedMasterKey wrapped) => Factories.MechanismFactory.Create(
        CKM.CKM_AES_GCM,
        Factories.MechanismParamsFactory.CreateCkGcmParams(nonce, NonceSize * 8, (wrapped with { Ciphertext = [] }).Digest(), TagBits));

    private static byte[] ReadPin(MasterKeySettings settings, string path)
    {
        try
        {
            var read = System.IO.File.ReadAllBytes(path);
            var pin = read.AsSpan().TrimEnd("\r\n"u8).ToArray();
            CryptographicOperations.ZeroMemory(read);
            return pin.Length > 0 ? pin : throw settings.Bad("PinPath", $"({path}) is empty");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw settings.Bad("PinPath", $"({path}) can't be read: {exception.GetType().Name}", exception);
        }
    }

    // The module's calls block, on a network as well: not where somebody else waits.
    private Task<T> UseAsync<T>(string what, Func<ISession, IObjectHandle, T> use, CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            using var library = Load();
            try
            {
                using var session = Slot(library).OpenSession(SessionType.ReadOnly);
                LogIn(session);
                return use(session, Key(session));
            }
            catch (Pkcs11Exception exception) when (what == "unwrap" && exception.RV
                is CKR.CKR_ENCRYPTED_DATA_INVALID or CKR.CKR_ENCRYPTED_DATA_LEN_RANGE or CKR.CKR_GENERAL_ERROR or CKR.CKR_DATA_INVALID or CKR.CKR_FUNCTION_FAILED)
            {
                throw Unusable(exception);
            }
            catch (Pkcs11Exception exception)
            {
                throw new VaultStartException(
                    $"The token '{tokenLabel}' would not {what} the master key with the key '{keyLabel}' (Vault:MasterKey:TokenLabel, KeyLabel): {exception.RV}. Nothing was changed.", exception);
            }
        },
        cancellationToken).WaitAsync(cancellationToken);

    private IPkcs11Library Load()
    {
        try
        {
            return Factories.Pkcs11LibraryFactory.LoadPkcs11Library(Factories, module, AppType.MultiThreaded);
        }
        catch (Exception exception) when (exception is UnmanagedException or Pkcs11Exception or DllNotFoundException or BadImageFormatException or EntryPointNotFoundException)
        {
            throw settings.Bad("Module", $"({module}) can't be loaded as a PKCS#11 module{(exception is Pkcs11Exception failed ? $": {failed.RV}" : "")}", exception);
        }
    }

    private ISlot Slot(IPkcs11Library library)
    {
        var slots = library.GetSlotList(SlotsType.WithTokenPresent).Where(slot => slot.GetTokenInfo().Label == tokenLabel).ToArray();
        return slots is [var only] ? only : throw settings.Bad("TokenLabel", $"is '{tokenLabel}', and the module has {(slots.Length == 0 ? "no token" : "several tokens")} of that label");
    }

    private void LogIn(ISession session)
    {
        var secret = pin();
        try
        {
            session.Login(CKU.CKU_USER, secret);
        }
        catch (Pkcs11Exception exception) when (exception.RV is not CKR.CKR_USER_ALREADY_LOGGED_IN)
        {
            throw new VaultStartException(
                $"The token '{tokenLabel}' refused the PIN (Vault:MasterKey:Pin or PinPath): {exception.RV}. It may lock itself after a few more. Nothing was changed.", exception);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    private IObjectHandle Key(ISession session)
    {
        var attributes = Factories.ObjectAttributeFactory;
        var found = session.FindAllObjects(
        [
            attributes.Create(CKA.CKA_CLASS, CKO.CKO_SECRET_KEY), attributes.Create(CKA.CKA_KEY_TYPE, CKK.CKK_AES),
            attributes.Create(CKA.CKA_TOKEN, true), attributes.Create(CKA.CKA_LABEL, keyLabel),
        ]);
        return found is [var only] ? only
            : throw settings.Bad("KeyLabel", $"is '{keyLabel}', and the token '{tokenLabel}' has {(found.Count == 0 ? "no AES key" : "several AES keys")} of that label");
    }

    private VaultStartException Unusable(Exception? exception) => new(
        $"The master key can't be unwrapped with the key '{keyLabel}' of the token '{tokenLabel}' (Vault:MasterKey:KeyLabel): it was wrapped by another key, or isn't as it was kept. Nothing was changed.", exception);
}
