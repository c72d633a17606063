using System.Net;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Vault.Api.Tests.Stories;
using Vault.Core.Storage.PostgreSql;
using Vault.Core.Storage.Sqlite;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Callouts;

public sealed class DatabaseTests
{
    [Fact]
    public async Task Callout_OfWhatWasUsedOnce_ReadsNoDatabase()
    {
        var counter = new CommandCounter();
        await using var service = await TokenServiceUpstream.StartAsync();
        await using var vault = new VaultFactory(services: services =>
            services.ConfigureDbContext<SqliteVaultDbContext>(builder => builder.AddInterceptors(counter))
                .ConfigureDbContext<PostgreSqlVaultDbContext>(builder => builder.AddInterceptors(counter)));
        var key = await LoginStoryTests.DefineAsync(vault, service);
        await vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""
            { "name": "Basic", "url": "{{service.Upstream.Url}}/record", "authentication": { "protocol": "password", "username": "u", "password": "a-password" },
              "allowMergeFieldsInBody": true, "allowMergeFieldsInHeader": true }
            """);
        await vault.GrantAsync("Billing", "Basic");
        using var app = vault.CreateClient(key);
        await CallAsync();
        Assert.True(counter.Count > 0);
        var before = counter.Count;
        for (var i = 0; i < 20; i++)
        {
            await CallAsync();
        }

        Assert.Equal(before, counter.Count);

        async Task CallAsync()
        {
            Assert.Equal(HttpStatusCode.OK, (await app.GetAsync("/callout/Service/record")).StatusCode);
            using var body = new StringContent("{!$Credential.Password}");
            await app.PostAsync("/callout/Basic", body);
        }
    }

    private sealed class CommandCounter : DbCommandInterceptor
    {
        private int _count;

        public int Count => Volatile.Read(ref _count);

        public override System.Data.Common.DbCommand CommandInitialized(CommandEndEventData eventData, System.Data.Common.DbCommand result)
        {
            // The audit's records are written; nothing else is asked or told.
            if (!result.CommandText.StartsWith("INSERT INTO \"audit\"", StringComparison.Ordinal))
            {
                Interlocked.Increment(ref _count);
            }

            return result;
        }
    }
}
