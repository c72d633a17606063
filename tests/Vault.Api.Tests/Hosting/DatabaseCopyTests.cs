using System.Net;
using Vault.Api.Hosting;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Hosting;

/// <summary><c>database copy</c>: a vault moves from SQLite to PostgreSQL with everything that it has, or not at all.</summary>
[Trait("Database", "sqlite")]
public sealed class DatabaseCopyTests : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("vault-copied-").FullName;
    private RecordingUpstream _service = null!;

    public async Task InitializeAsync() => _service = await RecordingUpstream.StartAsync();

    public async Task DisposeAsync()
    {
        await _service.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task Vault_ThatWasCopied_GoesOnWhereItWas()
    {
        var key = await FillAsync();
        var target = await (await PostgreSqlServer.GetAsync()).CreateEmptyAsync();
        var (code, output) = await CopyAsync(target);
        Assert.True(code == 0, output);
        Assert.Contains("secrets: 3\n", output, StringComparison.Ordinal);
        Assert.Contains("tokens: 1\n", output, StringComparison.Ordinal);

        // A second time it isn't empty any more.
        (code, output) = await CopyAsync(target);
        Assert.Equal(2, code);
        Assert.Contains("isn't empty", output, StringComparison.Ordinal);

        var before = _service.Requests.Count;
        await using var vault = new VaultFactory(
            new Dictionary<string, string?> { ["Vault:Database:Provider"] = "postgreSql", ["ConnectionStrings:Vault"] = target }, _directory);
        using var app = vault.CreateClient(key);
        Assert.Equal(HttpStatusCode.OK, (await app.GetAsync("/callout/Basic/1")).StatusCode);
        Assert.Equal("Basic " + Convert.ToBase64String("ann:the-password"u8), _service.Requests[^1].Header("Authorization"));
        Assert.Equal(HttpStatusCode.OK, (await app.GetAsync("/callout/Session/1")).StatusCode);
        Assert.Equal("the-token-of-before", _service.Requests[^1].Header("Authorization"));
        Assert.Equal(before + 2, _service.Requests.Count);
        await vault.AdminAsync(HttpMethod.Put, "/api/v1/apps/Another", "{}");
        var verdict = (await vault.AdminAsync(HttpMethod.Post, "/api/v1/audit/verify"))!;
        Assert.True((bool)verdict["valid"]!, verdict.ToJsonString());
    }

    [Fact]
    public async Task Vault_WithARecordThatCantBeOpened_IsNotCopied()
    {
        await FillAsync();
        await using (var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={Path.Combine(_directory, "vault.db")};Pooling=False"))
        {
            await connection.OpenAsync();
            await TestDatabase.ExecuteAsync(connection, """UPDATE secrets SET "Sealed" = x'00' WHERE "NameKey" = 'password'""");
        }

        var target = await (await PostgreSqlServer.GetAsync()).CreateEmptyAsync();
        var (code, output) = await CopyAsync(target);
        Assert.Equal(2, code);
        Assert.Contains("of secrets can't be opened", output, StringComparison.Ordinal);
        Assert.Equal(0L, await PostgreSqlServer.ExecuteAsync(target, "SELECT COUNT(*) FROM facts"));
    }

    [Fact]
    public async Task Vault_WithARecordOfNothing_IsNotCopied_AndOnlySqliteIs()
    {
        await FillAsync();
        await using (var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={Path.Combine(_directory, "vault.db")};Pooling=False;Foreign Keys=False"))
        {
            await connection.OpenAsync();
            await TestDatabase.ExecuteAsync(connection, """UPDATE secrets SET "ExternalCredentialId" = 'AAAAAAAA-0000-4000-8000-000000000000' WHERE "NameKey" = 'password'""");
        }

        var target = await (await PostgreSqlServer.GetAsync()).CreateEmptyAsync();
        var (code, output) = await CopyAsync(target);
        Assert.Equal(2, code);
        Assert.Contains("of secrets can't be kept there", output, StringComparison.Ordinal);
        Assert.Equal(0L, await PostgreSqlServer.ExecuteAsync(target, "SELECT COUNT(*) FROM facts"));

        (code, output) = await CopyAsync(target, "--Vault:Database:Provider", "postgreSql", "--ConnectionStrings:Vault", target);
        Assert.Equal(2, code);
        Assert.Contains("from SQLite", output, StringComparison.Ordinal);
    }

    private async Task<string> FillAsync()
    {
        _service.Answer = (context, request) => context.Response.Body.WriteAsync(request.Target == "/login" ? "the-token-of-before"u8.ToArray() : "ok"u8.ToArray()).AsTask();
        await using var vault = new VaultFactory(new Dictionary<string, string?> { ["Vault:Database:Provider"] = "sqlite", ["ConnectionStrings:Vault"] = "" }, _directory);
        await vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""
            { "name": "Basic", "url": "{{_service.Url}}", "authentication": { "protocol": "password", "username": "ann", "password": "the-password" } }
            """);
        await vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""
            { "name": "Session", "url": "{{_service.Url}}", "authentication": { "protocol": "login",
              "steps": [ { "request": { "method": "POST", "url": "/login" }, "extract": { "t": "body" } } ],
              "apply": { "headers": { "Authorization": "{!$Token.t}" } }, "parameters": { "Secret": "another-secret" } } }
            """);
        var key = await vault.CreateAppAsync("Copied", "Basic", "Session");
        using var app = vault.CreateClient(key);
        Assert.Equal(HttpStatusCode.OK, (await app.GetAsync("/callout/Session/0")).StatusCode);
        return key;
    }

    private async Task<(int Code, string Output)> CopyAsync(string target, params string[] more)
    {
        await using var output = new StringWriter();
        var code = await DatabaseCommand.CopyAsync(["--Vault:DataDirectory", _directory, "--to", target, .. more], output, output);
        return (code, output.ToString());
    }
}
