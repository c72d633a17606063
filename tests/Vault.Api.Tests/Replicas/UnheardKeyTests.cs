using Npgsql;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Replicas;

/// <summary>A replica that meets a value under a vault key of which it hasn't heard, where callouts run on the threads of sockets, as in Production.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
[Collection(ReplicaFixture.Collection)]
public sealed class UnheardKeyTests(ReplicaFixture fixture) : IAsyncLifetime
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("vault-unheard-");
    private readonly string _role = "unheard_" + Guid.NewGuid().ToString("N");

    public async Task InitializeAsync() => await PostgreSqlServer.ExecuteAsync(
        fixture.Database,
        $"CREATE ROLE {_role} LOGIN; GRANT ALL ON ALL TABLES IN SCHEMA public TO {_role}; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {_role}");

    public async Task DisposeAsync()
    {
        await PostgreSqlServer.ExecuteAsync(fixture.Database, $"DROP OWNED BY {_role}; DROP ROLE {_role}");
        _directory.Delete(recursive: true);
    }

    [Fact]
    public async Task IsAskedFor_WhileNobodyWaitsForASocket()
    {
        var keys = new List<string>();
        for (var number = 0; number < 4; number++)
        {
            keys.Add(await fixture.DefineAsync(0, $"Unheard{number}", """{ "protocol": "password" }""", """{ "Username": "ann", "Password": "first-password" }"""));
        }

        var database = new NpgsqlConnectionStringBuilder(fixture.Database) { Username = _role }.ConnectionString;
        await using var vault = await VaultProcess.StartAsync(
            _directory.FullName,
            [.. fixture.Settings.Where(setting => setting.Name != "ConnectionStrings:Vault"), ("ConnectionStrings:Vault", database), ("Vault:InlineSockets", "true")]);
        await CallAsync(0, "first-password", TimeSpan.FromSeconds(60));

        // From here on it hears of nothing. Whoever waited for a socket on that socket's thread would do so for half a minute; which of them
        // have the same thread is a matter of chance.
        await PostgreSqlServer.ExecuteAsync(fixture.Database, $"REVOKE SELECT ON changes FROM {_role}");
        for (var number = 1; number < keys.Count; number++)
        {
            await fixture.AdminAsync(0, HttpMethod.Post, "/api/v1/keys/rotate");
            await fixture.AdminAsync(0, HttpMethod.Patch, $"/api/v1/external-credentials/Unheard{number}Login/principals/default/credential", """{ "parameters": { "Password": "second-password" } }""");
            await CallAsync(number, "second-password", TimeSpan.FromSeconds(20));
        }

        async Task CallAsync(int number, string password, TimeSpan patience)
        {
            using var app = vault.CreateClient(keys[number]);
            using var limit = new CancellationTokenSource(patience);
            using var answer = await app.GetAsync($"/callout/Unheard{number}/unheard", limit.Token);
            Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(limit.Token));
            Assert.Equal(
                "Basic " + Convert.ToBase64String(System.Text.Encoding.ASCII.GetBytes("ann:" + password)),
                fixture.Service.Requests.Last(request => request.Target == "/unheard").Header("Authorization"));
        }
    }
}
