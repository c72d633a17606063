using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Vault.Core.Egress;

/// <summary>
/// Which addresses may be reached: public ones, and those that the settings open. The settings are those of the start: what
/// they open and deny doesn't change under a connection. Safe for any number of threads.
/// </summary>
public sealed class EgressPolicy(EgressOptions options)
{
    private volatile IPEndPoint[] _ownListeners = [];

    /// <summary>Whether a named credential's <c>url</c>, and where a sign-in goes, may be <c>http</c>.</summary>
    public bool AllowHttp => options.AllowHttp;

    /// <summary>Through which everything goes; null: nothing.</summary>
    internal EgressProxy? Proxy => options.Proxy;

    /// <summary>Tells the vault's own listeners, which are never reached. One on any address counts for every local address.</summary>
    public void SetOwnListeners(IReadOnlyList<IPEndPoint> listeners) => _ownListeners = [.. listeners];

    /// <summary>Whether a connection to this address and port may be made.</summary>
    public bool IsAllowed(IPAddress address, int port)
    {
        var plain = Plain(address);
        return !IsOwnListener(plain, port)
            && !(SpecialNetworks.Embedded(plain) is { } embedded && IsOwnListener(embedded, port))
            && IsOpen(plain);
    }

    private static IPAddress Plain(IPAddress address)
    {
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return plain is { AddressFamily: AddressFamily.InterNetworkV6, ScopeId: not 0 } ? new IPAddress(plain.GetAddressBytes()) : plain;
    }

    private bool IsOpen(IPAddress address)
    {
        // A metadata service hands out credentials to whoever asks: only its exact name opens it.
        if (options.AllowedNetworks.Any(network => IsExactly(network, address)))
        {
            return true;
        }

        if (SpecialNetworks.IsMetadata(address))
        {
            return false;
        }

        // Where IPv6 is only a way to IPv4, both must be open: 64:ff9b::/96 lets a NAT64 be used, not 10.0.0.0/8 be reached through it.
        return !SpecialNetworks.IsSpecial(address)
            || (options.AllowedNetworks.Any(network => Contains(network, address))
                && (SpecialNetworks.Embedded(address) is not { } embedded || IsOpen(embedded)));
    }

    private static bool IsExactly(IPNetwork network, IPAddress address) =>
        network.PrefixLength == network.BaseAddress.GetAddressBytes().Length * 8 && network.BaseAddress.Equals(address);

    private static bool Contains(IPNetwork network, IPAddress address) =>
        network.BaseAddress.AddressFamily == address.AddressFamily && network.Contains(address);

    private bool IsOwnListener(IPAddress address, int port)
    {
        foreach (var listener in _ownListeners)
        {
            if (listener.Port != port)
            {
                continue;
            }

            // What listens on loopback or on any address is reached by all of loopback (127.0.0.2 too), and by 0.0.0.0.
            var own = Plain(listener.Address);
            var isAny = IsUnspecified(own);
            if (own.Equals(address)
                || ((isAny || IPAddress.IsLoopback(own)) && (IPAddress.IsLoopback(address) || IsUnspecified(address)))
                || (isAny && IsLocal(address)))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsUnspecified(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);

    // Asked only when a connection is made to a port that the vault listens on, never per request.
    private static bool IsLocal(IPAddress address) =>
        NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(network => network.GetIPProperties().UnicastAddresses)
            .Any(unicast => Plain(unicast.Address).Equals(address));
}
