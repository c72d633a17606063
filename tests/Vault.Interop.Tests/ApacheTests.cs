using System.Diagnostics;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;
using Vault.Testing;
using Xunit;

namespace Vault.Interop.Tests;

/// <summary>Apache httpd: mod_auth_digest, mod_auth_basic, and the form login of mod_auth_form with sessions in a database.</summary>
public sealed class ApacheTests : InteropBench
{
    private const string Password = "the p\u00e4ssword: 1";
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("vault-apache-");
    private readonly int _port = FreePort.Find();
    private PeerProcess? _apache;

    private string Url => $"http://127.0.0.1:{_port}";

    private string Sessions => Path.Combine(_folder.FullName, "sessions.db");

    public override async Task InitializeAsync()
    {
        // As root, httpd's children are www-data; everything here is for this test alone.
        await RunAsync("chmod", "777", _folder.FullName);
        await RunAsync("htpasswd", "-bc", Path.Combine(_folder.FullName, "users"), "ann", Password);
        var script = Path.Combine(_folder.FullName, "who.sh");
        await File.WriteAllTextAsync(script, "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n%s %s ' \"$REMOTE_USER\" \"$REQUEST_METHOD\"\ncat\n");
        await RunAsync("chmod", "755", script);
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "realm"), $"ann:the realm:{Hex("ann:the realm:" + Password)}\n");
        await using (var database = new SqliteConnection($"Data Source={Sessions};Pooling=False"))
        {
            await database.OpenAsync();
            await using var command = database.CreateCommand();
            command.CommandText = "create table session (key text primary key, value text, expiry integer)";
            await command.ExecuteNonQueryAsync();
        }

        await RunAsync("chmod", "666", Sessions);
        await StartAsync();
    }

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await StopAsync();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Digest_SignsIn_AndSurvivesADeadNonce()
    {
        await DefineAsync(Url + "/digest", new JsonObject { ["protocol"] = "digest" }, new JsonObject { ["Username"] = "ann", ["Password"] = Password });
        Assert.Equal("ann GET ", await TextAsync("/who"));
        Assert.Equal("ann GET ", await TextAsync("/who/a%20b?q=%C3%A9&x"));

        // Another start is another server secret: all nonces are dead.
        await StopAsync();
        await StartAsync();
        Assert.Equal("ann GET ", await TextAsync("/who"));
        await StopAsync();
        await StartAsync();
        Assert.Equal("ann POST small", await TextAsync("/who", "small"));
    }

    [Fact]
    public async Task Password_SignsIn()
    {
        await DefineAsync(Url + "/basic", new JsonObject { ["protocol"] = "password" }, new JsonObject { ["Username"] = "ann", ["Password"] = Password });
        Assert.Equal("ann GET ", await TextAsync("/who"));
        Assert.Equal("ann POST small", await TextAsync("/who", "small"));
    }

    [Fact]
    public async Task Login_WithAFormAndACookie_SurvivesTheSessionsEnd()
    {
        await DefineAsync(Url + "/form", new JsonObject
        {
            ["protocol"] = "login",
            ["steps"] = new JsonArray(new JsonObject
            {
                ["request"] = new JsonObject
                {
                    ["method"] = "POST",
                    ["url"] = Url + "/sign-in",
                    ["form"] = new JsonObject { ["httpd_username"] = "{!$Credential.Username}", ["httpd_password"] = "{!$Credential.Password}" },
                },
                ["extract"] = new JsonObject { ["session"] = "cookie:session" },
            }),
            ["apply"] = new JsonObject { ["cookies"] = new JsonObject { ["session"] = "{!$Token.session}" } },
        }, new JsonObject { ["Username"] = "ann", ["Password"] = Password });
        Assert.Equal("ann GET ", await TextAsync("/who"));
        await EndSessionsAsync();
        Assert.Equal("ann GET ", await TextAsync("/who"));
        await EndSessionsAsync();
        Assert.Equal("ann POST small", await TextAsync("/who", "small"));
    }

    [Fact]
    public async Task WrongPassword_IsTheServersAnswer_OrAFailedSignIn()
    {
        await DefineAsync(Url + "/digest", new JsonObject { ["protocol"] = "digest" }, new JsonObject { ["Username"] = "ann", ["Password"] = "canary-wrong" });
        using var response = await SendAsync("/who");
        Assert.Equal(401, (int)response.StatusCode);
        Assert.False(response.Headers.Contains("X-Vault-Error"));
    }

    private async Task<string> TextAsync(string path, string? body = null)
    {
        using var response = await SendAsync(path, body, "text/plain");
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{(int)response.StatusCode}: {text} {await File.ReadAllTextAsync(Path.Combine(_folder.FullName, "error.log"))}");
        return text;
    }

    private async Task EndSessionsAsync()
    {
        await using var database = new SqliteConnection($"Data Source={Sessions};Pooling=False");
        await database.OpenAsync();
        await using var command = database.CreateCommand();
        command.CommandText = "delete from session";
        Assert.Equal(1, await command.ExecuteNonQueryAsync());
    }

    private async Task StartAsync()
    {
        var modules = new[]
        {
            "mpm_prefork", "authn_core", "authn_file", "authz_core", "authz_user", "auth_basic", "auth_digest", "auth_form", "request",
            "dbd", "session", "session_cookie", "session_dbd", "cgi", "alias",
        };
        var configuration = Path.Combine(_folder.FullName, "httpd.conf");
        await File.WriteAllTextAsync(configuration, $$"""
            {{string.Join('\n', modules.Select(name => $"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so"))}}
            ServerRoot "{{_folder.FullName}}"
            ServerName localhost
            PidFile httpd.pid
            DefaultRuntimeDir "{{_folder.FullName}}"
            ErrorLog error.log
            Listen 127.0.0.1:{{_port}}
            {{(Environment.UserName == "root" ? "User www-data\nGroup www-data" : "")}}
            StartServers 2
            DBDriver sqlite3
            DBDParams "{{Sessions}}"
            DBDPrepareSQL "delete from session where key = %s" deletesession
            DBDPrepareSQL "update session set value = %s, expiry = %lld, key = %s where key = %s" updatesession
            DBDPrepareSQL "insert into session (value, expiry, key) values (%s, %lld, %s)" insertsession
            DBDPrepareSQL "select value from session where key = %s and (expiry = 0 or expiry > %lld)" selectsession
            DBDPrepareSQL "delete from session where expiry != 0 and expiry < %lld" cleansession
            ScriptAlias "/digest/who" "{{_folder.FullName}}/who.sh"
            ScriptAlias "/basic/who" "{{_folder.FullName}}/who.sh"
            ScriptAlias "/form/who" "{{_folder.FullName}}/who.sh"
            <Location "/digest">
              AuthType Digest
              AuthName "the realm"
              AuthDigestDomain "/digest"
              AuthUserFile realm
              Require valid-user
            </Location>
            <Location "/basic">
              AuthType Basic
              AuthName "the realm"
              AuthBasicProvider file
              AuthUserFile users
              Require valid-user
            </Location>
            <Location "/form">
              AuthType Form
              AuthName "the realm"
              AuthFormProvider file
              AuthUserFile users
              Session On
              SessionDBDCookieName session path=/
              Require valid-user
            </Location>
            <Location "/sign-in">
              SetHandler form-login-handler
              AuthType Form
              AuthName "the realm"
              AuthFormProvider file
              AuthUserFile users
              Session On
              SessionDBDCookieName session path=/
              Require all granted
            </Location>
            """);
        _apache = await PeerProcess.ServerAsync(_port, "/usr/sbin/apache2", "-f", configuration, "-DFOREGROUND");
    }

    private async Task StopAsync()
    {
        if (_apache is { } apache)
        {
            _apache = null;
            await apache.DisposeAsync();
        }
    }

#pragma warning disable CA5351 // RFC 2617's digests are MD5, and mod_auth_digest knows no other.
    private static string Hex(string text) => Convert.ToHexStringLower(System.Security.Cryptography.MD5.HashData(System.Text.Encoding.UTF8.GetBytes(text)));
#pragma warning restore CA5351

    private static async Task RunAsync(string file, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(file, arguments) { RedirectStandardError = true })!;
        var error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, error);
    }
}
