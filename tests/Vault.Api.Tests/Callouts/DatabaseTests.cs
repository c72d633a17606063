using System.Data.Common;
using System.Net;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Vault.Api.Tests.Stories;
using Vault.Core.Audit;
using Vault.Core.Storage;
using Vault.Core.Storage.Rows;
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
        await using var vault = counter.StartVault();
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

    [Fact]
    public async Task Callout_ThatMeetsAnUnreadableDatabase_IsRecordedAsWhatItsCallerIsTold()
    {
        var secrets = new UnreadableSecrets();
        await using var upstream = await RecordingUpstream.StartAsync();
        await using var vault = secrets.StartVault();
        await vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""
            { "name": "Basic", "url": "{{upstream.Url}}", "authentication": { "protocol": "password", "username": "u", "password": "a-password" } }
            """);
        using var app = vault.CreateClient(await vault.CreateAppAsync("Billing", "Basic"));
        secrets.IsOn = true;
        using (var refused = await app.PostAsync("/callout/Basic/x", new StringContent("body")))
        {
            // Nothing was sent, so that any method may be tried again.
            Assert.Equal(
                (HttpStatusCode.ServiceUnavailable, "storage-unavailable", TimeSpan.FromSeconds(1)),
                (refused.StatusCode, refused.Headers.GetValues("X-Vault-Error").Single(), refused.Headers.RetryAfter?.Delta));
        }

        Assert.Empty(upstream.Requests);
        var record = Assert.Single((await vault.AdminAsync(HttpMethod.Get, "/api/v1/audit?action=callout"))!["items"]!.AsArray())!;
        Assert.Equal(("failed", 503, "storage-unavailable"), ((string?)record["outcome"], (int?)record["status"], (string?)record["code"]));
        secrets.IsOn = false;
        Assert.Equal(HttpStatusCode.OK, (await app.GetAsync("/callout/Basic/x")).StatusCode);
    }

    [Fact]
    public async Task AnswerThatCameInTime_IsHandedOn_HoweverLongItsRecordTakes()
    {
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        var held = new HeldAuditWriter();
        await using var upstream = await RecordingUpstream.StartAsync();
        await using var vault = new VaultFactory(services: services =>
        {
            var writer = services.Last(service => service.ServiceType == typeof(IAuditWriter));
            services.AddSingleton<TimeProvider>(time).AddSingleton<IAuditWriter>(provider => held.Over((IAuditWriter)(
                writer.ImplementationFactory?.Invoke(provider) ?? ActivatorUtilities.CreateInstance(provider, writer.ImplementationType!))));
        });
        await vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""
            { "name": "Slow", "url": "{{upstream.Url}}", "timeoutSeconds": 1, "authentication": { "protocol": "bearer", "token": "the-bearer-token" } }
            """);
        using var app = vault.CreateClient(await vault.CreateAppAsync("Billing", "Slow"));
        upstream.Answer = (_, _) =>
        {
            held.Hold();
            return Task.CompletedTask;
        };
        var answering = app.PostAsync("/callout/Slow/pay", new StringContent("body"));
        await held.Held.WaitAsync(TimeSpan.FromSeconds(30));
        time.Advance(TimeSpan.FromSeconds(5));
        held.GoOn();
        using var answer = await answering;
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    /// <summary>Writes the audit when it is told to.</summary>
    private sealed class HeldAuditWriter : IAuditWriter
    {
        private readonly TaskCompletionSource _held = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private IAuditWriter? _writer;
        private volatile bool _isHolding;

        public Task Held => _held.Task;

        public HeldAuditWriter Over(IAuditWriter writer)
        {
            _writer = writer;
            return this;
        }

        public void Hold() => _isHolding = true;

        public void GoOn() => _goOn.SetResult();

        public Task<List<AuditRow>> OfIdsAsync(IReadOnlyList<string> ids, CancellationToken cancellationToken) => _writer!.OfIdsAsync(ids, cancellationToken);

        public async ValueTask AppendAsync(IReadOnlyList<AuditEntry> entries, Action? begun, CancellationToken cancellationToken)
        {
            if (_isHolding)
            {
                _held.TrySetResult();
                await _goOn.Task;
            }

            await _writer!.AppendAsync(entries, begun, cancellationToken);
        }
    }

    private sealed class UnreadableSecrets : DbCommandInterceptor
    {
        public volatile bool IsOn;

        public override ValueTask<InterceptionResult<DbDataReader>> ReaderExecutingAsync(
            DbCommand command, CommandEventData eventData, InterceptionResult<DbDataReader> result, CancellationToken cancellationToken = default) =>
            IsOn && command.CommandText.Replace("\"", "", StringComparison.Ordinal).Contains("FROM secrets", StringComparison.Ordinal) ? throw new TimeoutException() : ValueTask.FromResult(result);
    }
}
