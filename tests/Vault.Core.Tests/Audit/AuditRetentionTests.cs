using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Vault.Core.Audit;
using Vault.Core.Secrets;
using Vault.Core.Secrets.KeyRing;
using Vault.Testing;
using Xunit;

namespace Vault.Core.Tests.Audit;

/// <summary>A process that lasts for weeks, a failing database, and restarts, without a vault around them.</summary>
public sealed class AuditRetentionTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("vault-retention-").FullName;
    private readonly JumpingTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly List<AuditEntry> _log = [];
    private readonly ListAuditStore _store;
    private readonly IntegrityKey _key;
    private readonly AuditParts _parts;

    public AuditRetentionTests()
    {
        var ring = new VaultKeyRing(new EphemeralDataProtectionProvider());
        ring.Load([ring.Create(VaultKeyRing.DataPurpose), ring.Create(VaultKeyRing.IntegrityPurpose)]);
        _key = new IntegrityKey(ring);
        _store = new ListAuditStore(_log);
        _parts = New();
    }

    public void Dispose()
    {
        _parts.Mark.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task ASegment_EndsAfterADay_AndAfterTenThousandRecords()
    {
        await WriteAsync(3);
        _time.Advance(TimeSpan.FromHours(23));
        await WriteAsync(1);
        Assert.All(_log, entry => Assert.Equal(1, entry.Segment));
        _time.Advance(TimeSpan.FromHours(1));
        await WriteAsync(10_000);
        Assert.Equal((2, 10_005L), (_log[^1].Segment, _log[^1].Sequence));
        await WriteAsync(1);
        Assert.Equal(3, _log[^1].Segment);
        Assert.True((await VerifyAsync()).Valid);
    }

    [Fact]
    public async Task OldSegments_ArePruned_WithARecordOfIt_AndWhatIsLeftIsVerified()
    {
        for (var day = 0; day < 10; day++)
        {
            await WriteAsync(20);
            _time.Advance(TimeSpan.FromDays(1));
        }

        var all = _log.ToList();
        Assert.Equal(0, await New(retentionDays: null).Retention.PruneAsync(CancellationToken.None));
        Assert.Equal(6, await _parts.Retention.PruneAsync(CancellationToken.None));
        var pruned = _log.Where(entry => entry.Event.Action == "audit.pruned").ToArray();
        Assert.Equal(6, pruned.Length);
        Assert.Equal("1-21 (21 records, segment 1, last hash " + System.Buffers.Text.Base64Url.EncodeToString(all[20].Hash) + ")", pruned[0].Event.Target);
        Assert.Equal(("22-41", "vault"), (pruned[1].Event.Target.Split(' ')[0], pruned[1].Event.Actor));
        Assert.Equal((122L, 7), (_log[0].Sequence, _log[0].Segment));
        Assert.All(_log, entry => Assert.True(entry.Event.At >= _time.GetUtcNow().AddDays(-4)));
        Assert.Equal((true, (long)_log.Count), (await VerifyAsync() is var verdict && verdict.Valid, verdict.Entries));
        Assert.Equal(0, await _parts.Retention.PruneAsync(CancellationToken.None));

        // One who prunes without the vault: more than was pruned, without a record of it, or with a record of his own.
        await AssertAsync(log => log.RemoveAt(0), "missing", 122);
        await AssertAsync(log => log.RemoveAll(entry => entry.Segment == 7), "segment-missing", 122);
        await AssertAsync(log => log.RemoveAll(entry => entry.Event.Action == "audit.pruned"), "segment-missing", 1);
        await AssertAsync(log => log.Insert(0, all[120]), "forged", 121);
        var range = new PrunedRange(1, 141, 7, _log.Single(entry => entry.Sequence == 141).Hash);
        await AssertAsync(
            log =>
            {
                log.RemoveAll(entry => entry.Sequence <= 141);
                var last = log[^1];
                log.Add(new AuditChain(OtherKey()).Next(new AuditHead(last.Sequence, last.Segment, last.Hash), last.Segment, _parts.Tail.Own("audit.pruned", range.ToString())));
            },
            "segment-missing", 122);
    }

    [Fact]
    public async Task WhatShowsTampering_IsNeverPruned()
    {
        await WriteAsync(5);
        _time.Advance(TimeSpan.FromDays(30));
        await WriteAsync(1);
        _log[2] = _log[2] with { Event = _log[2].Event with { Actor = "Somebody" } };
        Assert.Equal(0, await _parts.Retention.PruneAsync(CancellationToken.None));
        Assert.Equal(("modified", (long?)3), (await VerifyAsync() is var verdict ? verdict.Fault : null, verdict.Sequence));
    }

    [Fact]
    public async Task ACutWhileAWriteFails_IsFoundAtOnce_AndStopsTheAudit()
    {
        await WriteAsync(5);
        _store.Writing = _ => throw new IOException();
        await Assert.ThrowsAsync<IOException>(() => WriteAsync(1));
        _store.Writing = static _ => { };
        var cut = _log[^1];
        _log.RemoveAt(_log.Count - 1);
        await Assert.ThrowsAsync<AuditCutException>(() => WriteAsync(1));
        await Assert.ThrowsAsync<AuditCutException>(() => WriteAsync(1));
        Assert.Equal("truncated", (await VerifyAsync()).Fault);
        _log.Add(cut);
        await WriteAsync(1);
        Assert.True((await VerifyAsync()).Valid);
    }

    [Fact]
    public async Task AWriteThatFailedOnlyToSaySo_IsTakenForWritten()
    {
        await WriteAsync(2);
        _store.Writing = static isKept => _ = isKept ? throw new IOException() : 0;
        await Assert.ThrowsAsync<IOException>(() => WriteAsync(1));
        _store.Writing = static _ => { };
        await WriteAsync(1);
        Assert.Equal((true, 5L), (await VerifyAsync() is var verdict && verdict.Valid, verdict.Entries));
    }

    [Fact]
    public async Task AClockThatJumpsForward_MakesNoRecordOlder()
    {
        for (var day = 0; day < 4; day++)
        {
            await WriteAsync(5);
            _time.Advance(TimeSpan.FromDays(1));
        }

        _time.Jump = TimeSpan.FromDays(400);
        await WriteAsync(1);
        Assert.Equal(0, await _parts.Retention.PruneAsync(CancellationToken.None));
        _time.Jump = TimeSpan.FromDays(-400);
        await WriteAsync(1);
        Assert.Equal(0, await _parts.Retention.PruneAsync(CancellationToken.None));
        Assert.True((await VerifyAsync()).Valid);

        // What is really old goes, wherever the clock stands.
        _time.Jump = TimeSpan.FromHours(5);
        _time.Advance(TimeSpan.FromDays(2));
        await WriteAsync(1);
        Assert.True(await _parts.Retention.PruneAsync(CancellationToken.None) > 0);
        Assert.True((await VerifyAsync()).Valid);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AStartUnderAWrongClock_SaysSo_AndRemovesNothingInItsFirstHour(bool isSetRight)
    {
        await WriteAsync(5);
        _parts.Mark.Dispose();
        _time.Advance(TimeSpan.FromHours(23));
        _time.Jump = TimeSpan.FromDays(400);
        var logs = new LogCapture();
        var time = new TimerWatch(_time);
        var next = new AuditParts(_directory, _key, _store, time, retentionDays: 1, logs: LoggerFactory.Create(logging => logging.AddProvider(logs)));
        await WriteAsync(5, next);
        Assert.Single(logs.Lines, line => line.Contains("set it right within an hour", StringComparison.Ordinal));
        await next.Retention.StartAsync(CancellationToken.None);
        await time.Made;
        _time.Advance(TimeSpan.FromMinutes(59));
        Assert.Equal((1L, 12), (_log[0].Sequence, _log.Count));
        _time.Jump = isSetRight ? TimeSpan.Zero : _time.Jump;
        _time.Advance(TimeSpan.FromMinutes(1));
        while (!isSetRight && _log[0].Sequence == 1)
        {
            await Task.Yield();
        }

        Assert.Equal(0, await next.Retention.PruneAsync(CancellationToken.None));
        Assert.Equal(isSetRight ? 1 : 7, _log[0].Sequence);
        await next.Retention.StopAsync(CancellationToken.None);
        Assert.True((await next.Verifier.VerifyAsync(await next.Tail.HeadAsync(CancellationToken.None), CancellationToken.None)).Valid);
        next.Mark.Dispose();
    }

    [Fact]
    public async Task ARestart_SaysNothingOfItsClock()
    {
        await WriteAsync(5);
        _parts.Mark.Dispose();
        _time.Advance(TimeSpan.FromHours(24));
        var logs = new LogCapture();
        var next = new AuditParts(_directory, _key, _store, _time, retentionDays: 1, logs: LoggerFactory.Create(logging => logging.AddProvider(logs)));
        await WriteAsync(1, next);
        Assert.Empty(logs.Lines);
        next.Mark.Dispose();
    }

    [Fact]
    public async Task AClockThatJumpsBack_ChangesNeitherOrderNorVerdict()
    {
        await WriteAsync(3);
        var earlier = New(time: new FakeTimeProvider(_time.GetUtcNow().AddDays(-400)));
        await WriteAsync(3, earlier);
        Assert.Equal(Enumerable.Range(1, _log.Count).Select(number => (long)number), _log.Select(entry => entry.Sequence));
        Assert.True((await earlier.Verifier.VerifyAsync(await earlier.Tail.HeadAsync(CancellationToken.None), CancellationToken.None)).Valid);
        earlier.Mark.Dispose();
    }

    [Theory]
    [InlineData("cut", "truncated")]
    [InlineData("forged behind the end", "forged")]
    [InlineData("mark removed", "checkpoints")]
    [InlineData("mark forged", "checkpoints")]
    [InlineData("checkpoints removed", "checkpoints")]
    [InlineData("last checkpoint removed", "checkpoints")]
    [InlineData("first checkpoint removed", "checkpoints")]
    [InlineData("checkpoints swapped", "checkpoints")]
    [InlineData("checkpoints of another vault", "checkpoints")]
    [InlineData("checkpoints emptied", "checkpoints")]
    [InlineData("garbage among them", "checkpoints")]
    [InlineData("a torn last line", null)]
    public async Task WhatHappenedWhileTheVaultWasDown_IsSaidAtTheStart_AndStays(string change, string? fault)
    {
        await WriteAsync(5);
        await _parts.Tail.SignAsync();
        await WriteAsync(5);
        await _parts.Tail.SignAsync();

        // Killed: these are after the last checkpoint.
        await WriteAsync(5);
        _parts.Mark.Dispose();
        Change(change);
        Assert.Equal(fault, (await New().Verifier.VerifyAsync(null, CancellationToken.None)).Fault);

        var next = New();
        await WriteAsync(3, next);
        var started = _log.Last(entry => entry.Event.Action == "audit.started").Event;
        Assert.Equal((fault is null ? "success" : "failed", fault), (started.Outcome, started.Code));
        await next.Tail.SignAsync();
        await WriteAsync(9, next);

        // A mark that was lost is there again, and with it everything can be told, as long as the checkpoints are whole.
        var expected = fault == "truncated" ? "forked" : change.StartsWith("mark", StringComparison.Ordinal) ? null : fault;
        Assert.Equal(expected, (await next.Verifier.VerifyAsync(await next.Tail.HeadAsync(CancellationToken.None), CancellationToken.None)).Fault);
        next.Mark.Dispose();
        Assert.Equal(expected, (await New().Verifier.VerifyAsync(null, CancellationToken.None)).Fault);
    }

    [Theory]
    [InlineData(long.MaxValue, 1)]
    [InlineData(7, int.MaxValue)]
    public async Task ARecordThatNoneCanFollow_StopsTheAudit_AndLeavesNothingBehind(long sequence, int segment)
    {
        await WriteAsync(5);
        await _parts.Tail.SignAsync();
        _parts.Mark.Dispose();
        _log.Add(_log[2] with { Sequence = sequence, Segment = segment });
        var next = New();
        for (var tried = 0; tried < 3; tried++)
        {
            await Assert.ThrowsAsync<AuditCutException>(() => WriteAsync(1, next));
            Assert.Null(await next.Tail.KnownHeadAsync(CancellationToken.None));
        }

        Assert.Equal(7, _log.Count);
        Assert.Equal(2, File.ReadAllLines(Path.Combine(_directory, "audit-checkpoints.jsonl")).Length);
        var verdict = await next.Verifier.VerifyAsync(null, CancellationToken.None);
        Assert.Equal((sequence, 6), (verdict.Sequence, verdict.Entries));
        _log.RemoveAt(6);
        await WriteAsync(1, next);
        Assert.Equal(("audit.started", "success"), (_log[^2].Event.Action, _log[^2].Event.Outcome));
        Assert.True((await next.Verifier.VerifyAsync(await next.Tail.KnownHeadAsync(CancellationToken.None), CancellationToken.None)).Valid);
        next.Mark.Dispose();
    }

    private static IntegrityKey OtherKey()
    {
        var ring = new VaultKeyRing(new EphemeralDataProtectionProvider());
        ring.Load([ring.Create(VaultKeyRing.DataPurpose), ring.Create(VaultKeyRing.IntegrityPurpose)]);
        return new IntegrityKey(ring);
    }

    private void Change(string change)
    {
        var checkpoints = Path.Combine(_directory, "audit-checkpoints.jsonl");
        var mark = Path.Combine(_directory, "audit-head.json");
        var lines = File.ReadAllLines(checkpoints);
        Assert.Equal(3, lines.Length);
        switch (change)
        {
            case "cut":
                _log.RemoveRange(_log.Count - 2, 2);
                break;
            case "forged behind the end":
                _log.Add(_log[^1] with { Sequence = _log[^1].Sequence + 1, Hash = new byte[32], Mac = new byte[32] });
                break;
            case "mark removed":
                File.Delete(mark);
                break;
            case "mark forged":
                File.WriteAllText(mark, File.ReadAllText(mark).Replace("\"sequence\":16", "\"sequence\":11", StringComparison.Ordinal));
                break;
            case "checkpoints removed":
                File.Delete(checkpoints);
                break;
            case "last checkpoint removed":
                File.WriteAllLines(checkpoints, lines[..^1]);
                break;
            case "first checkpoint removed":
                File.WriteAllLines(checkpoints, lines[1..]);
                break;
            case "checkpoints swapped":
                File.WriteAllLines(checkpoints, [lines[0], lines[2], lines[1]]);
                break;
            case "checkpoints of another vault":
                File.Delete(checkpoints);
                var other = new AuditCheckpoints(new AuditOptions(AuditDurability.BeforeResponse, _directory), OtherKey());
                for (var line = 0; line < lines.Length; line++)
                {
                    other.AddAsync(AuditChain.Beginning, _time.GetUtcNow()).GetAwaiter().GetResult();
                }

                break;
            case "checkpoints emptied":
                File.WriteAllText(checkpoints, "");
                break;
            case "garbage among them":
                File.WriteAllLines(checkpoints, [lines[0], "{}", lines[1], lines[2]]);
                break;
            default:
                File.AppendAllText(checkpoints, lines[2][..50]);
                break;
        }
    }

    private async Task AssertAsync(Action<List<AuditEntry>> mutate, string fault, long sequence)
    {
        var log = _log.ToList();
        mutate(log);
        var verdict = await new AuditVerifier(new ListAuditStore(log), _parts.Chain, _parts.Checkpoints, _parts.Mark)
            .VerifyAsync(await _parts.Tail.HeadAsync(CancellationToken.None), CancellationToken.None);
        Assert.Equal((false, fault, (long?)sequence), (verdict.Valid, verdict.Fault, verdict.Sequence));
    }

    private AuditParts New(int? retentionDays = 4, TimeProvider? time = null) => new(_directory, _key, _store, time ?? _time, retentionDays);

    private async Task WriteAsync(int count, AuditParts? parts = null)
    {
        await using var turn = await (parts ?? _parts).Tail.TakeTurnAsync(CancellationToken.None);
        AuditEntry[] entries = [.. Enumerable.Range(0, count).Select(number => turn.Next(new AuditEvent($"id-{_log.Count}-{number}", parts is null ? _time.GetUtcNow() : DateTimeOffset.UnixEpoch, "App", "callout", "Svc", "success")))];
        await _store.AppendAsync(entries, begun: null, CancellationToken.None);
        turn.Done();
    }

    private async Task<AuditVerdict> VerifyAsync() => await _parts.Verifier.VerifyAsync(await _parts.Tail.HeadAsync(CancellationToken.None), CancellationToken.None);

    /// <summary>Tells when a timer is made: a background service makes its own on a thread of its own.</summary>
    private sealed class TimerWatch(TimeProvider time) : TimeProvider
    {
        private readonly TaskCompletionSource _made = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Made => _made.Task;

        public override long TimestampFrequency => time.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => time.GetUtcNow();

        public override long GetTimestamp() => time.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = time.CreateTimer(callback, state, dueTime, period);
            _made.TrySetResult();
            return timer;
        }
    }
}
