using Vault.Core.Primitives;

namespace Vault.Api.ForwardProxy;

/// <summary>Stands on every connection of the forward proxy's listener, and so on every request that came by one: nothing else than callouts is served there.</summary>
internal sealed class ProxiedConnection
{
    /// <summary>The tunnel that the connection has become; null: each request says where it goes.</summary>
    public ProxiedTunnel? Tunnel { get; set; }

    /// <summary>Why the <c>CONNECT</c> on it is refused, where that isn't for its key or its target.</summary>
    public VaultError? Refusal { get; set; }
}

/// <summary>A tunnel whose requests are the vault's to read.</summary>
/// <param name="host">As it was asked for, in lower case; an IPv6 address without brackets.</param>
/// <param name="port">Its port.</param>
/// <param name="key">The key or token that it was opened with.</param>
internal sealed class ProxiedTunnel(string host, int port, string key)
{
    /// <summary>The host.</summary>
    public string Host => host;

    /// <summary>The port.</summary>
    public int Port => port;

    /// <summary>The key or token, judged anew for each request.</summary>
    public string Key => key;
}
