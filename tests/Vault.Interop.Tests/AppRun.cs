using System.Diagnostics;

namespace Vault.Interop.Tests;

/// <summary>An app that we didn't write for the vault, as a process that ends by itself.</summary>
/// <param name="Output">What it wrote.</param>
/// <param name="Errors">What it complained of.</param>
/// <param name="ExitCode">0: it is content.</param>
internal sealed record AppRun(string Output, string Errors, int ExitCode)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <summary>Everything that a proxy or a trusted certificate could come from on this machine.</summary>
    private static readonly string[] Proxies =
        ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE"];

    /// <summary>The folder of the samples.</summary>
    public static string Samples { get; } = Path.GetFullPath(Path.Combine(PeerProcess.Folder, "..", "..", "..", "samples"));

    /// <summary>Runs it to its end.</summary>
    /// <param name="environment">What it gets beside this machine's own, proxies and their like aside.</param>
    /// <param name="file">The program.</param>
    /// <param name="arguments">Its arguments.</param>
    public static async Task<AppRun> StartAsync(IReadOnlyDictionary<string, string> environment, string file, params string[] arguments)
    {
        var start = new ProcessStartInfo(file, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Samples };
        foreach (var name in Proxies)
        {
            start.Environment.Remove(name);
            start.Environment.Remove(name.ToLowerInvariant());
        }

        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(Patience);
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(limit.Token), process.StandardError.ReadToEndAsync(limit.Token));
        try
        {
            await process.WaitForExitAsync(limit.Token);
            return new AppRun(await output, await errors, process.ExitCode);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }
}
