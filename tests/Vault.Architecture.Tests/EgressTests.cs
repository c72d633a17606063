using System.Text.RegularExpressions;
using Xunit;

namespace Vault.Architecture.Tests;

/// <summary>There is one way out of the process: everything that could make another stands in Egress, or fails here.</summary>
public sealed partial class EgressTests
{
    // The command that asks a running vault whether it is well, and the options of the sockets that listen; the command line, which is no part of
    // the vault, talks to it in one place, and so do the libraries for apps.
    private static readonly string[] Allowed =
        ["src/Vault.Core/Egress/", "src/Vault.Api/Hosting/HealthCheck.cs", "src/Vault.Api/Hosting/KestrelSetup.cs", "src/Vault.Cli/Connections/", "src/Vault.Client/", "src/Vault.Client.Admin/"];

    [Fact]
    public void Only_Egress_OpensConnections()
    {
        var root = Root();
        var found = new List<string>();
        var egress = 0;
        foreach (var file in Directory.EnumerateFiles(Path.Combine(root, "src"), "*.cs", SearchOption.AllDirectories))
        {
            var name = Path.GetRelativePath(root, file).Replace('\\', '/');
            if (name.Contains("/obj/", StringComparison.Ordinal) || name.Contains("/bin/", StringComparison.Ordinal))
            {
                continue;
            }

            var lines = File.ReadLines(file).Select(line => line.TrimStart()).Where(line => !line.StartsWith("//", StringComparison.Ordinal) && Outbound().IsMatch(line)).ToArray();
            if (Array.Exists(Allowed, prefix => name.StartsWith(prefix, StringComparison.Ordinal)))
            {
                egress += lines.Length;
            }
            else
            {
                found.AddRange(lines.Select(line => $"{name}: {line}"));
            }
        }

        Assert.Empty(found);
        Assert.True(egress > 3, "The pattern finds nothing where connections are made.");
    }

    // Types of the platform that connect or resolve, and of libraries that fetch by themselves.
    [GeneratedRegex(@"\b(HttpClient|IHttpClientFactory|AddHttpClient|SocketsHttpHandler|HttpClientHandler|WinHttpHandler|WebClient|HttpWebRequest|WebRequest|FtpWebRequest|Socket|TcpClient|UdpClient|ClientWebSocket|QuicConnection|SmtpClient|Ping|HttpDocumentRetriever|AddJwtBearer|AddOpenIdConnect)\b|(?<!HostNameType\.)\bDns\.")]
    private static partial Regex Outbound();

    private static string Root()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "Vault.sln")))
        {
            directory = directory.Parent;
        }

        return directory?.FullName ?? throw new InvalidOperationException("The tests run outside the repository.");
    }
}
