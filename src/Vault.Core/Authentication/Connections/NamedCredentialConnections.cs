using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using Vault.Core.Authentication.Credentials;
using Vault.Core.Definitions;
using Vault.Core.Egress;
using Vault.Core.Primitives;
using Vault.Core.Secrets;

namespace Vault.Core.Authentication.Connections;

/// <summary>
/// The connections that a named credential's requests go over: shared by all, or its own where it has a client certificate or
/// trusts certificates of its own. Its sign-ins go over the same.
/// </summary>
public sealed class NamedCredentialConnections(UpstreamConnections connections)
{
    // To hash its certificates for every callout costs more than all else that a callout of it is judged by.
    private readonly ConditionalWeakTable<NamedCredential, Known> _keys = [];

    /// <summary>The key of a named credential's identity, and the parameters that it was made with.</summary>
    private sealed record Known(string Stamp, string Identity);

    /// <summary>The connections; <c>credential-not-configured</c> where the certificate has no value or can't be read.</summary>
    public Result<HttpMessageInvoker> Of(NamedCredential named, CredentialSet parameters) =>
        named.ClientCertificate is null && named.ServerCertificates is null ? connections.Invoker : OfIdentity(named, parameters);

    private Result<HttpMessageInvoker> OfIdentity(NamedCredential named, CredentialSet parameters)
    {
        var key = KeyOf(named, parameters);
        if (connections.Find(key) is { } known)
        {
            return known;
        }

        var values = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var name in named.ClientCertificate?.All ?? [])
        {
            var opened = parameters.Open(name);
            if (!opened.IsOk)
            {
                return opened.Error;
            }

            values[name] = opened.Value.Reveal();
        }

        Func<X509Certificate2Collection>? client = named.ClientCertificate is { } names ? () => Read(names, values) : null;
        return UpstreamIdentity.Make(key, client, named.ServerCertificates) is { } identity
            ? connections.For(identity)
            : new VaultError(
                ErrorCodes.CredentialNotConfigured,
                $"The client certificate of the named credential {named.Name} can't be read: it must be a PEM pair, or PKCS#12 in base64 with its password.");
    }

    private string KeyOf(NamedCredential named, CredentialSet parameters)
    {
        if (_keys.TryGetValue(named, out var before) && before.Stamp == parameters.Stamp)
        {
            return before.Identity;
        }

        var hash = LengthPrefixed.Begin("upstream-identity").Add(named.Id).Add(named.ServerCertificates).Add(parameters.StampOf([.. named.ClientCertificate?.All ?? []]));
        var key = Convert.ToHexStringLower(hash.Sha256());
        _keys.AddOrUpdate(named, new Known(parameters.Stamp, key));
        return key;
    }

    private static X509Certificate2Collection Read(ClientCertificateNames names, Dictionary<string, string> values)
    {
        var password = names.Password is null ? null : values[names.Password];
        if (names.Pkcs12 is not null)
        {
            return X509CertificateLoader.LoadPkcs12Collection(Convert.FromBase64String(values[names.Pkcs12]), password, X509KeyStorageFlags.EphemeralKeySet);
        }

        var certificate = values[names.Certificate!];
        var key = values[names.PrivateKey!];
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(certificate);
        chain.RemoveAt(0);
        chain.Insert(0, password is null ? X509Certificate2.CreateFromPem(certificate, key) : X509Certificate2.CreateFromEncryptedPem(certificate, key, password));
        return chain;
    }
}
