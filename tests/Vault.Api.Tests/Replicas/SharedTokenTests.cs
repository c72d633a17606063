using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Npgsql;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Replicas;

/// <summary>Tokens that replicas share, of a service whose refresh tokens are good once.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
[Collection(ReplicaFixture.Collection)]
public sealed class SharedTokenTests(ReplicaFixture fixture) : IDisposable
{
    // A tenth before the four seconds of its life are over.
    private static readonly TimeSpan RenewedAfter = TimeSpan.FromSeconds(3.5);
    private readonly Func<HttpContext, RecordedRequest, Task> _answer = fixture.Service.Answer;
    private readonly ConcurrentDictionary<string, bool> _refreshTokens = new();
    private readonly ConcurrentDictionary<string, bool> _tokens = new();
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource<int>? _refreshing;
    private TaskCompletionSource? _held;
    private string _name = "";
    private int _logins;
    private int _refreshes;
    private int _reused;

    /// <summary>The tests after these use the same service, however these ended.</summary>
    public void Dispose() => fixture.Service.Answer = _answer;

    [Fact]
    public async Task Burst_OverThreeReplicas_SignsInOncePerExpiry_EvenWhenTheOneThatDoesIsKilled()
    {
        fixture.Service.Answer = AnswerAsync;
        var key = await DefineAsync("Shared");

        // A key is in force everywhere within two seconds, not at once.
        foreach (var client in fixture.Clients(key))
        {
            await UntilAsync(client, "Nobody", 403);
        }

        // A burst on nothing: one login.
        var begun = Stopwatch.GetTimestamp();
        await BurstAsync(fixture.Clients(key));
        Assert.Equal((1, 0), (_logins, _reused));
        Assert.InRange(_refreshes, 0, RenewalsSince(begun));

        // A burst on a token that has ended: one refresh, which a late callout of the first burst may have begun.
        var before = _refreshes;
        await EndedAsync(0);
        (begun, var since) = (Stopwatch.GetTimestamp(), _refreshes);
        await BurstAsync(fixture.Clients(key));
        Assert.Equal((1, 0), (_logins, _reused));
        Assert.InRange(_refreshes, before + 1, since + 1 + RenewalsSince(begun));
        before = _refreshes;

        // The replica that trades the refresh token in, whichever it is, is killed before it has the answer: another one signs in, once, and all use
        // that. The trade may begin ahead of the token's end, so the service is ready for it before that.
        _refreshing = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        await EndedAsync(1);
        Task<int>[] calls = [.. fixture.Vaults.Select(vault => CallAsync(fixture.Client(vault, key)))];
        var port = await _refreshing.Task.WaitAsync(TimeSpan.FromSeconds(20));
        var trader = Array.FindIndex(fixture.Vaults, vault => vault.OwnsConnection(port));
        Assert.InRange(trader, 0, fixture.Vaults.Length - 1);
        var others = BurstAsync([.. fixture.Vaults.Where((_, number) => number != trader).Select(vault => fixture.Client(vault, key))]);
        var killed = Stopwatch.GetTimestamp();
        await fixture.Vaults[trader].KillAsync();
        int logins, refreshes, renewals;
        try
        {
            await Assert.ThrowsAnyAsync<HttpRequestException>(() => calls[trader]);
            Assert.All(await Task.WhenAll(calls.Where((_, number) => number != trader)), status => Assert.Equal(200, status));
            await others;
            (logins, refreshes) = (_logins, _refreshes);

            renewals = RenewalsSince(killed);
        }
        finally
        {
            // The tests after this one need it.
            await fixture.RestartAsync(trader);
        }

        // It is back, uses what the others got, and the audit has nothing to complain of.
        Assert.Equal(2, logins);
        Assert.InRange(refreshes, before + 1, before + 1 + renewals);
        await BurstAsync(fixture.Clients(key));
        Assert.InRange(_logins, 2, 2);
        Assert.Equal(1, _reused);
        var verdict = (await fixture.AdminAsync(0, HttpMethod.Post, "/api/v1/audit/verify"))!;
        Assert.True((bool)verdict["valid"]!, verdict.ToJsonString());
    }

    [Fact]
    public async Task RefreshDuringWhichTheDatabaseBlinks_IsTradedInOnce()
    {
        fixture.Service.Answer = AnswerAsync;
        var key = await DefineAsync("Blinked");
        var apps = fixture.Clients(key);
        await UntilAsync(apps[1], "Blinked", 200);
        await EndedAsync(1, "Blinked");
        _held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var underWay = CallAsync(apps[1], "Blinked");
        await _reached.Task.WaitAsync(TimeSpan.FromSeconds(20));

        // The service has traded the token in; before its answer comes, every connection of every replica ends.
        await PostgreSqlServer.ExecuteAsync(fixture.Database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
        _held.SetResult();
        await underWay;
        foreach (var app in apps)
        {
            await UntilAsync(app, "Blinked", 200);
        }

        Assert.Equal((1, 0), (_logins, _reused));
    }

    // Another replica got a token in the place of one that is deleted in this moment, and commits while the deletion waits for it.
    [Fact]
    public async Task TokenThatIsSavedWhileTheCredentialIsDeleted_GoesWithIt()
    {
        fixture.Service.Answer = AnswerAsync;
        var key = await DefineAsync("Deleted");
        await UntilAsync(fixture.Clients(key)[0], "Deleted", 200);
        const string Mine = """ "ExternalCredentialId" = (SELECT "Id" FROM external_credentials WHERE "NameKey" = 'deletedlogin') """;
        await using var replica = new NpgsqlConnection(fixture.Database + ";Pooling=false");
        await replica.OpenAsync();
        await using var transaction = await replica.BeginTransactionAsync();
        await using (var saving = new NpgsqlCommand($"""
            CREATE TEMPORARY TABLE next AS SELECT * FROM tokens WHERE {Mine} AND "RetiredAt" IS NULL;
            UPDATE next SET "Id" = gen_random_uuid();
            UPDATE tokens SET "RetiredAt" = "ObtainedAt" WHERE {Mine} AND "RetiredAt" IS NULL;
            INSERT INTO tokens SELECT * FROM next
            """, replica, transaction))
        {
            await saving.ExecuteNonQueryAsync();
        }

        var deleted = fixture.AdminAsync(1, HttpMethod.Delete, "/api/v1/external-credentials/DeletedLogin/principals/default/credential");
        const string Waiting = "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND query LIKE '%tokens%' AND datname = current_database() AND pid <> pg_backend_pid()";
        while (!deleted.IsCompleted && await CountAsync(replica, Waiting) == 0)
        {
        }

        Assert.False(deleted.IsCompleted);
        await transaction.CommitAsync();
        await deleted;
        Assert.Equal(0, await CountAsync(replica, $"SELECT count(*) FROM tokens WHERE {Mine}"));
    }

    private static async Task<long> CountAsync(NpgsqlConnection connection, string query)
    {
        await using var command = new NpgsqlCommand(query, connection);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private Task<string> DefineAsync(string name) => fixture.DefineAsync(0, _name = name, $$"""
        { "protocol": "login", "lifetimeSeconds": 4,
          "steps": [ { "request": { "method": "POST", "url": "{{fixture.Service.Url}}/login/{{name}}", "json": { "password": "{!$Credential.Password}" } },
                       "extract": { "token": "$.token", "refreshToken": "$.refresh" } } ],
          "refresh": [ { "request": { "method": "POST", "url": "{{fixture.Service.Url}}/refresh/{{name}}", "json": { "with": "{!$Token.refreshToken}" } },
                         "extract": { "token": "$.token", "refreshToken": "$.refresh" } } ],
          "apply": { "headers": { "Authorization": "Bearer {!$Token.token}" } } }
        """, """{ "Password": "the-password" }""");

    // Where something took so long that the token ended meanwhile, it was renewed, once each time.
    private static int RenewalsSince(long begun) => (int)(Stopwatch.GetElapsedTime(begun) / RenewedAfter);

    private static async Task UntilAsync(HttpClient app, string name, int status)
    {
        var since = Stopwatch.GetTimestamp();
        int seen;
        do
        {
            seen = await CallAsync(app, name);
        }
        while (seen != status && Stopwatch.GetElapsedTime(since) < TimeSpan.FromSeconds(30));

        Assert.Equal(status, seen);
    }

    private static async Task<int> CallAsync(HttpClient client, string name = "Shared")
    {
        using var response = await client.GetAsync($"/callout/{name}/record");
        return (int)response.StatusCode;
    }

    private static async Task BurstAsync(HttpClient[] clients)
    {
        var statuses = await Task.WhenAll(Enumerable.Range(0, clients.Length * 20).Select(number => CallAsync(clients[number % clients.Length])));
        Assert.All(statuses, status => Assert.Equal(200, status));
    }

    private async Task EndedAsync(int replica, string name = "Shared")
    {
        JsonNode status;
        do
        {
            status = (await fixture.AdminAsync(replica, HttpMethod.Get, $"/api/v1/external-credentials/{name}Login/principals/default/credential"))!;
        }
        while ((string?)status["tokens"]![0]!["status"] != "expired");
    }

    private async Task AnswerAsync(HttpContext context, RecordedRequest request)
    {
        // What the other test left behind is renewed, too, and isn't counted.
        switch (request.Target.EndsWith('/' + _name, StringComparison.Ordinal) ? request.Target[..^(_name.Length + 1)] : request.Target)
        {
            case "/login":
                Interlocked.Increment(ref _logins);
                await GiveAsync(context);
                break;
            case "/refresh" when _refreshTokens.TryUpdate((string)JsonNode.Parse(request.Text)!["with"]!, false, true):
                Interlocked.Increment(ref _refreshes);
                if (_refreshing is { Task.IsCompleted: false } refreshing)
                {
                    // It is used up, and the answer never comes.
                    refreshing.SetResult(context.Connection.RemotePort);
                    await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    return;
                }

                if (_held is { } held)
                {
                    _reached.TrySetResult();
                    await held.Task;
                }

                await GiveAsync(context);
                break;
            case "/refresh":
                Interlocked.Increment(ref _reused);
                context.Response.StatusCode = 400;
                break;
            default:
                context.Response.StatusCode = _tokens.ContainsKey(request.Header("Authorization")?[7..] ?? "") ? 200 : 401;
                break;
        }
    }

    private async Task GiveAsync(HttpContext context)
    {
        string token = "token-" + Guid.NewGuid().ToString("N"), refresh = "refresh-" + Guid.NewGuid().ToString("N");
        _tokens[token] = true;
        _refreshTokens[refresh] = true;
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(new JsonObject { ["token"] = token, ["refresh"] = refresh }.ToJsonString());
    }
}
