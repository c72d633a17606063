using System.IO.Pipelines;
using System.Net;
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

    // For the client to take the rest of what the service said, after which the service has gone.
    private static readonly TimeSpan Drain = TimeSpan.FromSeconds(15);
    private static readonly VaultError Unrecorded = new(ErrorCodes.AuditUnavailable, "The audit record can't be kept, so no tunnel was opened. Try again.");
    private static readonly VaultError TooMany =
        new(ErrorCodes.RateLimited, "Too many tunnels to hosts that no named credential leads to are open. End some, or try again later.") { RetryAfter = TimeSpan.FromSeconds(10) };

    /// <summary>Opens the tunnel and serves it until it ends; or says why it isn't opened, with nothing taken from the connection.</summary>
    /// <param name="connection">The client's.</param>
    /// <param name="head">What it asked for.</param>
    /// <param name="length">How long the head is.</param>
    /// <param name="key">The key or token, which is right.</param>
    /// <param name="known">What the connection knows of it.</param>
    public async Task<VaultError?> ServeAsync(ConnectionContext connection, ConnectHead head, int length, string key, ConnectionKey known)
    {
        // 1. Who asks, and whether one more may be open, and can be recorded.
        var started = time.GetTimestamp();
        var at = AuditChain.InMicroseconds(time.GetUtcNow());
        var address = (connection.RemoteEndPoint as IPEndPoint)?.Address;
        var caller = await callers.ResolveAsync(key, address, connection.ConnectionClosed, known);
        if (!caller.IsOk)
        {
            return caller.Error;
        }

        // Not disposed of: the end of the key may come when the tunnel is just over. Nothing but memory is in it.
        var ended = new CancellationTokenSource();
        using var place = tunnels.TryOpen(caller.Value.AppId.GetValueOrDefault(), key, known, () =>
        {
            ended.Cancel();
            ForwardProxyListener.End(connection);
        });
        if (place is null)
        {
            return TooMany;
        }

        if (!await log.CanWriteAsync())
        {
            return Unrecorded;
        }

        // 2. The way there. Whoever goes away meanwhile hears no answer: the record is made here.
        var record = new AuditEvent(RequestIds.Next(time), at, caller.Value.Actor, AuditActions.Tunnel, head.Target, AuditOutcomes.Success)
        {
            Method = HttpMethods.Connect,
            Host = head.Target,
            Status = StatusCodes.Status200OK,
            RemoteAddress = AuditedRequests.TextOf(address),
        };
        Result<RawTunnel> opened;
        using (var gone = CancellationTokenSource.CreateLinkedTokenSource(connection.ConnectionClosed, ended.Token))
        {
            try
            {
                opened = await OpenAsync(head, gone.Token);
            }
            catch (OperationCanceledException)
            {
                log.Note(record with { Outcome = AuditOutcomes.Failed, Status = null, DurationMs = MillisecondsSince(started) });
                return null;
            }
        }

        if (!opened.IsOk)
        {
            return opened.Error;
        }

        await using var upstream = opened.Value;
        if (!await log.WriteAsync(record))
        {
            return Unrecorded;
        }

        // 3. The bytes. That the client sends nothing more (its FIN, which the server calls closed) doesn't end what it still receives.
        var bytes = new Traffic();
        try
        {
            var stopping = connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested ?? CancellationToken.None;
            await using var stop = stopping.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), ended);
            await EndAsync(connection, await ForwardProxyListener.TryEstablishAsync(connection, length) && await PumpAsync(connection.Transport, upstream, bytes, ended));
        }
        finally
        {
            log.Note(record with { DurationMs = MillisecondsSince(started), BytesIn = bytes.In, BytesOut = bytes.Out });
        }

        return null;
    }

    private sealed class Traffic
    {
        public long In;
        public long Out;
    }

    private double MillisecondsSince(long started) => Math.Round(time.GetElapsedTime(started).TotalMilliseconds, 1);

    private async Task<Result<RawTunnel>> OpenAsync(ConnectHead head, CancellationToken cancellationToken)
    {
        try
        {
            return await connections.TunnelAsync(head.Host, head.Port, cancellationToken);
        }
        catch (Exception exception) when (EgressDeniedException.IsCauseOf(exception))
        {
            return new VaultError(ErrorCodes.EgressDenied, $"{head.Target} may not be reached from this vault: its address is not allowed (Vault:Egress:AllowedNetworks).");
        }
        catch (TimeoutException)
        {
            return new VaultError(ErrorCodes.UpstreamTimeout, $"{head.Target} didn't take the connection in time.");
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            // A boundary: no socket, no such name, a proxy that refuses, or an address (0.0.0.0) that the platform looks up for nobody. The answer is on record.
            return new VaultError(ErrorCodes.UpstreamUnreachable, $"{head.Target} could not be reached.");
        }
    }

    // Else the server would wait, as long as the client likes, until it has read what lies there.
    private async Task EndAsync(ConnectionContext connection, bool isWhole)
    {
        if (!isWhole)
        {
            connection.Abort(new ConnectionAbortedException("The tunnel is over."));
            return;
        }

        await connection.Transport.Output.CompleteAsync();
        _ = AbortLaterAsync(connection);
    }

    // Of a connection that has ended by then there is nothing left to abort.
    private async Task AbortLaterAsync(ConnectionContext connection)
    {
        await Task.Delay(Drain, time, CancellationToken.None);
        connection.Abort(new ConnectionAbortedException("The client didn't read the rest of its tunnel."));
    }

    // Whether the service ended it, with all that it said handed on.
    private async Task<bool> PumpAsync(IDuplexPipe client, RawTunnel upstream, Traffic bytes, CancellationTokenSource ended)
    {
        using var idle = new CancellationTokenSource(Idle, time);
        await using var _ = idle.Token.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), ended);
        var up = SendAsync(client.Input, upstream, bytes, idle, ended);
        var down = ReceiveAsync(upstream.Stream, client.Output, bytes, idle, ended);

        // Who sends nothing more may still wait for the rest of an answer; what the service ends is over.
        var isWhole = await down;
        await ended.CancelAsync();
        await up;
        return isWhole;
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

    private static async Task<bool> ReceiveAsync(Stream upstream, PipeWriter output, Traffic bytes, CancellationTokenSource idle, CancellationTokenSource ended)
    {
        try
        {
            while (true)
            {
                var count = await upstream.ReadAsync(output.GetMemory(), ended.Token);
                if (count == 0)
                {
                    return true;
                }

                output.Advance(count);
                bytes.Out += count;
                idle.CancelAfter(Idle);
                if ((await output.FlushAsync(ended.Token)).IsCompleted)
                {
                    return false;
                }
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException)
        {
            // As above; the caller ends what is left.
            return false;
        }
    }
}
