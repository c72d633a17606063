using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Vault.Api.Tests.Audit;
using Vault.Api.Tests.VaultKeys;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Hosting;

/// <summary>What a stop waits for, with a real process.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class StopTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(25);
    private readonly string _directory = Directory.CreateTempSubdirectory("vault-stop-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Stop_LetsAStreamEnd_RefusesNewConnections_AndRecordsAll()
    {
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var service = await RecordingUpstream.StartAsync();
        service.Answer = async (context, _) =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync("data: first\n\n");
            await context.Response.Body.FlushAsync();
            await goOn.Task;
            await context.Response.WriteAsync("data: last\n\n");
        };
        string id;
        await using (var vault = await VaultProcess.StartAsync(_directory))
        {
            using var admin = vault.CreateClient(VaultFactory.AdminKey);
            await VaultKeyBench.SendAsync(admin, "POST", "named-credentials", $$"""{ "name": "Svc", "url": "{{service.Url}}", "authentication": { "protocol": "bearer", "token": "the-token" } }""");
            await VaultKeyBench.SendAsync(admin, "POST", "apps", """{ "name": "App" }""");
            await VaultKeyBench.SendAsync(admin, "PUT", "apps/App/grants/Svc", "{}");
            using var app = vault.CreateClient((await VaultKeyBench.SendAsync(admin, "POST", "apps/App/keys", "{}"))!["key"]!.ToString());
            using var answer = await app.GetAsync("/callout/Svc/stream", HttpCompletionOption.ResponseHeadersRead);
            id = answer.Headers.GetValues("X-Vault-Request-Id").Single();
            await using var stream = await answer.Content.ReadAsStreamAsync();
            var first = new byte["data: first\n\n".Length];
            await stream.ReadExactlyAsync(first);

            await vault.SignalAsync("TERM");
            using (var limit = new CancellationTokenSource(Limit))
            {
                while (await ConnectsAsync(vault.Address, limit.Token))
                {
                }
            }

            // Nobody new is let in, and the stream is still there.
            goOn.SetResult();
            using var rest = new StreamReader(stream);
            Assert.Equal("data: last\n\n", await rest.ReadToEndAsync());
            Assert.Equal("data: first\n\n", Encoding.UTF8.GetString(first));
            Assert.Equal(0, await vault.EndedAsync().WaitAsync(2 * Limit));
        }

        await using var again = await VaultProcess.StartAsync(_directory);
        using var auditor = again.CreateClient(VaultFactory.AdminKey);
        var records = AuditBench.Lines(await auditor.GetStringAsync("/api/v1/audit/export"));
        var last = records.Last(record => record.GetProperty("id").GetString() == id);
        Assert.Equal(("success", 25L), (last.GetProperty("outcome").GetString(), last.GetProperty("bytesOut").GetInt64()));
        Assert.Contains(records, record => record.GetProperty("action").GetString() == "audit.stopped");
        Assert.True((bool)(await VaultKeyBench.SendAsync(auditor, "POST", "audit/verify"))!["valid"]!);
    }

    private static async Task<bool> ConnectsAsync(Uri address, CancellationToken cancellationToken)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(address.Host, address.Port, cancellationToken);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
