using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Vault.Api.Tests.Audit;
using Vault.Core.Authentication.Credentials;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Attacks;

/// <summary>Somebody who can write to the database, but has no key: nothing that was moved, damaged or planted is used, and nothing is sent.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class AtRestTests : IAsyncLifetime
{
    private static readonly string[] Secrets = ["Canary-Rest-A-1", "Canary-Rest-B-2", "Canary-Rest-Second-3", "Canary-Rest-Old-4"];
    private readonly string _directory = Directory.CreateTempSubdirectory("vault-rest-").FullName;
    private RecordingUpstream _service = null!;
    private VaultFactory _vault = null!;
    private HttpClient _app = null!;

    public async Task InitializeAsync()
    {
        _service = await RecordingUpstream.StartAsync();
        _vault = new VaultFactory(dataDirectory: _directory);
        foreach (var (name, secret) in new[] { ("A", Secrets[3]), ("B", Secrets[1]) })
        {
            await _vault.AdminAsync(HttpMethod.Post, "/api/v1/external-credentials", $$"""
                { "name": "{{name}}", "authentication": { "protocol": "password" }, "allowedHosts": ["{{_service.Url}}"],
                  "principals": [ { "name": "default", "type": "named", "sequence": 1 }, { "name": "second", "type": "named", "sequence": 2 } ] }
                """);
            await _vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""{ "name": "{{name}}", "url": "{{_service.Url}}", "externalCredential": "{{name}}" }""");
            await SetAsync(name, "default", secret);
            await SetAsync(name, "second", Secrets[2]);
        }

        await SetAsync("A", "default", Secrets[0]);
        _app = _vault.CreateClient(await _vault.CreateAppAsync("App", "A", "B"));
    }

    public async Task DisposeAsync()
    {
        await _vault.DisposeAsync();
        await _service.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task SealedRows_MovedDamagedOrPlanted_AreUnreadable_AndNothingIsSent()
    {
        await CallAsync(HttpStatusCode.OK);
        const string mine = "RetiredAt IS NULL AND NameKey = 'password' AND Id = (SELECT s.Id FROM secrets s JOIN external_credentials e ON e.Id = s.ExternalCredentialId WHERE e.NameKey = 'a' AND s.RetiredAt IS NULL AND s.NameKey = 'password' ORDER BY s.Version DESC LIMIT 1)";
        await AssertUnreadableAsync("of another credential", $"UPDATE secrets SET Sealed = (SELECT s.Sealed FROM secrets s JOIN external_credentials e ON e.Id = s.ExternalCredentialId WHERE e.NameKey = 'b' AND s.NameKey = 'password' LIMIT 1) WHERE {mine}");
        await AssertUnreadableAsync("of another principal", "UPDATE secrets SET Sealed = (SELECT s.Sealed FROM secrets s WHERE s.ExternalCredentialId = secrets.ExternalCredentialId AND s.PrincipalId <> secrets.PrincipalId AND s.NameKey = secrets.NameKey LIMIT 1) WHERE NameKey = 'password' AND RetiredAt IS NULL");
        await AssertUnreadableAsync("of another parameter", "UPDATE secrets SET Sealed = (SELECT s.Sealed FROM secrets s WHERE s.PrincipalId = secrets.PrincipalId AND s.RetiredAt IS NULL AND s.NameKey = 'username') WHERE NameKey = 'password' AND RetiredAt IS NULL");
        await AssertUnreadableAsync("of an older version", "UPDATE secrets SET Sealed = (SELECT s.Sealed FROM secrets s WHERE s.PrincipalId = secrets.PrincipalId AND s.NameKey = secrets.NameKey AND s.RetiredAt IS NOT NULL) WHERE RetiredAt IS NULL AND EXISTS (SELECT 1 FROM secrets s WHERE s.PrincipalId = secrets.PrincipalId AND s.NameKey = secrets.NameKey AND s.RetiredAt IS NOT NULL)");
        await AssertUnreadableAsync("with another version's number", $"UPDATE secrets SET Version = Version + 7 WHERE {mine}");
        await AssertUnreadableAsync("with another id", $"UPDATE secrets SET Id = upper(substr(Id, 1, 35) || CASE substr(Id, 36) WHEN '0' THEN '1' ELSE '0' END) WHERE {mine}");
        await AssertUnreadableAsync("plaintext", $"UPDATE secrets SET Sealed = CAST('planted-password' AS BLOB) WHERE {mine}");
        await AssertUnreadableAsync("nothing", $"UPDATE secrets SET Sealed = x'' WHERE {mine}");
        await AssertUnreadableAsync("another format", $"UPDATE secrets SET Sealed = x'43560201' || substr(Sealed, 5) WHERE {mine}");
        await AssertUnreadableAsync("the wrap of another", $"UPDATE secrets SET Sealed = CAST(substr(Sealed, 1, 20) || substr((SELECT s.Sealed FROM secrets s WHERE s.Id <> secrets.Id LIMIT 1), 21, 60) || substr(Sealed, 81) AS BLOB) WHERE {mine}");
        var length = (int)await ScalarAsync($"SELECT length(Sealed) FROM secrets WHERE {mine}");
        for (var number = 0; number < 8; number++)
        {
            var place = RandomNumberGenerator.GetInt32(length) + 1;
            await AssertUnreadableAsync($"byte {place} changed", $"UPDATE secrets SET Sealed = CAST(substr(Sealed, 1, {place - 1}) || (CASE WHEN substr(Sealed, {place}, 1) = x'00' THEN x'01' ELSE x'00' END) || substr(Sealed, {place + 1}) AS BLOB) WHERE {mine}");
            await AssertUnreadableAsync($"cut at {place}", $"UPDATE secrets SET Sealed = substr(Sealed, 1, {place - 1}) WHERE {mine}");
        }

        await CallAsync(HttpStatusCode.OK);
    }

    [Fact]
    public async Task AdminKeysAndGrants_PlantedInTheDatabase_AreNobodys()
    {
        var before = _service.Requests.Count;
        var stranger = _vault.CreateClient(await _vault.CreateAppAsync("Stranger"));
        await _vault.DisposeAsync();
        const string planted = "vk_planted00_0123456789abcdef0123456789abcdef0123456789a";
        await AuditBench.ExecuteAsync(_directory, $"""
            INSERT INTO keys (Id, Role, AppId, Name, NameKey, Hash, CreatedAt, ExpiresAt, LastUsedAt, Mac)
                SELECT 'planted00', 'Admin', NULL, 'planted', 'planted', x'{Convert.ToHexString(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(planted)))}', CreatedAt, NULL, NULL, Mac FROM keys LIMIT 1;
            INSERT INTO keys (Id, Role, AppId, Name, NameKey, Hash, CreatedAt, ExpiresAt, LastUsedAt, Mac)
                SELECT 'planted01', Role, AppId, 'again', 'again', Hash, CreatedAt, ExpiresAt, LastUsedAt, Mac FROM keys WHERE Role = 'Admin' LIMIT 1;
            INSERT INTO grants (AppId, NamedCredentialId, Principals, Mac)
                SELECT (SELECT Id FROM apps WHERE NameKey = 'stranger'), NamedCredentialId, Principals, Mac FROM grants LIMIT 1;
            """);
        _vault = new VaultFactory(dataDirectory: _directory);
        using var admin = _vault.CreateClient(planted);
        Assert.Equal(HttpStatusCode.Unauthorized, (await admin.GetAsync("/api/v1/apps")).StatusCode);
        using var again = _vault.CreateClient(VaultFactory.AdminKey.Replace("testadmin1", "planted01", StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.Unauthorized, (await again.GetAsync("/api/v1/apps")).StatusCode);
        using var caller = _vault.CreateClient(stranger.DefaultRequestHeaders.GetValues("X-Vault-Key").Single());
        foreach (var name in new[] { "A", "B" })
        {
            using var answer = await caller.GetAsync("/callout/" + name);
            Assert.Equal("callout-not-granted", answer.Headers.GetValues("X-Vault-Error").Single());
        }

        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await _vault.AdminClient.GetAsync("/healthz/ready")).StatusCode);
        Assert.Equal(3, _vault.Logs.Lines.Count(line => line.Contains("is not authentic", StringComparison.Ordinal)));
        Assert.Equal(before, _service.Requests.Count);
        stranger.Dispose();
    }

    [Fact]
    public async Task AHostEditedInTheDatabase_GetsNoSecret()
    {
        await using var evil = await RecordingUpstream.StartAsync();
        await _vault.DisposeAsync();
        await AuditBench.ExecuteAsync(_directory, $"""
            UPDATE named_credentials SET Document = replace(Document, '{_service.Url}', '{evil.Url}');
            UPDATE external_credentials SET Document = replace(replace(Document, '{_service.Url}', '{evil.Url}'), '{new Uri(_service.Url).Authority}', '{new Uri(evil.Url).Authority}');
            """);
        _vault = new VaultFactory(dataDirectory: _directory);
        using var caller = _vault.CreateClient(_app.DefaultRequestHeaders.GetValues("X-Vault-Key").Single());
        using var answer = await caller.GetAsync("/callout/A");
        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        Assert.Equal(0, evil.Connections);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await _vault.AdminClient.GetAsync("/healthz/ready")).StatusCode);
    }

    [Fact]
    public async Task WhileItRuns_AndOnceASecretIsDeleted_NoFileHoldsOne()
    {
        await CallAsync(HttpStatusCode.OK);
        Assert.True(File.Exists(Path.Combine(_directory, "vault.db-wal")));
        var snapshot = Directory.CreateTempSubdirectory("vault-snapshot-").FullName;
        foreach (var running in Directory.EnumerateFiles(_directory).Where(name => Path.GetExtension(name) != ".lock"))
        {
            File.Copy(running, Path.Combine(snapshot, Path.GetFileName(running)));
        }

        await SecretForms.AssertAbsentFromFilesAsync(snapshot, [.. Secrets, VaultFactory.AdminKey, _app.DefaultRequestHeaders.GetValues("X-Vault-Key").Single()]);
        Directory.Delete(snapshot, recursive: true);
        var sealedValue = await BytesAsync("SELECT s.Sealed FROM secrets s JOIN external_credentials e ON e.Id = s.ExternalCredentialId WHERE e.NameKey = 'a' AND s.NameKey = 'password' AND s.RetiredAt IS NULL LIMIT 1");
        await _vault.AdminAsync(HttpMethod.Delete, "/api/v1/named-credentials/A");
        await _vault.AdminAsync(HttpMethod.Delete, "/api/v1/external-credentials/A");
        await CallAsync(HttpStatusCode.Forbidden);
        await _vault.DisposeAsync();

        // Without its wrapped data key the value is gone, whatever else a copy of the file holds.
        var file = await File.ReadAllBytesAsync(Path.Combine(_directory, "vault.db"));
        Assert.Equal(-1, file.AsSpan().IndexOf(sealedValue.AsSpan(32, 32)));
        Assert.Equal(-1, file.AsSpan().IndexOf(sealedValue.AsSpan(96, 64)));
    }

    [Fact]
    public async Task ABackup_OnAnEmptyHost_WorksWithTheMasterKey()
    {
        var other = Directory.CreateTempSubdirectory("vault-restored-").FullName;
        await AuditBench.ExecuteAsync(_directory, $"VACUUM INTO '{Path.Combine(other, "vault.db")}'");
        await _vault.DisposeAsync();
        File.Copy(Path.Combine(_directory, "master.key"), Path.Combine(other, "master.key"));
        await using (var restored = new VaultFactory(dataDirectory: other))
        {
            using var caller = restored.CreateClient(_app.DefaultRequestHeaders.GetValues("X-Vault-Key").Single());
            Assert.Equal(HttpStatusCode.OK, (await caller.GetAsync("/callout/A")).StatusCode);

            // Without its checkpoints nobody can say whether the copy is whole, and the vault says so.
            Assert.Equal("checkpoints", (string?)(await restored.AdminAsync(HttpMethod.Post, "/api/v1/audit/verify"))!["fault"]);
        }

        Assert.Equal(2, (await AuditBench.VerifyByCommandAsync(other)).Code);
        Directory.Delete(other, recursive: true);
    }

    private async Task AssertUnreadableAsync(string what, string sql)
    {
        await AuditBench.ExecuteAsync(_directory, "DROP TABLE IF EXISTS kept; CREATE TABLE kept AS SELECT * FROM secrets");
        await AuditBench.ExecuteAsync(_directory, sql);
        Assert.True(await ScalarAsync("SELECT count(*) FROM (SELECT * FROM secrets EXCEPT SELECT * FROM kept)") > 0, $"{what}: nothing was changed.");
        var text = await CallAsync(HttpStatusCode.InternalServerError);
        await AuditBench.ExecuteAsync(_directory, "DELETE FROM secrets; INSERT INTO secrets SELECT * FROM kept; DROP TABLE kept");
        Assert.True(text.Contains("unreadable", StringComparison.Ordinal), $"{what}: {text}");
        SecretForms.AssertAbsent(text, what, Secrets);
    }

    // Read anew from the database, as after a start.
    private async Task<string> CallAsync(HttpStatusCode status)
    {
        foreach (var id in await IdsAsync())
        {
            foreach (var cache in _vault.Services.GetServices<ICredentialCache>())
            {
                cache.Evict(id);
            }
        }

        var before = _service.Requests.Count;
        using var answer = await _app.GetAsync("/callout/A");
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == status, $"{(int)answer.StatusCode}: {text}");
        Assert.Equal(before + (status is HttpStatusCode.OK ? 1 : 0), _service.Requests.Count);
        return text;
    }

    private Task<JsonNode?> SetAsync(string name, string principal, string secret) => _vault.AdminAsync(
        HttpMethod.Put, $"/api/v1/external-credentials/{name}/principals/{principal}/credential", $$"""{ "parameters": { "Username": "user-{{name}}", "Password": "{{secret}}" } }""");

    private async Task<List<Guid>> IdsAsync()
    {
        var ids = new List<Guid>();
        await QueryAsync("SELECT Id FROM external_credentials", reader => ids.Add(reader.GetGuid(0)));
        return ids;
    }

    private async Task<long> ScalarAsync(string sql)
    {
        var number = 0L;
        await QueryAsync(sql, reader => number = reader.GetInt64(0));
        return number;
    }

    private async Task<byte[]> BytesAsync(string sql)
    {
        byte[] bytes = [];
        await QueryAsync(sql, reader => bytes = reader.GetFieldValue<byte[]>(0));
        return bytes;
    }

    private async Task QueryAsync(string sql, Action<SqliteDataReader> read)
    {
        await using var connection = new SqliteConnection($"Data Source={Path.Combine(_directory, "vault.db")};Pooling=False");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The test's own statement.
        command.CommandText = sql;
#pragma warning restore CA2100
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            read(reader);
        }
    }
}
