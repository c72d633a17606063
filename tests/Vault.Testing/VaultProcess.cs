using System.Diagnostics;

namespace Vault.Testing;

/// <summary>The vault as a process of its own, for what can only be done to a process: killing it, and limiting how much it may write.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class VaultProcess : IAsyncDisposable
{
    private readonly Process _process;

    private VaultProcess(Process process, Uri address) => (_process, Address) = (process, address);

    /// <summary>Where it listens.</summary>
    public Uri Address { get; }

    /// <summary>The process.</summary>
    public int Id => _process.Id;

    /// <summary>Starts one in Development, on a free port of loopback, with <see cref="VaultFactory.AdminKey"/>.</summary>
    public static async Task<VaultProcess> StartAsync(string dataDirectory, params (string Name, string Value)[] settings)
    {
        // A write beyond the limit fails instead of ending the process, as on a full disk.
        var start = new ProcessStartInfo("bash", ["-c", "trap '' XFSZ; exec dotnet \"$0\"", typeof(Program).Assembly.Location]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in new[] { ("Vault:DataDirectory", dataDirectory), ("Vault:BootstrapAdminKey", VaultFactory.AdminKey), ("Vault:Http2Url", "") }.Concat(settings))
        {
            start.Environment[name.Replace(":", "__", StringComparison.Ordinal)] = value;
        }

        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Development";
        start.Environment["ASPNETCORE_URLS"] = settings.Any(setting => setting.Name.StartsWith("Kestrel:", StringComparison.Ordinal)) ? "" : "http://127.0.0.1:0";
        start.Environment["Logging__LogLevel__Default"] = "None";
        var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.IndexOf("http://127.0.0.1:", StringComparison.Ordinal) is var at and >= 0)
            {
                var vault = new VaultProcess(process, new Uri(line[at..].Split(' ')[0]));
                _ = process.StandardOutput.ReadToEndAsync();
                return vault;
            }
        }

        await process.WaitForExitAsync();
        throw new InvalidOperationException($"The vault ended with {process.ExitCode}: {await errors}");
    }

    /// <summary>A client with a key.</summary>
    public HttpClient CreateClient(string key) => new(new SocketsHttpHandler { UseProxy = false, UseCookies = false })
    {
        BaseAddress = Address,
        Timeout = TimeSpan.FromSeconds(60),
        DefaultRequestHeaders = { { "X-Vault-Key", key } },
    };

    /// <summary>No file may grow beyond this from now on, as if the disk were full; null: no limit.</summary>
    public async Task LimitFilesAsync(long? bytes)
    {
        using var prlimit = Process.Start("prlimit", ["--pid", _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture), $"--fsize={bytes?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "unlimited"}:unlimited"]);
        await prlimit.WaitForExitAsync();
        if (prlimit.ExitCode != 0)
        {
            throw new InvalidOperationException("prlimit failed.");
        }
    }

    /// <summary>Everything that the process has mapped from files, as Linux lists it.</summary>
    public string Mapped => File.ReadAllText($"/proc/{_process.Id}/maps");

    /// <summary>The most memory that it ever held since <see cref="ForgetPeakMemory"/>, in bytes, as Linux counts it.</summary>
    public long PeakMemory => Kilobytes("VmHWM:");

    /// <summary>From now on; gives what it holds at this moment.</summary>
    public long ForgetPeakMemory()
    {
        File.WriteAllText($"/proc/{_process.Id}/clear_refs", "5");
        return Kilobytes("VmRSS:");
    }

    /// <summary>Whether a TCP connection from this port of loopback is one of this process, as Linux lists them.</summary>
    public bool OwnsConnection(int localPort)
    {
        // The inode of the socket stands in the tenth column of the line whose local address ends with the port.
        var sockets = new[] { "tcp", "tcp6" }.SelectMany(table => File.ReadLines($"/proc/{_process.Id}/net/{table}").Skip(1))
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(columns => columns[1].EndsWith($":{localPort:X4}", StringComparison.Ordinal))
            .Select(columns => $"socket:[{columns[9]}]")
            .ToHashSet(StringComparer.Ordinal);
        return Directory.GetFiles($"/proc/{_process.Id}/fd").Any(descriptor => new FileInfo(descriptor).LinkTarget is { } target && sockets.Contains(target));
    }

    /// <summary>Sends a signal, as in <c>STOP</c> and <c>CONT</c>.</summary>
    public async Task SignalAsync(string name)
    {
        using var kill = Process.Start("kill", ["-" + name, _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }

    /// <summary>Waits until it has ended; gives the exit code.</summary>
    public async Task<int> EndedAsync()
    {
        await _process.WaitForExitAsync();
        return _process.ExitCode;
    }

    /// <summary>SIGKILL.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    private long Kilobytes(string name) => 1024 * long.Parse(
        File.ReadLines($"/proc/{_process.Id}/status").Single(line => line.StartsWith(name, StringComparison.Ordinal))[name.Length..].Replace("kB", "", StringComparison.Ordinal),
        System.Globalization.CultureInfo.InvariantCulture);

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await KillAsync();
        }

        _process.Dispose();
    }
}
