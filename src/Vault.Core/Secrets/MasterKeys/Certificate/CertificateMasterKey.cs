using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Vault.Core.Secrets.MasterKeys.Certificate;

/// <summary>
/// The master key wrapped to a certificate (a PKCS#12 file, or one in the user's or machine's store): RSA-OAEP with SHA-256, signed by
/// RSA-PSS, since whoever has the certificate can wrap to it. An EC certificate is refused: agreeing on a key isn't wrapping, and one RSA key is all that it takes.
/// </summary>
internal sealed class CertificateMasterKey(Func<X509Certificate2> load) : IMasterKeyProvider
{
    private const string ProviderName = "certificate";
    private const string RsaOaep = "RSA-OAEP-256";
    private const int LeastBits = 2048;

    /// <inheritdoc />
    public string Name => ProviderName;

    /// <summary>Reads the settings.</summary>
    public static CertificateMasterKey Read(MasterKeySettings settings)
    {
        var path = settings.Find("CertificatePath");
        var thumbprint = settings.Find("CertificateThumbprint");
        if (path is null == thumbprint is null)
        {
            throw settings.Bad("CertificatePath", $"or {settings.NameOf("CertificateThumbprint")} must be set, one of them");
        }

        if (path is not null)
        {
            var password = settings.Find("CertificatePassword");
            return new CertificateMasterKey(() => Load(settings, path, password));
        }

        var store = settings.Find("CertificateStore") switch
        {
            null or "CurrentUser" => StoreLocation.CurrentUser,
            "LocalMachine" => StoreLocation.LocalMachine,
            _ => throw settings.Bad("CertificateStore", "must be CurrentUser or LocalMachine"),
        };
        return new CertificateMasterKey(() => Find(settings, store, thumbprint ?? ""));
    }

    /// <inheritdoc />
    public Task<byte[]?> FindAsync(byte[]? kept, CancellationToken cancellationToken)
    {
        using var certificate = load();
        if (kept is null)
        {
            return Task.FromResult<byte[]?>(null);
        }

        var wrapped = WrappedMasterKey.Read(kept, ProviderName);
        using var rsa = certificate.GetRSAPrivateKey();
        if (wrapped.Algorithm != RsaOaep || rsa is null)
        {
            throw Unusable(null);
        }

        if (wrapped.Signature is not { } signature || !rsa.VerifyHash(wrapped.Digest(), signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pss))
        {
            // A renewed certificate with the same key has another thumbprint, and is as good.
            throw wrapped.KeyId == certificate.Thumbprint ? WrappedMasterKey.NotSigned() : Unusable(null);
        }

        try
        {
            return Task.FromResult<byte[]?>(wrapped.CheckSigned(rsa.Decrypt(wrapped.Ciphertext, RSAEncryptionPadding.OaepSHA256)));
        }
        catch (CryptographicException exception)
        {
            throw Unusable(exception);
        }

        VaultStartException Unusable(Exception? exception) => new(
            $"The master key can't be unwrapped with the certificate {certificate.Thumbprint} (Vault:MasterKey:CertificatePath or CertificateThumbprint): it was wrapped to another. Nothing was changed.",
            exception);
    }

    /// <inheritdoc />
    public Task<NewMasterKey> CreateAsync(CancellationToken cancellationToken)
    {
        using var certificate = load();
        using var rsa = certificate.GetRSAPrivateKey() ?? throw new VaultStartException("The certificate has no RSA key.");
        var key = RandomNumberGenerator.GetBytes(32);
        var wrapped = new WrappedMasterKey(
            ProviderName, certificate.Thumbprint, RsaOaep, rsa.Encrypt(key, RSAEncryptionPadding.OaepSHA256), KeyCheckValue.Of(key, "master"));
        var signed = wrapped with { Signature = rsa.SignHash(wrapped.Digest(), HashAlgorithmName.SHA256, RSASignaturePadding.Pss) };
        return Task.FromResult(new NewMasterKey(key, signed.ToBytes()));
    }

    private static X509Certificate2 Load(MasterKeySettings settings, string path, string? password)
    {
        try
        {
            return Judge(settings, "CertificatePath", X509CertificateLoader.LoadPkcs12FromFile(path, password, X509KeyStorageFlags.EphemeralKeySet));
        }
        catch (Exception exception) when (exception is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw settings.Bad("CertificatePath", $"({path}) is no PKCS#12 file that can be read with {settings.NameOf("CertificatePassword")}", exception);
        }
    }

    private static X509Certificate2 Find(MasterKeySettings settings, StoreLocation location, string thumbprint)
    {
        try
        {
            using var store = new X509Store(StoreName.My, location, OpenFlags.ReadOnly | OpenFlags.OpenExistingOnly);
            return store.Certificates.Find(X509FindType.FindByThumbprint, thumbprint, validOnly: false) is [var found, ..]
                ? Judge(settings, "CertificateThumbprint", found)
                : throw settings.Bad("CertificateThumbprint", $"({thumbprint}) is not in the store My of {location}");
        }
        catch (CryptographicException exception)
        {
            throw settings.Bad("CertificateStore", $"can't be read ({location})", exception);
        }
    }

    private static X509Certificate2 Judge(MasterKeySettings settings, string setting, X509Certificate2 certificate)
    {
        using var rsa = certificate.HasPrivateKey ? certificate.GetRSAPrivateKey() : null;
        if (rsa is { KeySize: >= LeastBits })
        {
            return certificate;
        }

        certificate.Dispose();
        throw settings.Bad(setting, $"must name a certificate with an RSA private key of {LeastBits} bits or more");
    }
}
