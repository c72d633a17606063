using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Vault.Api.Hosting;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.VaultKeys;

/// <summary>The master key: other providers, and its change while callouts go on.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class MasterKeyTests : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("vault-master-").FullName;
    private RecordingUpstream _service = null!;

    public async Task InitializeAsync() => _service = await RecordingUpstream.StartAsync();

    public async Task DisposeAsync()
    {
        await _service.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task Change_WhileCalloutsGoOn_NeedsTheNewKeyFromTheNextStartOn()
    {
        var value = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
        string key;
        await using (var vault = new VaultFactory(dataDirectory: _directory))
        {
            key = await DefineAsync(vault);
            using var app = vault.CreateClient(key);
            await CallAsync(app);
            Assert.Equal((0, ""), await ChangeAsync("--Vault:MasterKey:New:Provider", "environment", "--Vault:MasterKey:New:Value", value));

            // What runs goes on: callouts, changes, a new vault key, and being ready.
            await CallAsync(app);
            await vault.AdminAsync(HttpMethod.Post, "/api/v1/keys/rotate");
            await vault.AdminAsync(HttpMethod.Put, "/api/v1/external-credentials/Svc/principals/default/credential", """{ "parameters": { "Token": "a-token-after-the-change" } }""");
            await CallAsync(app);
            Assert.Equal(HttpStatusCode.OK, (await vault.AdminClient.GetAsync("/healthz/ready")).StatusCode);
        }

        // With the old key: said so, nothing is made or changed.
        await using (var old = new StringWriter())
        {
            Assert.Equal(2, await KeysCommand.VerifyAsync(await TestDatabase.ArgumentsAsync(_directory), TextWriter.Null, old));
            Assert.Contains("not the one that the database was made with", old.ToString(), StringComparison.Ordinal);
        }

        var settings = new Dictionary<string, string?> { ["Vault:MasterKey:Provider"] = "environment", ["Vault:MasterKey:Value"] = value };
        File.Delete(Path.Combine(_directory, "master.key"));
        for (var start = 0; start < 2; start++)
        {
            await using var again = new VaultFactory(settings, _directory);
            using var app = again.CreateClient(key);
            await CallAsync(app);
            var recorded = (await again.AdminAsync(HttpMethod.Get, "/api/v1/audit?action=master-key.changed"))!["items"]!.AsArray();
            Assert.StartsWith("file to environment at ", (string?)Assert.Single(recorded)!["target"], StringComparison.Ordinal);
            Assert.True((bool)(await again.AdminAsync(HttpMethod.Post, "/api/v1/keys/verify"))!["valid"]!);
            Assert.True((bool)(await again.AdminAsync(HttpMethod.Post, "/api/v1/audit/verify"))!["valid"]!);
        }

        Assert.False(File.Exists(Path.Combine(_directory, "master.key")));
    }

    [Fact]
    public async Task Change_ToWhatIsInForce_OrCantBeUsed_ChangesNothing()
    {
        string key;
        await using (var vault = new VaultFactory(dataDirectory: _directory))
        {
            key = await DefineAsync(vault);
        }

        var own = (await File.ReadAllTextAsync(Path.Combine(_directory, "master.key"))).Trim();
        await FailAsync("is the one that is in force", "--Vault:MasterKey:New:Provider", "environment", "--Vault:MasterKey:New:Value", own);
        await FailAsync("Vault:MasterKey:New:Provider");
        await FailAsync("Vault:MasterKey:New:Path", "--Vault:MasterKey:New:Provider", "file");
        await FailAsync("Vault:MasterKey:New:Value", "--Vault:MasterKey:New:Provider", "environment", "--Vault:MasterKey:New:Value", "short");
        await FailAsync("CertificatePath", "--Vault:MasterKey:New:Provider", "certificate", "--Vault:MasterKey:New:CertificatePath", Path.Combine(_directory, "none.p12"));
        await using var again = new VaultFactory(dataDirectory: _directory);
        using var app = again.CreateClient(key);
        await CallAsync(app);
        Assert.Empty((await again.AdminAsync(HttpMethod.Get, "/api/v1/audit?action=master-key.changed"))!["items"]!.AsArray());

        async Task FailAsync(string said, params string[] settings)
        {
            var (code, error) = await ChangeAsync(settings);
            Assert.Equal(2, code);
            Assert.Contains(said, error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Change_KilledAtAnyMoment_LeavesTheOldKeyOrTheNew()
    {
        await using (var vault = new VaultFactory(dataDirectory: _directory))
        {
            await DefineAsync(vault);
        }

        var (oldPath, newPath) = (Path.Combine(_directory, "master.key"), Path.Combine(_directory, "new.key"));
        var changed = false;
        for (var attempt = 0; attempt < 4 && !changed; attempt++)
        {
            // Killed once the new key is on disk: before, in or after the transaction.
            string[] arguments =
            [
                typeof(Program).Assembly.Location, "keys", "change-master", .. await TestDatabase.ArgumentsAsync(_directory),
                "--Vault:MasterKey:New:Provider", "file", "--Vault:MasterKey:New:Path", newPath,
            ];
            var start = new System.Diagnostics.ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
            using var process = System.Diagnostics.Process.Start(start)!;
            var limit = System.Diagnostics.Stopwatch.StartNew();
            while (!File.Exists(newPath) && !process.HasExited && limit.Elapsed < TimeSpan.FromSeconds(60))
            {
                await Task.Yield();
            }

            var spin = RandomNumberGenerator.GetInt32(1, 400);
            for (var at = limit.ElapsedMilliseconds; limit.ElapsedMilliseconds < at + spin && !process.HasExited;)
            {
                await Task.Yield();
            }

            process.Kill();
            await process.WaitForExitAsync();
            var (old, @new) = (await OpensAsync(oldPath), await OpensAsync(newPath));
            Assert.True(old != @new, $"old: {old}, new: {@new}");
            changed = @new;
        }
    }

    [Fact]
    [Trait("Database", "sqlite")]
    public async Task Change_KeepsNobodyFromWriting_AndItsProcessIsHardened()
    {
        await using (var vault = new VaultFactory(dataDirectory: _directory))
        {
            await DefineAsync(vault);
        }

        string[] arguments =
        [
            typeof(Program).Assembly.Location, "keys", "change-master", "--Vault:DataDirectory", _directory,
            "--Vault:MasterKey:New:Provider", "file", "--Vault:MasterKey:New:Path", Path.Combine(_directory, "new.key"),
        ];
        using var process = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        await using var other = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={Path.Combine(_directory, "vault.db")};Pooling=False");
        await other.OpenAsync();
        await using var turn = other.CreateCommand();
        turn.CommandText = "BEGIN IMMEDIATE; ROLLBACK;";
        var (longest, isHardened) = (TimeSpan.Zero, false);
        while (!process.HasExited)
        {
            var before = System.Diagnostics.Stopwatch.GetTimestamp();
            await turn.ExecuteNonQueryAsync();
            longest = System.Diagnostics.Stopwatch.GetElapsedTime(before) is var waited && waited > longest ? waited : longest;
            isHardened = isHardened || IsHardened(process.Id);
        }

        // It was 1.2 s while EF Core compiled its statements inside of the transaction.
        Assert.Equal(0, process.ExitCode);
        Assert.True(longest < TimeSpan.FromMilliseconds(600), $"Somebody waited for {longest.TotalMilliseconds} ms.");
        Assert.True(isHardened);

        static bool IsHardened(int id)
        {
            try
            {
                var core = File.ReadLines($"/proc/{id}/limits").First(line => line.StartsWith("Max core file size", StringComparison.Ordinal));
                return core.Split(' ', StringSplitOptions.RemoveEmptyEntries)[4..6] is ["0", "0"];
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or InvalidOperationException)
            {
                // It ended meanwhile.
                return false;
            }
        }
    }

    [Fact]
    public async Task Certificate_HoldsAVault_ThroughRestarts()
    {
        var path = Path.Combine(_directory, "one.p12");
        using (var rsa = RSA.Create(2048))
        {
            using var certificate = new System.Security.Cryptography.X509Certificates.CertificateRequest("CN=vault", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
                .CreateSelfSigned(new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2090, 1, 1, 0, 0, 0, TimeSpan.Zero));
            await File.WriteAllBytesAsync(path, certificate.Export(System.Security.Cryptography.X509Certificates.X509ContentType.Pkcs12, "the-password"));
        }

        var settings = new Dictionary<string, string?>
        {
            ["Vault:MasterKey:Provider"] = "certificate",
            ["Vault:MasterKey:CertificatePath"] = path,
            ["Vault:MasterKey:CertificatePassword"] = "the-password",
        };
        string key;
        await using (var vault = new VaultFactory(settings, _directory))
        {
            key = await DefineAsync(vault);
        }

        await using var again = new VaultFactory(settings, _directory);
        using var app = again.CreateClient(key);
        await CallAsync(app);
        Assert.False(File.Exists(Path.Combine(_directory, "master.key")));
    }

    [Fact]
    [Trait("Database", "sqlite")]
    public async Task FileProvider_LoadsNoCloudsLibrary()
    {
        // The first start migrates: EF Core looks at every type for that.
        await using (await VaultProcess.StartAsync(_directory))
        {
        }

        await using var vault = await VaultProcess.StartAsync(_directory);
        using var admin = vault.CreateClient(VaultFactory.AdminKey);
        using var change = await admin.PostAsync("/api/v1/keys/rotate", null);
        Assert.Equal(HttpStatusCode.OK, change.StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await admin.GetAsync("/healthz/ready")).StatusCode);
        var maps = await File.ReadAllTextAsync($"/proc/{vault.Id}/maps");
        Assert.Contains("Vault.Core.dll", maps, StringComparison.Ordinal);
        Assert.DoesNotContain("AWSSDK", maps, StringComparison.Ordinal);
        Assert.DoesNotContain("Azure.", maps, StringComparison.Ordinal);
        Assert.DoesNotContain("Microsoft.Identity.Client", maps, StringComparison.Ordinal);
    }

    private async Task<bool> OpensAsync(string keyPath)
    {
        if (!File.Exists(keyPath))
        {
            return false;
        }

        await using var output = new StringWriter();
        var code = await KeysCommand.VerifyAsync([.. await TestDatabase.ArgumentsAsync(_directory), "--Vault:MasterKey:Path", keyPath], output, TextWriter.Null);
        return code == 0 && (bool)JsonNode.Parse(output.ToString())!["valid"]!;
    }

    private async Task<(int Code, string Error)> ChangeAsync(params string[] settings)
    {
        await using var errors = new StringWriter();
        var code = await KeysCommand.ChangeMasterAsync([.. await TestDatabase.ArgumentsAsync(_directory), .. settings], TextWriter.Null, errors);
        return (code, errors.ToString());
    }

    private async Task<string> DefineAsync(VaultFactory vault)
    {
        await vault.AdminAsync(HttpMethod.Post, "/api/v1/external-credentials", """{ "name": "Svc", "authentication": { "protocol": "bearer" } }""");
        await vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""{ "name": "Svc", "url": "{{_service.Url}}", "externalCredential": "Svc" }""");
        await vault.AdminAsync(HttpMethod.Put, "/api/v1/external-credentials/Svc/principals/default/credential", """{ "parameters": { "Token": "a-token-of-the-service" } }""");
        return await vault.CreateAppAsync("App", "Svc");
    }

    private static async Task CallAsync(HttpClient app)
    {
        using var answer = await app.GetAsync("/callout/Svc");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }
}
