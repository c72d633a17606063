using System.Net.Sockets;
using System.Security.Authentication;

namespace Vault.Core.Egress;

/// <summary>What to look at where there was no answer, in sentences; by what was thrown, none of which is repeated.</summary>
internal static class ConnectionAdvice
{
    /// <summary>Where it kept silent.</summary>
    public const string OfSilence = "Look at whether the service is well and how long it takes to answer, and at a firewall between that drops what is sent.";

    /// <summary>Where a request could not be sent, or was not answered.</summary>
    /// <param name="exception">What was thrown; null: nothing is known.</param>
    /// <param name="isHttps">Whether it went over TLS.</param>
    public static string Of(Exception? exception, bool isHttps)
    {
        for (var current = exception; current is not null; current = current.InnerException)
        {
            switch (current)
            {
                case HttpRequestException { HttpRequestError: HttpRequestError.ProxyTunnelError }:
                    return "Look at Vault:Egress:Proxy, and at the logs of that proxy.";
                case SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain }:
                    return "Look at the name of the host in the url, and at the DNS that this machine asks.";
                case SocketException { SocketErrorCode: SocketError.ConnectionRefused }:
                    return "Nothing listens there: look at the port in the url, and at whether the service runs.";
                case AuthenticationException:
                    return "Look at the service's certificate: it has to be in its time, for the host in the url, and trusted by this machine or by serverCertificates. "
                        + "A service that requires a client certificate (clientCertificate), and one that doesn't speak https at this port, may be told in this way, too.";
                case TimeoutException:
                case SocketException { SocketErrorCode: not (SocketError.ConnectionReset or SocketError.Shutdown) }:
                    return "Look at the host and port in the url, and at routes and firewalls between this machine and the service.";
                default:
                    break;
            }
        }

        return isHttps
            ? "Look at clientCertificate: a service that requires a certificate may close the connection without one. Else look at the port in the url (is it one of https?) and at the service's logs."
            : "Look at the scheme and port in the url (is it one of http, not https?), and at the service's logs.";
    }
}
