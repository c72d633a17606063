using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;
using Vault.Api.Hosting;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Hosting;

/// <summary>What the vault does at its start, with the data that it finds.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class StartTests : IDisposable
{
    private const string Certificate = "a certificate";

    private readonly string _directory = Directory.CreateTempSubdirectory("vault-start-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task FirstStart_MakesFilesForTheOwnerAlone()
    {
        await StartAsync();
        Assert.All(["master.key", "vault.db", "vault.db-wal"], file => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_directory, file))));
        Assert.Equal(44, (await File.ReadAllTextAsync(Path.Combine(_directory, "master.key"))).Trim().Length);
    }

    [Fact]
    public async Task Restart_KeepsEverything_AndNeedsNoBootstrapKey()
    {
        await StartAsync();
        await using var again = new VaultFactory(new Dictionary<string, string?> { ["Vault:BootstrapAdminKey"] = "vk_othermain1_0123456789abcdef0123456789abcdef0123456789a" }, _directory);
        using var old = again.CreateClient(VaultFactory.AdminKey);
        Assert.Equal(HttpStatusCode.OK, (await old.GetAsync("/api/v1/apps/Kept")).StatusCode);
        using var other = again.CreateClient("vk_othermain1_0123456789abcdef0123456789abcdef0123456789a");
        Assert.Equal(HttpStatusCode.Unauthorized, (await other.GetAsync("/api/v1/apps/Kept")).StatusCode);
    }

    [Fact]
    public async Task MasterKey_MissingOrWrong_StopsTheStart_AndChangesNothing()
    {
        await StartAsync();
        var file = Path.Combine(_directory, "master.key");
        var key = await File.ReadAllTextAsync(file);
        File.Delete(file);
        Assert.Contains("master key is missing", await FailAsync(), StringComparison.Ordinal);
        Assert.False(File.Exists(file));

        await File.WriteAllTextAsync(file, Convert.ToBase64String(new byte[32]));
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Assert.Contains("not the one that the database was made with", await FailAsync(), StringComparison.Ordinal);

        await File.WriteAllTextAsync(file, "not a key");
        Assert.Contains("base64 of 32 bytes", await FailAsync(), StringComparison.Ordinal);

        await File.WriteAllTextAsync(file, key);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        Assert.Contains("chmod 600", await FailAsync(), StringComparison.Ordinal);

        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await StartAsync(create: false);
    }

    [Fact]
    public async Task Database_OfAnyName_HasALockOfItsOwn()
    {
        var database = Path.Combine(_directory, "vault");
        await using var vault = new VaultFactory(new Dictionary<string, string?> { ["ConnectionStrings:Vault"] = $"Data Source={database}" }, _directory);
        Assert.Equal(HttpStatusCode.OK, (await vault.AdminClient.GetAsync("/healthz/ready")).StatusCode);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(database + ".file.lock"));
    }

    [Fact]
    public async Task DatabaseOfANewerVersion_StopsTheStart()
    {
        await StartAsync();
        await ExecuteAsync("INSERT INTO \"__EFMigrationsHistory\" VALUES ('29990101000000_Later', '99.0.0')");
        Assert.Contains("newer version of the vault (29990101000000_Later)", await FailAsync(), StringComparison.Ordinal);
        await ExecuteAsync("DELETE FROM \"__EFMigrationsHistory\" WHERE \"MigrationId\" = '29990101000000_Later'");
        await StartAsync(create: false);
    }

    [Theory]
    [InlineData("audit-head.json")]
    [InlineData("audit-checkpoints.jsonl")]
    public async Task FileOfTheAudit_ThatCantBeWritten_StopsTheStart(string name)
    {
        await StartAsync();
        var file = Path.Combine(_directory, name);
        File.Move(file, file + ".away");

        // The user of these tests may be one who may write everything.
        Directory.CreateDirectory(file);
        Assert.Contains(file, await FailAsync(), StringComparison.Ordinal);
        Directory.Delete(file);
        File.Move(file + ".away", file);
        await StartAsync(create: false);
    }

    [Fact]
    [Trait("Database", "sqlite")]
    public async Task Database_ThatCantBeWritten_StopsTheStart()
    {
        await StartAsync();
        var error = await FailAsync(("ConnectionStrings:Vault", $"Data Source={Path.Combine(_directory, "vault.db")};Mode=ReadOnly"));
        Assert.Contains("The database can't be written", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task FirstStart_ThatCantListen_NamesTheSettings_AndTellsTheKeyThatItMade()
    {
        using var taken = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        foreach (var url in new[] { $"http://{taken.LocalEndpoint}", "http://192.0.2.1:9" })
        {
            var directory = Path.Combine(_directory, "of-" + url.Length);
            var (code, output, errors) = await RunAsync(("ASPNETCORE_URLS", url), ("Vault__DataDirectory", directory), ("Vault__Http2Url", ""));
            Assert.Equal(78, code);
            Assert.Contains("export VAULT_KEY=vk_", output, StringComparison.Ordinal);
            Assert.Contains("ASPNETCORE_URLS, Vault:Http2Url or", errors, StringComparison.Ordinal);
            var key = Assert.Single(Regex.Matches(output, "vk_[A-Za-z0-9_-]+")).Value;
            await using var vault = new VaultFactory(new Dictionary<string, string?> { ["Vault:BootstrapAdminKey"] = null }, directory);
            using var client = vault.CreateClient(key);
            Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/api/v1/apps")).StatusCode);
        }
    }

    [Fact]
    public async Task FirstStart_PrintsTheKeyThatItMade_Once()
    {
        var output = await BannerAsync("http://127.0.0.1:0");
        var key = Assert.Single(Regex.Matches(output, "vk_[A-Za-z0-9_-]+")).Value;
        Assert.Contains($"export VAULT_KEY={key}\n", output, StringComparison.Ordinal);
        await using var vault = new VaultFactory(new Dictionary<string, string?> { ["Vault:BootstrapAdminKey"] = null }, _directory);
        using var client = vault.CreateClient(key);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/api/v1/apps")).StatusCode);
    }

    [Fact]
    public async Task Addresses_WithWhiteSpaceAroundThem_AreListenedAt() =>
        Assert.Matches(@"The vault listens on http://127\.0\.0\.1:\d+ and http://127\.0\.0\.1:\d+\n", await BannerAsync(" http://127.0.0.1:0 ; http://127.0.0.1:0 ; "));

    // What a vault without an admin key prints until it has said all that it says when it has started.
    private async Task<string> BannerAsync(string urls)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(Program).Assembly.Location]) { RedirectStandardOutput = true };
        foreach (var (name, value) in new[] { ("ASPNETCORE_URLS", urls), ("Vault__DataDirectory", _directory), ("Vault__Http2Url", "") })
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var output = new StringBuilder();
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            output.Append(line).Append('\n');
            if (line.Contains("\"the token\"", StringComparison.Ordinal))
            {
                process.Kill();
            }
        }

        await process.WaitForExitAsync();
        return output.ToString();
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("-h")]
    [InlineData("--version")]
    public async Task Help_StartsNoVault(string argument)
    {
        var (code, output, _) = await RunAsync([argument, "--urls", "http://127.0.0.1:0"], ("Vault__DataDirectory", Path.Combine(_directory, "none")));
        Assert.Equal(0, code);
        Assert.Contains("audit verify", output, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_directory, "none")));
    }

    private static Task<(int Code, string Output, string Errors)> RunAsync(params (string Name, string Value)[] settings) => RunAsync([], settings);

    internal static async Task<(int Code, string Output, string Errors)> RunAsync(string[] arguments, params (string Name, string Value)[] settings)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(Program).Assembly.Location, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in settings)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await errors);
    }

    [Theory]
    [InlineData("DELETE FROM key_ring")]
    [InlineData("DELETE FROM vault_keys")]
    [InlineData("DELETE FROM vault_keys WHERE \"Purpose\" = 'integrity'")]
    [InlineData("UPDATE vault_keys SET \"CheckValue\" = x'0000000000000000'")]
    [InlineData("UPDATE vault_keys SET \"Canary\" = x'00'")]
    [InlineData("UPDATE vault_keys SET \"Protected\" = x'09F0C9F000'")]
    [InlineData("DELETE FROM facts")]
    public async Task Keys_MissingOrDamaged_StopTheStart(string sql)
    {
        await StartAsync();
        await ExecuteAsync(sql);
        Assert.NotEmpty(await FailAsync());
    }

    [Theory]
    [InlineData("UPDATE keys SET \"Role\" = 'Admin' WHERE \"Role\" = 'App'")]
    [InlineData("UPDATE apps SET \"NameKey\" = 'other'")]
    [InlineData("UPDATE grants SET \"Principals\" = '[\"*\"]'")]
    [InlineData("UPDATE named_credentials SET \"Document\" = replace(\"Document\", 'service.example', 'evil.example')")]
    [InlineData("UPDATE external_credentials SET \"Document\" = replace(\"Document\", 'service.example', 'evil.example')")]
    [InlineData("UPDATE external_credentials SET \"Version\" = 99")]
    public async Task Row_ChangedInTheDatabase_IsLeftOut_AndTheVaultIsNotReady(string sql)
    {
        await StartAsync();
        await ExecuteAsync(sql);
        await using var vault = new VaultFactory(dataDirectory: _directory);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await vault.AdminClient.GetAsync("/healthz/ready")).StatusCode);
        Assert.Contains(vault.Logs.Lines, line => line.Contains("is not authentic", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Secret_MovedToAnotherCredential_CantBeOpened()
    {
        await StartAsync();
        await ExecuteAsync("UPDATE secrets SET \"Sealed\" = (SELECT other.\"Sealed\" FROM secrets other WHERE other.\"Id\" <> secrets.\"Id\" LIMIT 1)");
        await using var vault = new VaultFactory(dataDirectory: _directory);
        var key = await vault.CreateAppAsync("Thief", "Kept");
        using var app = vault.CreateClient(key);
        using var response = await app.GetAsync("/callout/Kept");
        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        Assert.Contains("unreadable", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task SecondVault_OnTheSameDirectory_IsToldSo()
    {
        await using var first = new VaultFactory(dataDirectory: _directory);
        await first.AdminClient.GetAsync("/healthz/live");
        Assert.Contains("Another vault", await FailAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("elsewhere", "shared.db", false)]
    [InlineData("elsewhere", "shared.db", true)]
    [InlineData("first", "vault.db", false)]
    [InlineData("first", "vault.db", true)]
    public async Task SecondVault_OnTheSameDatabase_IsToldSo_WhateverItsDirectory(string directory, string name, bool byALink)
    {
        var first = Directory.CreateDirectory(Path.Combine(_directory, "first")).FullName;
        var database = Path.Combine(Directory.CreateDirectory(Path.Combine(_directory, directory)).FullName, name);
        (string Name, string Value) masterKey = ("Vault:MasterKey:Path", Path.Combine(_directory, "master.key"));
        await using (var running = new VaultFactory(new Dictionary<string, string?> { [masterKey.Name] = masterKey.Value, ["ConnectionStrings:Vault"] = "Data Source=" + database }, first))
        {
            await running.AdminAsync(HttpMethod.Put, "/api/v1/apps/Kept", "{}");
            var named = database;
            if (byALink)
            {
                File.CreateSymbolicLink(named = Path.Combine(_directory, "link.db"), database);
            }

            (string Name, string Value)[] second = [masterKey, ("Vault:DataDirectory", Path.Combine(_directory, "second")), ("ConnectionStrings:Vault", "Data Source=" + named)];
            var error = await FailAsync(second);
            Assert.Contains("Another vault uses this database", error, StringComparison.Ordinal);
            Assert.Contains("ConnectionStrings:Vault", error, StringComparison.Ordinal);
            string[] args = [.. second.SelectMany(setting => new[] { "--" + setting.Name, setting.Value })];
            await using var told = new StringWriter();
            Assert.Equal(2, await DatabaseCommand.CopyAsync([.. args, "--to", "Host=127.0.0.1;Port=1;Database=x;Username=x"], TextWriter.Null, told));
            Assert.Contains("Another vault uses this database", told.ToString(), StringComparison.Ordinal);

            // What only reads goes on beside it.
            Assert.Equal(0, await BackupCommand.WriteAsync(Path.Combine(_directory, "vault.backup"), [.. args, "--Vault:DataDirectory", first], TextWriter.Null, TextWriter.Null));
            Assert.Equal(0, await AuditCommand.VerifyAsync([.. args, "--Vault:DataDirectory", first], TextWriter.Null, TextWriter.Null));
        }

        // Gone with the process that held it.
        await using var next = new VaultFactory(
            new Dictionary<string, string?> { [masterKey.Name] = masterKey.Value, ["ConnectionStrings:Vault"] = "Data Source=" + database }, Path.Combine(_directory, "second"));
        Assert.Equal(HttpStatusCode.OK, (await next.AdminClient.GetAsync("/api/v1/apps/Kept")).StatusCode);
    }

    [Theory]
    [InlineData("Vault:BootstrapAdminKey", "too-short")]
    [InlineData("Vault:Database:Provider", "mySql")]
    [InlineData("Vault:MasterKey:Provider", "nobody")]
    [InlineData("Vault:Egress:AllowedNetworks", "10.0.0.0/99")]
    [InlineData("Vault:Http2Url", "ftp://x")]
    [InlineData("Vault:Http2Url", "http://127.0.0.l:18813")]
    [InlineData("Vault:Http2Url", "http://127.0.0.1:18813?x")]
    [InlineData("Vault:Http2Url", "http://user@127.0.0.1:18813")]
    [InlineData("Vault:Http2Url", "http://*:18813")]
    [InlineData("Vault:MasterKey:Path", "/proc/nope/k")]
    [InlineData("Vault:MasterKey:Path", "/proc/version/k")]
    [InlineData("Vault:MasterKey:Path", "/")]
    [InlineData("Vault:Audit:Durability", "never")]
    [InlineData("Vault:Audit:RetentionDays", "0")]
    [InlineData("Vault:Audit:SpoolSeconds", "a while")]
    [InlineData("Vault:Audit:SpoolMegabytes", "1")]
    [InlineData("Vault:Issuers:0:Name", "not a name")]
    [InlineData("Vault:Audit", "beforeSend")]
    [InlineData("Vault:Database", "postgreSql")]
    [InlineData("Vault:MasterKey", "file")]
    [InlineData("Vault:SecretSources", "file")]
    [InlineData("ConnectionStrings:Vault", "garbage")]
    [InlineData("ConnectionStrings:Vault", "Data Source=vault.db;Mode=Sometimes")]
    [InlineData("ConnectionStrings:Vault", "Data Source=:memory:")]
    [InlineData("ConnectionStrings:Vault", "Data Source=vault.db;Password=the-password")]
    [InlineData("Vault:DataDirectory", "   ")]
    [InlineData("Vault:DataDirectory", "/tmp/vault ")]
    [InlineData("Logging:LogLevel:Default", "Nope")]
    [InlineData("Logging:Console:LogLevel:Vault", "Nope")]
    [InlineData("ASPNETCORE_URLS", "garbage")]
    [InlineData("ASPNETCORE_URLS", "http://127.0.0.1:0;ftp://127.0.0.1:1")]
    [InlineData("ASPNETCORE_URLS", "http://127.0.0.1:70000")]
    [InlineData("ASPNETCORE_URLS", "http://localhost:0")]
    [InlineData("ASPNETCORE_URLS", "http://127.0.0.1:1881l")]
    [InlineData("ASPNETCORE_HTTP_PORTS", "80a")]
    [InlineData("Kestrel:Endpoints:Api:Url", "127.0.0.1")]
    [InlineData("Kestrel:Endpoints:Api:Url", "http://127.0.0.1,18811")]
    public async Task Setting_ThatIsNotOne_IsNamed(string setting, string value)
    {
        var error = await FailAsync((setting, value));
        Assert.Contains(setting, error, StringComparison.Ordinal);
        Assert.DoesNotContain("the-password", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Vault:Audit:Durability takes one value", "Vault:Audit:Durability:0", "background")]
    [InlineData("Vault:PublicUrl takes one value", "Vault:PublicUrl:0", "https://vault.example")]
    [InlineData("Vault:BootstrapAdminKey takes one value", "Vault:BootstrapAdminKey:0", VaultFactory.AdminKey)]
    [InlineData("Vault:Egress:AllowedNetworks is set as one text and as an array", "Vault:Egress:AllowedNetworks", "10.0.0.0/8", "Vault:Egress:AllowedNetworks:0", "10.0.0.0/8")]
    [InlineData("ASPNETCORE_URLS", "ASPNETCORE_URLS", "https://127.0.0.1:0", "HOME", "/nonexistent")]
    [InlineData("Kestrel:Endpoints", "Kestrel:Endpoints:Api:Url", "https://127.0.0.1:0", "Kestrel:Endpoints:Api:Certificate:Path", "/nope.pem")]
    [InlineData("Kestrel:Endpoints", "Kestrel:Endpoints:Api:Url", "https://127.0.0.1:0", "Kestrel:Endpoints:Api:Certificate:Path", Certificate, "Kestrel:Endpoints:Api:Certificate:Password", "the-password-that-is-wrong")]
    public async Task Settings_ThatCantBeTakenTogether_AreNamed(string message, params string[] settings)
    {
        var error = await FailAsync([.. settings.Chunk(2).Select(setting => (setting[0], setting[1] == Certificate ? CertificateFile() : setting[1]))]);
        Assert.Contains(message, error, StringComparison.Ordinal);
        Assert.DoesNotContain("the-password", error, StringComparison.Ordinal);
        Assert.DoesNotContain(VaultFactory.AdminKey, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "Vault": {""", "It isn't JSON at line 1")]
    [InlineData("{\n \"Vault\": { \"BootstrapAdminKey\": the-password } }", "It isn't JSON at line 2")]
    [InlineData("""{ "Vault": { "DataDirectory": "a", "DataDirectory": "the-password" } }""", "'Vault:DataDirectory'")]
    [InlineData("[]", "Array")]
    public async Task SettingsFile_ThatCantBeRead_IsNamed_AndNothingInItIsTold(string text, string message)
    {
        // Files lie beside the program, one for each environment.
        var environment = "Broken" + Guid.NewGuid().ToString("N");
        var file = Path.Combine(Path.GetDirectoryName(typeof(Program).Assembly.Location)!, $"appsettings.{environment}.json");
        await File.WriteAllTextAsync(file, text);
        try
        {
            var error = await FailAsync(("ASPNETCORE_ENVIRONMENT", environment));
            Assert.Contains(file, error, StringComparison.Ordinal);
            Assert.Contains(message, error, StringComparison.Ordinal);
            Assert.DoesNotContain("the-password", error, StringComparison.Ordinal);

            // Commands say so, too, in their own codes.
            var (code, _, errors) = await RunAsync(["keys", "verify"], ("ASPNETCORE_ENVIRONMENT", environment), ("Vault__DataDirectory", _directory));
            Assert.Equal(2, code);
            Assert.Contains(file, errors, StringComparison.Ordinal);
            Assert.Equal(1, (await RunAsync(["healthcheck"], ("ASPNETCORE_ENVIRONMENT", environment))).Code);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task Argument_WithASingleDash_IsRefused_AndNotTold()
    {
        var (code, _, errors) = await RunAsync(["-Vault:MasterKey:Value=the-password"], ("Vault__DataDirectory", _directory));
        Assert.Equal(78, code);
        Assert.StartsWith("vault: An argument begins with a single dash", errors, StringComparison.Ordinal);
        Assert.DoesNotContain("the-password", errors, StringComparison.Ordinal);
    }

    private string CertificateFile()
    {
        using var key = ECDsa.Create();
        using var certificate = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.MaxValue);
        var path = Path.Combine(_directory, "vault.p12");
        File.WriteAllBytes(path, certificate.Export(X509ContentType.Pkcs12, "the-password"));
        return path;
    }

    [Fact]
    public async Task Setting_ThatNothingReads_IsWarnedOf_ByItsName()
    {
        var settings = new Dictionary<string, string?>
        {
            ["Vault:Audit:Durabilty"] = "the-value",
            ["Vault:Egres:AllowHttp"] = "the-value",
            ["Vault:AllowedReturnUrl"] = "the-value",
            ["Vault:Metrics:On"] = "the-value",
            ["Vault"] = "the-value",
            ["Vault:audit:DURABILITY"] = "beforeSend",
            ["Vault:Egress:AllowedNetworks:0"] = "10.0.0.0/8",
            ["Vault:Egress:AllowedNetworks:1"] = "",
            ["Vault:Swagger"] = "true",
        };
        await using var vault = new VaultFactory(settings, _directory);
        Assert.Equal(HttpStatusCode.OK, (await vault.AdminClient.GetAsync("/healthz/live")).StatusCode);
        var warnings = vault.Logs.Lines.Where(line => line.Contains("has no effect", StringComparison.Ordinal)).ToArray();
        Assert.All(
            new[] { "Vault", "Vault:Audit:Durabilty", "Vault:Egres:AllowHttp", "Vault:AllowedReturnUrl", "Vault:Metrics:On" },
            name => Assert.Single(warnings, line => line.Contains($"setting {name} has", StringComparison.Ordinal)));
        Assert.Equal(5, warnings.Length);
        Assert.DoesNotContain(warnings, line => line.Contains("the-value", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Endpoint_WithoutAnAddress_IsNamed() =>
        Assert.Contains("Kestrel:Endpoints:Api:Url", await FailAsync(("Kestrel:Endpoints:Api:Protocols", "Http1")), StringComparison.Ordinal);

    [Fact]
    public async Task StartOnSqlite_LoadsNothingOfPostgreSql()
    {
        await using var vault = await VaultProcess.StartAsync(_directory);
        using var admin = vault.CreateClient(VaultFactory.AdminKey);
        Assert.Equal(HttpStatusCode.OK, (await admin.GetAsync("/api/v1/apps")).StatusCode);
        Assert.Contains("Sqlite", vault.Mapped, StringComparison.Ordinal);
        Assert.DoesNotContain("Npgsql", vault.Mapped, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "ConnectionStrings:Vault is needed")]
    [InlineData("Host=127.0.0.1;Port=1;Database=the-database;Username=vault;Password=the-password-of-the-database", "127.0.0.1:1 (ConnectionStrings:Vault): ConnectionRefused")]
    [InlineData("Host=127.0.0.1;Passwort=the-password-of-the-database", "ConnectionStrings:Vault can't be read")]
    [InlineData("Database=vault;Password=the-password-of-the-database", "ConnectionStrings:Vault must name the host")]
    [InlineData("Host=127.0.0.1;Password=the-password-of-the-database;Maximum Pool Size=0", "ConnectionStrings:Vault: Maximum Pool Size must be 1 at least")]
    [InlineData("Host=127.0.0.1;Password=the-password-of-the-database;Minimum Pool Size=20", "no less than Minimum Pool Size")]
    public async Task PostgreSql_ThatCantBeReached_IsNamed_AndItsPasswordIsNot(string connection, string message)
    {
        var error = await FailAsync(("Vault:Database:Provider", "postgreSql"), ("ConnectionStrings:Vault", connection));
        Assert.Contains(message, error, StringComparison.Ordinal);
        Assert.DoesNotContain("the-password", error, StringComparison.Ordinal);
    }

    private async Task StartAsync(bool create = true)
    {
        await using var vault = new VaultFactory(dataDirectory: _directory);
        if (create)
        {
            await vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials",
                """{ "name": "Kept", "url": "https://service.example", "authentication": { "protocol": "password", "username": "the-user", "password": "the-password" } }""");
            await vault.CreateAppAsync("Kept", "Kept");
        }

        Assert.Equal(HttpStatusCode.OK, (await vault.AdminClient.GetAsync("/healthz/ready")).StatusCode);
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var connection = new SqliteConnection($"Data Source={Path.Combine(_directory, "vault.db")};Pooling=False");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA foreign_keys = OFF; " + sql;
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Runs the program itself; it has to end by itself with 78 and one sentence.</summary>
    private async Task<string> FailAsync(params (string Name, string Value)[] settings)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardError = true, RedirectStandardOutput = true };
        start.ArgumentList.Add(typeof(Program).Assembly.Location);
        start.Environment["Vault__DataDirectory"] = _directory;
        start.Environment["ASPNETCORE_URLS"] = "http://127.0.0.1:0";
        foreach (var (name, value) in settings)
        {
            start.Environment[name.Replace(":", "__", StringComparison.Ordinal)] = value;
        }

        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEndAsync();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw;
        }

        Assert.True(process.ExitCode == 78, $"{process.ExitCode}: {await error} {await output}");
        var text = await error;
        Assert.StartsWith("vault: ", text, StringComparison.Ordinal);
        Assert.Single(text.Trim().Split('\n'));
        return text;
    }
}
