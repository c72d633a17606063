using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Vault.Core.Audit;
using Vault.Core.Primitives;
using Vault.Core.Secrets;

namespace Vault.Core.ForwardProxy;

/// <summary>
/// The local authority of the forward proxy: made once, sealed in the database, the same on all replicas. A copy of its key would be as
/// good as every service that its clients trust it for, so that the key leaves neither this process nor its seal.
/// </summary>
public sealed class CertificateAuthority(IAuthorityStore store, SecretSealer sealer, AuditLog audit, TimeProvider time) : IDisposable
{
    // Nobody loses such a race more often than there are replicas.
    private const int MostTries = 20;
    private static readonly Guid Record = new("0b4a1c1e-7d0f-4c3e-9a55-8f2f6f6f0c01");
    private volatile AuthorityCertificate? _current;

    // As it was read last: an hour later it is mostly the same.
    private byte[] _stored = [];

    /// <summary>Where it is sealed; the place of no other value.</summary>
    internal static SealPlace Place { get; } = new(CryptographicLabels.ForwardProxyAuthority, Record, Guid.Empty, Guid.Empty, "", "authority", 1, ReadOnlyMemory<byte>.Empty);

    /// <summary>What clients have to trust, as PEM; null: it isn't there, because there is no forward proxy.</summary>
    public string? Pem => _current?.Pem;

    /// <summary>
    /// Reads it, makes it where there is none, and renews it a year before its end. At the start, and every hour after.
    /// </summary>
    /// <exception cref="VaultStartException">What the database holds is not what a vault with these keys has kept.</exception>
    public async Task KeepAsync(CancellationToken cancellationToken)
    {
        for (var tries = 0; tries < MostTries; tries++)
        {
            var stored = await store.FindAsync(cancellationToken);
            if (stored is null)
            {
                if (await TryKeepAsync(AuthorityCertificate.Make(time.GetUtcNow()), null, "forward-proxy.authority.created", cancellationToken))
                {
                    return;
                }

                continue;
            }

            var kept = _current is { } current && stored.AsSpan().SequenceEqual(_stored) ? current : Open(stored);
            if (kept.NotAfter - AuthorityCertificate.Overlap <= time.GetUtcNow())
            {
                var next = kept.Renew(time.GetUtcNow());
                if (await TryKeepAsync(next, stored, "forward-proxy.authority.renewed", cancellationToken))
                {
                    return;
                }

                continue;
            }

            (_current, _stored) = (kept, stored);
            return;
        }

        throw new VaultStartException("The certificate authority of the forward proxy could not be kept: something else changes it again and again.");
    }

    /// <summary>A server's certificate for this host.</summary>
    internal X509Certificate2 Issue(string host, ECDsa key, TimeSpan life) =>
        (_current ?? throw new InvalidOperationException("There is no certificate authority.")).Issue(host, key, time.GetUtcNow(), life);

    /// <inheritdoc />
    public void Dispose() => _current?.Dispose();

    private async Task<bool> TryKeepAsync(AuthorityCertificate made, byte[]? before, string action, CancellationToken cancellationToken)
    {
        var exported = made.Export();
        byte[] sealedAuthority;
        try
        {
            sealedAuthority = sealer.Seal(Place, exported);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(exported);
        }

        if (!await store.TryReplaceAsync(before, sealedAuthority, cancellationToken))
        {
            made.Dispose();
            return false;
        }

        (_current, _stored) = (made, sealedAuthority);
        audit.Note(new AuditEvent(Guid.CreateVersion7().ToString("N"), time.GetUtcNow(), "vault", action, "forward-proxy", AuditOutcomes.Success));
        return true;
    }

    private AuthorityCertificate Open(byte[] stored)
    {
        var opened = sealer.Open(Place, stored);
        return opened.IsOk
            ? Read(opened.Value)
            : throw new VaultStartException("The certificate authority of the forward proxy in the database is damaged, or was sealed by another vault; restore the database from a backup.");
    }

    private static AuthorityCertificate Read(SecretText exported)
    {
        using (exported)
        {
            return AuthorityCertificate.Read(exported.RevealUtf8());
        }
    }
}
