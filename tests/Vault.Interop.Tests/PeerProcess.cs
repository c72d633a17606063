using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Reflection;

namespace Vault.Interop.Tests;

/// <summary>A server that we didn't write, as a process of its own that ends with the test.</summary>
internal sealed class PeerProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly Process _process;
    private readonly List<string> _errors = [];

    private PeerProcess(Process process) => _process = process;

    /// <summary>Where the peers' scripts and packages are.</summary>
    public static string Folder { get; } =
        typeof(PeerProcess).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(data => data.Key == "Peers").Value!;

    /// <summary>Starts a script of the peers' folder; it says the URL that it listens on.</summary>
    public static async Task<(PeerProcess Process, string Url)> NodeAsync(string script, params string[] arguments)
    {
        var peer = Start("node", [Path.Combine(Folder, script), .. arguments]);
        using var limit = new CancellationTokenSource(Patience);
        var url = await peer._process.StandardOutput.ReadLineAsync(limit.Token);
        return url is null ? throw new InvalidOperationException($"{script} ended: {string.Join('\n', peer._errors)}. Run ./test.sh once to install its packages.") : (peer, url);
    }

    /// <summary>Starts a server and waits until it takes connections.</summary>
    public static async Task<PeerProcess> ServerAsync(int port, string file, params string[] arguments)
    {
        var peer = Start(file, arguments);
        using var limit = new CancellationTokenSource(Patience);
        while (true)
        {
            try
            {
                using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(IPAddress.Loopback, port, limit.Token);
                return peer;
            }
            catch (SocketException) when (!peer._process.HasExited)
            {
                await Task.Yield();
            }
            catch (SocketException)
            {
                throw new InvalidOperationException($"{file} ended: {string.Join('\n', peer._errors)}");
            }
        }
    }

    /// <summary>Asks a peer for something, past the vault.</summary>
    public static async Task<string> AskAsync(string url)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        return await client.GetStringAsync(new Uri(url));
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private static PeerProcess Start(string file, IReadOnlyList<string> arguments)
    {
        var process = new Process
        {
            StartInfo = new ProcessStartInfo(file, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true },
        };
        var peer = new PeerProcess(process);
        process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is { } text)
            {
                peer._errors.Add(text);
            }
        };
        process.Start();
        process.BeginErrorReadLine();
        return peer;
    }
}
