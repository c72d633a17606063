using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Vault.Core.Egress;

/// <summary>Which addresses may be reached: public ones, and those that the settings open. Safe for any number of threads.</summary>
public sealed class EgressPolicy(EgressOptions options)
{
    private volatile IPEndPoint[] _ownListeners = [];

    /// <summary>Whether a named credential's <c>url</c> may be <c>http</c>.</summary>
    public bool AllowHttp => options.AllowHttp;

    /// <summary>Tells the vault's own listeners, which are never reached. One on any address counts for every local address.</summary>
    public void SetOwnListeners(IReadOnlyList<IPEndPoint> listeners) => _ownListeners = [.. listeners];

    /// <summary>Whether a connection to this address and port may be made.</summary>
    public bool IsAllowed(IPAddress address, int port)
    {
        var plain = Plain(address);
        if (IsOwnListener(plain, port))
        {
            return false;
        }

        // A metadata service hands out credentials to whoever asks: only its exact name opens it.
        var exact = options.AllowedNetworks.Any(network => IsExactly(network, plain));
        return exact || (!SpecialNetworks.IsMetadata(plain)
            && (!SpecialNetworks.IsSpecial(plain) || options.AllowedNetworks.Any(network => Contains(network, plain))));
    }

    private static IPAddress Plain(IPAddress address)
    {
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return plain is { AddressFamily: AddressFamily.InterNetworkV6, ScopeId: not 0 } ? new IPAddress(plain.GetAddressBytes()) : plain;
    }

    private static bool IsExactly(IPNetwork network, IPAddress address) =>
        network.PrefixLength == network.BaseAddress.GetAddressBytes().Length * 8 && Plain(network.BaseAddress).Equals(address);

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

            var own = Plain(listener.Address);
            var isAny = IsUnspecified(own);

            // All of loopback leads to a listener on it (127.0.0.2 too, where it is bound to any address), and so does 0.0.0.0.
            if (own.Equals(address) || IPAddress.IsLoopback(address) || IsUnspecified(address) || (isAny && IsLocal(address)))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsUnspecified(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);

    private static bool IsLocal(IPAddress address) =>
        NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(network => network.GetIPProperties().UnicastAddresses)
            .Any(unicast => Plain(unicast.Address).Equals(address));
}
