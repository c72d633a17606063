using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Vault.Testing;

/// <summary>A certificate authority of a test, which nobody trusts by itself.</summary>
public sealed class TestCertificates : IDisposable
{
    private static readonly Oid ServerAuthentication = new("1.3.6.1.5.5.7.3.1");
    private static readonly DateTimeOffset Begin = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset End = new(2090, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _authority;
    private long _serial = 1000;

    /// <summary>Makes one.</summary>
    public TestCertificates()
    {
        var request = new CertificateRequest("CN=Vault test authority", _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        _authority = request.CreateSelfSigned(Begin, End);
    }

    /// <summary>The authority's certificate, as PEM.</summary>
    public string Pem => _authority.ExportCertificatePem();

    /// <summary>A server's certificate with its key.</summary>
    /// <param name="name">The DNS name that it is for.</param>
    /// <param name="isExpired">Whether its time was over long ago.</param>
    /// <param name="issuerUrl">Where it says that its issuer's certificate can be had.</param>
    public X509Certificate2 Issue(string name, bool isExpired = false, string? issuerUrl = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = Request(name, key);
        if (issuerUrl is not null)
        {
            request.CertificateExtensions.Add(new X509AuthorityInformationAccessExtension([issuerUrl + "/ocsp"], [issuerUrl + "/issuer.cer"]));
        }

        using var issued = request.Create(_authority, Begin, isExpired ? Begin.AddYears(1) : End, BitConverter.GetBytes(Interlocked.Increment(ref _serial)));
        using var withKey = issued.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pkcs12), null);
    }

    /// <summary>A server's certificate that it signed itself.</summary>
    public static X509Certificate2 SelfSign(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = Request(name, key).CreateSelfSigned(Begin, End);
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _authority.Dispose();
        _key.Dispose();
    }

    private static CertificateRequest Request(string name, ECDsa key)
    {
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        var request = new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([ServerAuthentication], false));
        return request;
    }
}
