using Npgsql;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Replicas;

/// <summary>A rewrap beside those who change secrets on other connections.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
[Collection(ReplicaFixture.Collection)]
public sealed class RewrapTests(ReplicaFixture fixture)
{
    [Fact]
    public async Task RowThatSomebodyHasLocked_HoldsNobodyUp_AndIsMovedOnceItIsFree()
    {
        var key = await fixture.DefineAsync(0, "Locked", """{ "protocol": "password" }""", """{ "Username": "ann", "Password": "the-password" }""");
        using var app = fixture.Client(fixture.Vaults[0], key);
        await fixture.AdminAsync(0, HttpMethod.Post, "/api/v1/keys/rotate");
        string operation;
        await using (var other = new NpgsqlConnection(fixture.Database + ";Pooling=false"))
        {
            await other.OpenAsync();
            await TestDatabase.ExecuteAsync(other, "BEGIN; SELECT 1 FROM secrets FOR UPDATE");
            operation = (string)(await fixture.AdminAsync(0, HttpMethod.Post, "/api/v1/keys/rewrap"))!["id"]!;

            // It has been through all tables once, waited for nobody, and begins again.
            await UntilAsync(async () => (long)(await PostgreSqlServer.ExecuteAsync(fixture.Database, $"SELECT \"Step\"::bigint FROM operations WHERE \"Id\" = '{Guid.Parse(operation)}'"))! > 4);
            Assert.Equal("running", (string?)(await fixture.AdminAsync(0, HttpMethod.Get, "/api/v1/operations/" + operation))!["status"]);
            using var answer = await app.GetAsync("/callout/Locked/0");
            Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        }

        await UntilAsync(async () => (string?)(await fixture.AdminAsync(0, HttpMethod.Get, "/api/v1/operations/" + operation))!["status"] == "completed");
        var verdict = (await fixture.AdminAsync(0, HttpMethod.Post, "/api/v1/keys/verify"))!;
        Assert.True((bool)verdict["valid"]! && (long)verdict["underOlderKeys"]! == 0, verdict.ToJsonString());
    }

    private static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!await isSo())
        {
            limit.Token.ThrowIfCancellationRequested();
        }
    }
}
