using System.Net;

namespace Vault.Core.Egress;

/// <summary>Turns a host name into addresses: the boundary to DNS.</summary>
public interface IHostResolver
{
    /// <summary>All addresses of the host; a literal address is its own. Throws <see cref="System.Net.Sockets.SocketException"/> where there are none.</summary>
    Task<IReadOnlyList<IPAddress>> ResolveAsync(string host, CancellationToken cancellationToken);
}
