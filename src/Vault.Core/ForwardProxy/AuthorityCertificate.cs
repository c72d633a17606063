using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Vault.Core.Secrets;

namespace Vault.Core.ForwardProxy;

/// <summary>The certificate of the authority with its key (ECDSA P-256), and what it issues. Safe for use by many threads.</summary>
internal sealed class AuthorityCertificate : IDisposable
{
    /// <summary>How long a certificate is good.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromDays(5 * 365);

    /// <summary>So long before its end the next one is there: clients have that time to fetch it.</summary>
    public static readonly TimeSpan Overlap = TimeSpan.FromDays(365);

    /// <summary>So long before it is made a certificate begins: clocks differ.</summary>
    public static readonly TimeSpan Backdated = TimeSpan.FromHours(1);

    private const int SerialSize = 16;
    private static readonly Oid ServerAuthentication = new("1.3.6.1.5.5.7.3.1");
    private static readonly X500DistinguishedName LeafName = new("CN=Vault forward proxy");
    private readonly X509Certificate2 _certificate;

    private AuthorityCertificate(X509Certificate2 certificate) => _certificate = certificate;

    /// <summary>What clients have to trust.</summary>
    public string Pem => _certificate.ExportCertificatePem() + "\n";

    /// <summary>When it ends.</summary>
    public DateTimeOffset NotAfter => new(_certificate.NotAfter.ToUniversalTime(), TimeSpan.Zero);

    /// <summary>Makes one with a key of its own.</summary>
    public static AuthorityCertificate Make(DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return Sign(key, now);
    }

    /// <summary>The next one, of the same name and key: who trusts this one trusts what the next one issues, until this one ends.</summary>
    public AuthorityCertificate Renew(DateTimeOffset now)
    {
        using var key = _certificate.GetECDsaPrivateKey() ?? throw new CryptographicException("The authority has no key.");
        return Sign(key, now);
    }

    /// <summary>Key and certificate, to be sealed; the caller zeroes it.</summary>
    public byte[] Export()
    {
        using var key = _certificate.GetECDsaPrivateKey() ?? throw new CryptographicException("The authority has no key.");
        var pkcs8 = key.ExportPkcs8PrivateKey();
        try
        {
            return [(byte)(pkcs8.Length >> 8), (byte)pkcs8.Length, .. pkcs8, .. _certificate.RawDataMemory.Span];
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pkcs8);
        }
    }

    /// <summary>Reads what <see cref="Export"/> gave.</summary>
    /// <exception cref="VaultStartException">It is something else.</exception>
    public static AuthorityCertificate Read(ReadOnlySpan<byte> exported)
    {
        try
        {
            var length = (exported[0] << 8) | exported[1];
            using var key = ECDsa.Create();
            key.ImportPkcs8PrivateKey(exported.Slice(2, length), out _);
            using var certificate = X509CertificateLoader.LoadCertificate(exported[(2 + length)..]);
            return new AuthorityCertificate(certificate.CopyWithPrivateKey(key));
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException or IndexOutOfRangeException)
        {
            throw new VaultStartException("The certificate authority of the forward proxy in the database can't be read; restore the database from a backup.", exception);
        }
    }

    /// <summary>A server's certificate for exactly this host, an address or a name.</summary>
    /// <param name="host">The host.</param>
    /// <param name="key">The server's key.</param>
    /// <param name="now">The time.</param>
    /// <param name="life">How long it is good; never longer than the authority.</param>
    public X509Certificate2 Issue(string host, ECDsa key, DateTimeOffset now, TimeSpan life)
    {
        var names = new SubjectAlternativeNameBuilder();
        if (IPAddress.TryParse(host, out var address))
        {
            names.AddIpAddress(address);
        }
        else
        {
            names.AddDnsName(host);
        }

        var request = new CertificateRequest(LeafName, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([ServerAuthentication], critical: false));
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_certificate, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        var begin = now - Backdated;
        var first = new DateTimeOffset(_certificate.NotBefore.ToUniversalTime(), TimeSpan.Zero);
        using var issued = request.Create(_certificate, begin < first ? first : begin, now + life < NotAfter ? now + life : NotAfter, Serial());
        return issued.CopyWithPrivateKey(key);
    }

    /// <inheritdoc />
    public void Dispose() => _certificate.Dispose();

    private static AuthorityCertificate Sign(ECDsa key, DateTimeOffset now)
    {
        // Two vaults that one client trusts must not have one name.
        var print = Convert.ToHexStringLower(SHA256.HashData(key.ExportSubjectPublicKeyInfo()).AsSpan(0, 4));
        var request = new CertificateRequest($"CN=Vault forward proxy CA {print}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([ServerAuthentication], critical: false));
        var identifier = new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false);
        request.CertificateExtensions.Add(identifier);
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromSubjectKeyIdentifier(identifier));
        using var unnamed = request.Create(
            request.SubjectName, X509SignatureGenerator.CreateForECDsa(key), now - TimeSpan.FromDays(1), now + Life, Serial());
        return new AuthorityCertificate(unnamed.CopyWithPrivateKey(key));
    }

    // Positive, and never with a zero in front (RFC 5280 section 4.1.2.2).
    private static byte[] Serial()
    {
        var serial = RandomNumberGenerator.GetBytes(SerialSize);
        serial[0] = (byte)((serial[0] & 0x3F) | 0x40);
        return serial;
    }
}
