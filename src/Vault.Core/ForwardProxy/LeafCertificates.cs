using System.Net.Security;
using System.Security.Cryptography;

namespace Vault.Core.ForwardProxy;

/// <summary>
/// The certificates that the forward proxy shows, one per host, made when they are first needed. The number that is kept is bounded: the one
/// that was used longest ago goes. Safe for use by many threads.
/// </summary>
public sealed class LeafCertificates(CertificateAuthority authority, TimeProvider time) : IDisposable
{
    /// <summary>So many are kept.</summary>
    public const int Most = 256;

    /// <summary>How long one is good. Made anew when half of it is over.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromDays(2);

    // A clock that was set back further makes one that is not valid yet: less than what certificates are backdated by.
    private static readonly TimeSpan MostBack = AuthorityCertificate.Backdated / 2;

    // One key for all, of this process alone: what a host's certificate is worth is the authority's signature.
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly Lock _gate = new();
    private readonly Dictionary<string, LinkedListNode<Leaf>> _byHost = new(StringComparer.Ordinal);
    private readonly LinkedList<Leaf> _byUse = [];

    private sealed record Leaf(string Host, SslStreamCertificateContext Context, DateTimeOffset MadeAt);

    /// <summary>How many are kept now.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _byHost.Count;
            }
        }
    }

    /// <summary>The certificate for a host, in lower case.</summary>
    public SslStreamCertificateContext For(string host)
    {
        lock (_gate)
        {
            if (_byHost.TryGetValue(host, out var known) && time.GetUtcNow() - known.Value.MadeAt is var age && age < Life / 2 && age > -MostBack)
            {
                _byUse.Remove(known);
                _byUse.AddFirst(known);
                return known.Value.Context;
            }
        }

        // Two who need the same one at once make two; one of them is kept. Offline: nothing is fetched to complete the chain.
        var context = SslStreamCertificateContext.Create(authority.Issue(host, _key, Life), additionalCertificates: null, offline: true);
        var leaf = new LinkedListNode<Leaf>(new Leaf(host, context, time.GetUtcNow()));
        lock (_gate)
        {
            if (_byHost.TryGetValue(host, out var before))
            {
                _byUse.Remove(before);
            }

            _byHost[host] = leaf;
            _byUse.AddFirst(leaf);
            while (_byUse.Count > Most && _byUse.Last is { } oldest)
            {
                // Not disposed of: a handshake may still use it.
                _byUse.RemoveLast();
                _byHost.Remove(oldest.Value.Host);
            }
        }

        return context;
    }

    /// <inheritdoc />
    public void Dispose() => _key.Dispose();
}
