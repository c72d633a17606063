using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Vault.Api.Callers;
using Vault.Api.Hosting;
using Vault.Core.Access;
using Vault.Core.Audit;
using Vault.Core.Egress;
using Vault.Core.ForwardProxy;
using Vault.Core.Primitives;

namespace Vault.Api.ForwardProxy;

/// <summary>
/// Tunnels to hosts that no named credential leads to (<c>Vault:ForwardProxy:UnmatchedHosts=tunnel</c>): their bytes are handed on, read by
/// nobody. Where they go is judged like the vault's own requests, and each is on record.
/// </summary>
internal sealed class RawTunnels(UpstreamConnections connections, CallerResolver callers, OpenTunnels tunnels, AuditLog log, TimeProvider time)
{
    // Of a tunnel on which nobody says anything for so long, nobody needs the rest.
    private static readonly TimeSpan Idle = TimeSpan.FromMinutes(10);
    private static readonly VaultError Unrecorded = new(ErrorCodes.AuditUnavailable, "The audit record can't be kept, so no tunnel was opened. Try again.");

    /// <summary>Opens the tunnel and serves it until it ends; or says why it isn't opened, with nothing taken from the connection.</summary>
    /// <param name="connection">The client's.</param>
    /// <param name="head">What it asked for.</param>
    /// <param name="length">How long the head is.</param>
    /// <param name="key">The key or token, which is right.</param>
    /// <param name="known">What the connection knows of it.</param>
    public async Task<VaultError?> ServeAsync(ConnectionContext connection, ConnectHead head, int length, string key, ConnectionKey known)
    {
        var started = time.GetTimestamp();
        var at = AuditChain.InMicroseconds(time.GetUtcNow());
        var address = (connection.RemoteEndPoint as IPEndPoint)?.Address;
        var caller = await callers.ResolveAsync(key, address, connection.ConnectionClosed, known);
        if (!caller.IsOk)
        {
            return caller.Error;
        }

        if (!await log.CanWriteAsync())
        {
            return Unrecorded;
        }

        var opened = await OpenAsync(head, connection.ConnectionClosed);
        if (!opened.IsOk)
        {
            return opened.Error;
        }

        await using var upstream = opened.Value;
        var record = new AuditEvent(RequestIds.Next(time), at, caller.Value.Actor, "tunnel", head.Authority, AuditOutcomes.Success)
        {
            Method = HttpMethods.Connect,
            Host = head.Authority,
            Status = StatusCodes.Status200OK,
            RemoteAddress = AuditedRequests.TextOf(address),
        };
        if (!await log.WriteAsync(record))
        {
            return Unrecorded;
        }

        var bytes = new Traffic();
        try
        {
            await ForwardProxyListener.SkipAsync(connection.Transport.Input, length);
            await ForwardProxyListener.EstablishAsync(connection);
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(
                connection.ConnectionClosed, connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested ?? CancellationToken.None);
            using (tunnels.Open(key, known, () => ForwardProxyListener.End(connection)))
            {
                await PumpAsync(connection.Transport, upstream, bytes, ended);
            }
        }
        finally
        {
            log.Note(record with
            {
                DurationMs = Math.Round(time.GetElapsedTime(started).TotalMilliseconds, 1),
                BytesIn = bytes.In,
                BytesOut = bytes.Out,
            });
        }

        return null;
    }

    private sealed class Traffic
    {
        public long In;
        public long Out;
    }

    private async Task<Result<RawTunnel>> OpenAsync(ConnectHead head, CancellationToken cancellationToken)
    {
        try
        {
            return await connections.TunnelAsync(head.Host, head.Port, cancellationToken);
        }
        catch (Exception exception) when (EgressDeniedException.IsCauseOf(exception))
        {
            return new VaultError(ErrorCodes.EgressDenied, $"{head.Authority} may not be reached from this vault: its address is not allowed (Vault:Egress:AllowedNetworks).");
        }
        catch (TimeoutException)
        {
            return new VaultError(ErrorCodes.UpstreamTimeout, $"{head.Authority} didn't take the connection in time.");
        }
        catch (Exception exception) when (exception is SocketException or HttpRequestException or IOException)
        {
            return new VaultError(ErrorCodes.UpstreamUnreachable, $"{head.Authority} could not be reached.");
        }
    }

    private async Task PumpAsync(IDuplexPipe client, RawTunnel upstream, Traffic bytes, CancellationTokenSource ended)
    {
        using var idle = new CancellationTokenSource(Idle, time);
        await using var _ = idle.Token.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), ended);
        var up = SendAsync(client.Input, upstream, bytes, idle, ended);
        var down = ReceiveAsync(upstream.Stream, client.Output, bytes, idle, ended);

        // Who sends nothing more may still wait for the rest of an answer; what the service ends is over.
        await down;
        await ended.CancelAsync();
        await up;
    }

    private static async Task SendAsync(PipeReader input, RawTunnel upstream, Traffic bytes, CancellationTokenSource idle, CancellationTokenSource ended)
    {
        try
        {
            while (true)
            {
                var read = await input.ReadAsync(ended.Token);
                foreach (var segment in read.Buffer)
                {
                    await upstream.Stream.WriteAsync(segment, ended.Token);
                    bytes.In += segment.Length;
                }

                input.AdvanceTo(read.Buffer.End);
                idle.CancelAfter(Idle);
                if (read.IsCompleted)
                {
                    upstream.EndSending();
                    return;
                }
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException)
        {
            // Either end may go at any time: then the other goes too.
            await ended.CancelAsync();
        }
    }

    private static async Task ReceiveAsync(Stream upstream, PipeWriter output, Traffic bytes, CancellationTokenSource idle, CancellationTokenSource ended)
    {
        try
        {
            while (true)
            {
                var count = await upstream.ReadAsync(output.GetMemory(), ended.Token);
                if (count == 0)
                {
                    return;
                }

                output.Advance(count);
                bytes.Out += count;
                idle.CancelAfter(Idle);
                if ((await output.FlushAsync(ended.Token)).IsCompleted)
                {
                    return;
                }
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException)
        {
            // As above; the caller ends what is left.
        }
    }
}
