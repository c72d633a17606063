using System.Net.Sockets;
using System.Security.Authentication;
using Vault.Core.Callouts.Bodies;
using Vault.Core.Egress;
using Vault.Core.Primitives;
using Vault.Core.Redaction;

namespace Vault.Core.Callouts;

/// <summary>What went wrong below, in the contract's words. No exception message is passed on: some hold URLs, and URLs hold keys.</summary>
public static class CalloutFaults
{
    private const string OfABreak = "Look at the logs of the service, and of what stands between (a balancer, a proxy) and may have cut it off.";

    /// <summary>The error of a failed sending.</summary>
    /// <param name="exception">What was thrown.</param>
    /// <param name="callout">Whose sending.</param>
    /// <param name="isAnswering">Whether the head of an answer had come.</param>
    public static VaultError ToError(Exception? exception, Callout callout, bool isAnswering = false)
    {
        var error = Of(exception, callout, isAnswering);
        return error.Code switch
        {
            ErrorCodes.UpstreamTimeout => error with { Advice = isAnswering ? OfABreak : ConnectionAdvice.OfSilence },
            ErrorCodes.UpstreamUnreachable => error with { Advice = isAnswering ? OfABreak : ConnectionAdvice.Of(exception, callout.IsHttps) },
            _ => error,
        };
    }

    private static VaultError Of(Exception? exception, Callout callout, bool isAnswering)
    {
        var host = callout.Host;
        if (callout.TimedOut)
        {
            return new VaultError(
                ErrorCodes.UpstreamTimeout, $"{host} sent nothing for {callout.Admitted.Named.TimeoutSeconds} seconds (timeoutSeconds).");
        }

        for (var current = exception; current is not null; current = current.InnerException)
        {
            switch (current)
            {
                case CalloutAbortedException aborted:
                    return aborted.Error;
                case InvalidDataException:
                    return new VaultError(
                        ErrorCodes.ResponseNotInspectable, $"The answer of {host} can't be decoded: its body is not what its Content-Encoding says.");
                case EchoWorkExceededException:
                    return new VaultError(
                        ErrorCodes.ResponseNotInspectable, $"The answer of {host} can't be searched for echoes: secrets, or what merge fields made of them, and the answer repeat themselves too much.");
                case EgressDeniedException:
                    return new VaultError(
                        ErrorCodes.EgressDenied, $"{host} may not be reached from this vault: its address is not allowed (Vault:Egress:AllowedNetworks).");
                case HttpRequestException { HttpRequestError: HttpRequestError.ProxyTunnelError } proxy:
                    return new VaultError(ErrorCodes.UpstreamUnreachable, proxy.StatusCode is { } status
                        ? $"{host} could not be reached: the proxy (Vault:Egress:Proxy) answered {(int)status}."
                        : $"{host} could not be reached: the proxy (Vault:Egress:Proxy) can't be reached, or doesn't speak HTTP.");
                case AuthenticationException:
                    return new VaultError(ErrorCodes.UpstreamUnreachable, $"The TLS connection to {host} failed: its certificate or protocol was not accepted.");
                case SocketException { SocketErrorCode: SocketError.ConnectionReset or SocketError.Shutdown } when !isAnswering:
                    return new VaultError(ErrorCodes.UpstreamUnreachable, $"{host} closed the connection before it answered.");
                case SocketException socket when !isAnswering:
                    return new VaultError(ErrorCodes.UpstreamUnreachable, $"{host} could not be reached: {socket.SocketErrorCode}.");
                default:
                    break;
            }
        }

        return new VaultError(
            ErrorCodes.UpstreamUnreachable, isAnswering ? $"{host} broke its answer off, or it was not HTTP." : $"{host} could not be reached, or did not speak HTTP.");
    }
}
