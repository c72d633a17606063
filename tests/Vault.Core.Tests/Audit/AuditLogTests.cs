using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Vault.Core.Audit;
using Vault.Core.Secrets;
using Vault.Core.Secrets.KeyRing;
using Vault.Testing;
using Xunit;

namespace Vault.Core.Tests.Audit;

/// <summary>The writer of the audit over a store that a test holds up.</summary>
public sealed class AuditLogTests : IAsyncLifetime
{
    private const int MostWaiting = 20_000;
    private readonly string _directory = Directory.CreateTempSubdirectory("vault-log-").FullName;
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly List<AuditEntry> _log = [];
    private readonly ListAuditStore _store;
    private readonly LogCapture _logs = new();
    private readonly AuditParts _parts;

    public AuditLogTests()
    {
        var ring = new VaultKeyRing(new EphemeralDataProtectionProvider());
        ring.Load([ring.Create(VaultKeyRing.DataPurpose), ring.Create(VaultKeyRing.IntegrityPurpose)]);
        _store = new ListAuditStore(_log);
        _parts = new AuditParts(_directory, new IntegrityKey(ring), _store, _time, logs: LoggerFactory.Create(logging => logging.AddProvider(_logs)));
    }

    public Task InitializeAsync() => _parts.Log.StartAsync(CancellationToken.None);

    public async Task DisposeAsync()
    {
        await _parts.Log.StopAsync(CancellationToken.None);
        _parts.Mark.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task RecordsLostWhileAWriteGoesWell_AreToldOf()
    {
        Assert.True(await _parts.Log.WriteAsync(Event()));
        using var held = new HeldWrites(_store);
        _parts.Log.Note(Event());
        held.Wait();
        for (var noted = 0; noted < MostWaiting + 5; noted++)
        {
            _parts.Log.Note(Event());
        }

        Assert.False(_parts.Log.IsKeeping);
        held.GoOn();
        while (!await _parts.Log.WriteAsync(Event()))
        {
            await Task.Yield();
        }

        Assert.True(_parts.Log.IsKeeping);
        Assert.Equal("vault (5 records lost)", Assert.Single(_log, entry => entry.Event.Action == "audit.resumed").Event.Target);
    }

    [Fact]
    public async Task ThatManyRecordsWereKept_IsKnownForAMillisecond_OfFewerItIsAskedEachTime()
    {
        await KeepAtOnceAsync(7);
        _store.Writing = static _ => throw new IOException();
        Assert.False(await _parts.Log.CanWriteAsync());
        _store.Writing = static _ => { };
        Assert.True(await _parts.Log.WriteAsync(Event()));

        await KeepAtOnceAsync(8);
        _store.Writing = static _ => throw new IOException();
        Assert.True(await _parts.Log.CanWriteAsync());
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.False(await _parts.Log.CanWriteAsync());
        await KeepAtOnceAsync(8);
        _store.Writing = static _ => throw new IOException();
        Assert.False(await _parts.Log.WriteAsync(Event()));
        Assert.False(await _parts.Log.CanWriteAsync());
        _store.Writing = static _ => { };

        async Task KeepAtOnceAsync(int count)
        {
            using var held = new HeldWrites(_store);
            var first = _parts.Log.WriteAsync(Event());
            held.Wait();
            var others = Enumerable.Range(0, count).Select(_ => _parts.Log.WriteAsync(Event())).ToArray();
            held.GoOn();
            Assert.True(await first);
            Assert.All(await Task.WhenAll(others), Assert.True);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task RecordsThatCantBeKept_AreToldOfAtOnce_ThenOnceAMinute(bool isNearlyFull)
    {
        for (var minute = 0; minute < 3; minute++)
        {
            for (var tried = 0; tried < 100; tried++)
            {
                _store.Writing = static _ => throw new IOException("The reason.");
                Assert.False(await _parts.Log.CanWriteAsync());
                _store.Writing = isNearlyFull ? static _ => { } : _store.Writing;
                Assert.Equal(isNearlyFull, await _parts.Log.WriteAsync(Event()));
            }

            Assert.Equal(minute + 1, Told().Length);
            _time.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.All(Told(), line => Assert.Contains("(The reason.)", line, StringComparison.Ordinal));
        Assert.All(Told().Skip(1), line => Assert.Matches(" (100|20[0-2]) tries failed", line));
        _store.Writing = static _ => { };
        Assert.True(await _parts.Log.WriteAsync(Event()));

        string[] Told() => [.. _logs.Lines.Where(line => line.Contains("could not be kept", StringComparison.Ordinal))];
    }

    [Fact]
    public async Task WriteThatHangs_LetsNothingMoreBegin()
    {
        Assert.True(await _parts.Log.WriteAsync(Event()));
        using var held = new HeldWrites(_store, onceKept: true);
        var first = _parts.Log.WriteAsync(Event());
        held.Wait();
        Assert.True(_parts.Log.CanWriteAsync().IsCompletedSuccessfully);
        _time.Advance(TimeSpan.FromMilliseconds(50));
        var asked = _parts.Log.CanWriteAsync();
        Assert.False(asked.IsCompleted);
        held.GoOn();
        Assert.True(await first);
        Assert.True(await asked);
    }

    [Fact]
    public async Task WhereRecordsComeFasterThanTheyAreKept_WhatWouldAddToThemWaits()
    {
        using var held = new HeldWrites(_store);
        _parts.Log.Note(Event());
        held.Wait();
        for (var noted = 0; noted < MostWaiting / 2; noted++)
        {
            Assert.True(_parts.Log.CanNoteAsync().IsCompletedSuccessfully);
            _parts.Log.Note(Event());
        }

        var waiting = _parts.Log.CanNoteAsync();
        Assert.False(waiting.IsCompleted);
        held.GoOn();
        Assert.True(await waiting);
        Assert.True(_parts.Log.IsKeeping);
        Assert.Equal((MostWaiting / 2) + 1, _log.Count(entry => entry.Event.Action == "callout"));
        Assert.DoesNotContain(_log, entry => entry.Event.Action == "audit.resumed");
    }

    [Fact]
    public async Task RecordThatCantBeKept_IsReplaced_AndHoldsNoOtherUp()
    {
        _store.IsBad = audited => audited.Target == "bad";
        using var held = new HeldWrites(_store);
        var first = _parts.Log.WriteAsync(Event());
        held.Wait();
        var (before, bad, after) = (_parts.Log.WriteAsync(Event()), _parts.Log.WriteAsync(Event() with { Target = "bad" }), _parts.Log.WriteAsync(Event()));
        held.GoOn();
        var kept = await Task.WhenAll(first, before, bad, after);
        Assert.Equal((true, true, false, true), (kept[0], kept[1], kept[2], kept[3]));
        Assert.True(await _parts.Log.WriteAsync(Event()));
        Assert.True(_parts.Log.IsKeeping);
        Assert.Equal(["callout", "callout", "audit.replaced", "callout", "callout"], _log.Skip(1).Select(entry => entry.Event.Action));
    }

    [Fact]
    public async Task Text_ThatNoDatabaseKeeps_IsReplaced_InEveryField()
    {
        const string Half = "a\uD83D\0b", Whole = "\U0001F511";
        var audited = new AuditEvent(Half, _time.GetUtcNow(), Half, Half, Half + Whole, Half)
        {
            Principal = Half,
            User = Half,
            Method = Half,
            Host = Half,
            Path = Half,
            RemoteAddress = Half,
            Code = Half,
            TraceId = Half,
        };
        Assert.True(await _parts.Log.WriteAsync(audited));
        var kept = _log[^1].Event;
        const string Expected = "a\uFFFD\uFFFDb";
        Assert.Equal(Expected + Whole, kept.Target);
        Assert.All(
            new[] { kept.Id, kept.Actor, kept.Action, kept.Outcome, kept.Principal, kept.User, kept.Method, kept.Host, kept.Path, kept.RemoteAddress, kept.Code, kept.TraceId },
            text => Assert.Equal(Expected, text));
    }

    private AuditEvent Event() => new("id", _time.GetUtcNow(), "App", "callout", "Svc", AuditOutcomes.Success);

    /// <summary>Holds writes of a store up until they may go on.</summary>
    private sealed class HeldWrites : IDisposable
    {
        private readonly ManualResetEventSlim _isHeld = new();
        private readonly ManualResetEventSlim _goOn = new();
        private readonly ListAuditStore _store;

        public HeldWrites(ListAuditStore store, bool onceKept = false)
        {
            _store = store;
            store.Writing = isKept =>
            {
                if (isKept || !onceKept)
                {
                    _isHeld.Set();
                    _goOn.Wait();
                }
            };
        }

        public void Wait() => _isHeld.Wait();

        public void GoOn()
        {
            _store.Writing = static _ => { };
            _goOn.Set();
        }

        public void Dispose()
        {
            // Also where an assertion failed: nobody may wait for ever.
            GoOn();
            _isHeld.Dispose();
        }
    }
}
