using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Vault.Api.Callers;
using Vault.Core.Access;
using Vault.Core.ForwardProxy;

namespace Vault.Api.ForwardProxy;

/// <summary>
/// What happens to a connection of the forward proxy before the server reads requests from it: where it begins with <c>CONNECT</c>,
/// it becomes a tunnel whose TLS the server ends, one whose bytes are only handed on, or an answer that says why not.
/// </summary>
internal sealed class ForwardProxyListener(
    CallerResolver callers, ForwardedRequests forwarded, ForwardProxyOptions options, OpenTunnels tunnels, RawTunnels raw)
{
    private const int MostOfAHead = 16 * 1024;
    private const byte TlsHandshake = 0x16;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);
    private static readonly byte[] Established = "HTTP/1.1 200 Connection Established\r\n\r\n"u8.ToArray();

    private static ReadOnlySpan<byte> HeadEnd => "\r\n\r\n"u8;

    /// <summary>Serves a connection until it ends.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="secure">The server, behind TLS.</param>
    /// <param name="plain">The server.</param>
    public async Task ServeAsync(ConnectionContext connection, ConnectionDelegate secure, ConnectionDelegate plain)
    {
        var proxied = new ProxiedConnection();
        connection.Features.Set(proxied);
        var known = connection.Features.Get<ConnectionKey>();
        if (known is null)
        {
            connection.Features.Set(known = new ConnectionKey());
        }

        // 1. Whatever isn't a plain CONNECT is the server's to read: requests in absolute form, and all that is refused.
        using var patience = Limit(connection);
        var (length, head) = await PeekHeadAsync(connection.Transport.Input, patience.Token);
        if (length < 0)
        {
            return;
        }

        if (head is null)
        {
            await plain(connection);
            return;
        }

        // 2. Who asks, and whether anything that it was granted leads there. Nobody is let in here who isn't named.
        var key = CallerKeys.InProxyAuthorization(new([.. head.ProxyAuthorization]));
        var caller = await callers.PeekAsync(key, known, connection.ConnectionClosed);
        var isOpened = false;
        if (key is not null && caller is { AppId: not null })
        {
            var leads = await forwarded.LeadsAsync(caller, head.Host, head.Port, connection.ConnectionClosed);
            if (!leads.IsOk)
            {
                proxied.Refusal = leads.Error;
            }
            else if (leads.Value)
            {
                // Its use is noted, though no request may ever come.
                isOpened = (await callers.ResolveAsync(key, (connection.RemoteEndPoint as IPEndPoint)?.Address, connection.ConnectionClosed, known)).IsOk;
                proxied.Tunnel = isOpened ? new ProxiedTunnel(head.Host, head.Port, key) : null;
            }
            else if (options.TunnelsUnmatched)
            {
                // 3. Nothing is read and nothing put in.
                proxied.Refusal = await raw.ServeAsync(connection, head, length, key, known);
                if (proxied.Refusal is null)
                {
                    return;
                }
            }
        }

        // 4. Refused: the server answers, judges once more, and records it, as it does with every other request.
        if (!isOpened)
        {
            using var _ = WithInput(connection, head.ToPlainHead());
            await plain(connection);
            return;
        }

        // 5. Opened: what comes is TLS, or plain requests.
        using (tunnels.Open(key ?? "", known, () => End(connection)))
        {
            if (!await TryEstablishAsync(connection, length))
            {
                return;
            }

            patience.CancelAfter(Patience);
            switch (await PeekByteAsync(connection.Transport.Input, patience.Token))
            {
                case TlsHandshake:
                    await secure(connection);
                    break;
                case { } first when char.IsAsciiLetter((char)first):
                    await plain(connection);
                    break;
                default:
                    break;
            }
        }
    }

    /// <summary>Takes the head, which was looked at, off the connection, and says that the tunnel is open; false: whoever asked has gone.</summary>
    public static async ValueTask<bool> TryEstablishAsync(ConnectionContext connection, int length)
    {
        try
        {
            // It is there: nothing was taken since.
            var read = await connection.Transport.Input.ReadAsync();
            connection.Transport.Input.AdvanceTo(read.Buffer.GetPosition(length));
            return !(await connection.Transport.Output.WriteAsync(Established)).IsCompleted;
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException)
        {
            return false;
        }
    }

    /// <summary>Ends the connection of a tunnel, whatever goes on in it.</summary>
    public static void End(ConnectionContext connection) => connection.Abort(new ConnectionAbortedException("The key of the tunnel is no longer in force."));

    private static CancellationTokenSource Limit(ConnectionContext connection)
    {
        var stopping = connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested ?? CancellationToken.None;
        var limit = CancellationTokenSource.CreateLinkedTokenSource(connection.ConnectionClosed, stopping);
        limit.CancelAfter(Patience);
        return limit;
    }

    // The head's length with its empty line, and what it says: null where it isn't a plain CONNECT. -1: whoever connected went away, or sent nothing in time.
    private static async ValueTask<(int Length, ConnectHead? Head)> PeekHeadAsync(PipeReader input, CancellationToken limit)
    {
        try
        {
            long seen = 0;
            while (true)
            {
                var read = await input.ReadAsync(limit);
                var (isDone, length, head) = Look(read.Buffer, read.IsCompleted, seen);
                if (isDone)
                {
                    input.AdvanceTo(read.Buffer.Start);
                    return (length, head);
                }

                seen = read.Buffer.Length;
                input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException)
        {
            return (-1, null);
        }
    }

    private static (bool IsDone, int Length, ConnectHead? Head) Look(ReadOnlySequence<byte> buffer, bool isCompleted, long seen)
    {
        var beginning = ConnectHead.Beginning;
        Span<byte> first = stackalloc byte[beginning.Length];
        var known = (int)Math.Min(buffer.Length, first.Length);
        buffer.Slice(0, known).CopyTo(first);
        if (!first[..known].SequenceEqual(beginning[..known]))
        {
            return (true, 0, null);
        }

        // Each byte is searched once, however slowly they come: nobody is known yet.
        var most = buffer.Slice(0, Math.Min(buffer.Length, MostOfAHead));
        var reader = new SequenceReader<byte>(most);
        reader.Advance(Math.Clamp(seen - (HeadEnd.Length - 1), 0, most.Length));
        if (reader.TryReadTo(out ReadOnlySequence<byte> _, HeadEnd))
        {
            var length = (int)reader.Consumed;
            return (true, length, ConnectHead.Parse(most.Slice(0, length - HeadEnd.Length).ToArray()));
        }

        // Too long, or over before it was whole: the server says so.
        return (isCompleted || most.Length == MostOfAHead, buffer.IsEmpty ? -1 : 0, null);
    }

    private static async ValueTask<byte?> PeekByteAsync(PipeReader input, CancellationToken limit)
    {
        try
        {
            var read = await input.ReadAsync(limit);
            byte? first = read.Buffer.IsEmpty ? null : read.Buffer.FirstSpan[0];
            input.AdvanceTo(read.Buffer.Start);
            return first;
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException)
        {
            return null;
        }
    }

    // The server reads this head and then the end: what came behind it on the connection is never a request.
    private static Replaced WithInput(ConnectionContext connection, byte[] input)
    {
        var before = connection.Transport;
        connection.Transport = new Pipes(PipeReader.Create(new ReadOnlySequence<byte>(input)), before.Output);
        return new Replaced(connection, before);
    }

    private sealed record Pipes(PipeReader Input, PipeWriter Output) : IDuplexPipe;

    private sealed class Replaced(ConnectionContext connection, IDuplexPipe before) : IDisposable
    {
        public void Dispose() => connection.Transport = before;
    }
}
