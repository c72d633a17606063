using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Vault.Core.Egress;

/// <summary>Who the vault is to an upstream, and whom it trusts there beside the system's own roots: connections are shared only within one.</summary>
public sealed class UpstreamIdentity
{
    private static readonly Oid ServerAuthentication = new("1.3.6.1.5.5.7.3.1");
    private readonly X509Certificate2Collection _trusted;

    private UpstreamIdentity(string key, SslStreamCertificateContext? certificate, X509Certificate2Collection trusted)
    {
        Key = key;
        Certificate = certificate;
        _trusted = trusted;
    }

    /// <summary>Tells it from others; a hash.</summary>
    public string Key { get; }

    internal SslStreamCertificateContext? Certificate { get; }

    /// <summary>Makes one; null where a certificate, its key or the trusted certificates can't be read.</summary>
    /// <param name="key">Tells it from others.</param>
    /// <param name="client">The client's certificate with its key, and those between it and its root; null: none.</param>
    /// <param name="serverCertificates">PEM; null: only the system's roots.</param>
    public static UpstreamIdentity? Make(string key, Func<X509Certificate2Collection>? client, string? serverCertificates)
    {
        try
        {
            var trusted = new X509Certificate2Collection();
            if (serverCertificates is not null)
            {
                trusted.ImportFromPem(serverCertificates);
            }

            SslStreamCertificateContext? context = null;
            if (client?.Invoke() is { } chain)
            {
                var own = chain.FirstOrDefault(certificate => certificate.HasPrivateKey) ?? throw new CryptographicException("no key");
                context = SslStreamCertificateContext.Create(own, [.. chain.Where(certificate => !ReferenceEquals(certificate, own))], offline: true);
            }

            return new UpstreamIdentity(key, context, trusted);
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException or NotSupportedException or FormatException)
        {
            return null;
        }
    }

    /// <summary>Whether the server may be trusted: by the system, or by a chain that ends at one of the further certificates.</summary>
    internal bool IsTrusted(X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (errors is SslPolicyErrors.None)
        {
            return true;
        }

        // A wrong name, or no certificate at all, is never made good by trusting somebody.
        if (errors is not SslPolicyErrors.RemoteCertificateChainErrors || _trusted.Count == 0 || certificate is not X509Certificate2 server)
        {
            return false;
        }

        using var own = new X509Chain();
        own.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        own.ChainPolicy.CustomTrustStore.AddRange(_trusted);
        own.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        own.ChainPolicy.DisableCertificateDownloads = true;
        own.ChainPolicy.ApplicationPolicy.Add(ServerAuthentication);
        if (chain is not null)
        {
            own.ChainPolicy.ExtraStore.AddRange(chain.ChainPolicy.ExtraStore);
        }

        return own.Build(server);
    }
}
