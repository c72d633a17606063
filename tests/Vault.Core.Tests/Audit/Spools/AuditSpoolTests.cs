using System.Diagnostics;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Time.Testing;
using Vault.Core.Audit;
using Vault.Core.Audit.Spools;
using Vault.Core.Secrets;
using Vault.Core.Secrets.KeyRing;
using Xunit;

namespace Vault.Core.Tests.Audit.Spools;

/// <summary>Records while the database is away: kept on disk, moved into the chain once, in order, and by nobody changed unnoticed.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class AuditSpoolTests : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("vault-spool-").FullName;
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly List<AuditEntry> _log = [];
    private readonly ListAuditStore _store;
    private readonly IntegrityKey _key;
    private readonly Knowledge _knowledge = new();
    private readonly List<AuditParts> _processes = [];
    private int _made;

    public AuditSpoolTests()
    {
        var ring = new VaultKeyRing(new EphemeralDataProtectionProvider());
        ring.Load([ring.Create(VaultKeyRing.DataPurpose), ring.Create(VaultKeyRing.IntegrityPurpose)]);
        _key = new IntegrityKey(ring);
        _store = new ListAuditStore(_log);
    }

    public static TheoryData<string, string, int> Damages => new()
    {
        { "a letter of the second record", AuditFaults.Modified, 1 },
        { "the second record is left out", AuditFaults.Modified, 1 },
        { "the second and third are swapped", AuditFaults.Modified, 1 },
        { "the end is cut off", AuditFaults.Truncated, 4 },
        { "the last one is cut short", AuditFaults.Truncated, 4 },
        { "the file is gone", AuditFaults.Missing, 0 },
        { "the mark is gone", AuditFaults.Checkpoints, 5 },
        { "another vault's mark", AuditFaults.Checkpoints, 5 },
    };

    private string Spool => Path.Combine(_directory, "spool");

    private string MarkPath => Path.Combine(_directory, "audit-spool.json");

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        _store.Writing = static _ => { };
        foreach (var parts in _processes)
        {
            await EndAsync(parts);
        }

        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task WhileTheDatabaseIsAway_RecordsAreKept_AndMovedInOrder_Once()
    {
        var parts = await StartAsync();
        var before = Event();
        Assert.True(await parts.Log.WriteAsync(before));
        Away();
        AuditEvent[] meanwhile = [.. Enumerable.Range(0, 5).Select(_ => Event())];
        foreach (var audited in meanwhile)
        {
            Assert.True(await parts.Log.CanWriteAsync());
            Assert.True(await parts.Log.WriteAsync(audited));
        }

        Assert.True(parts.Log.IsKeeping);
        Assert.Equal(5, parts.Spool!.Waiting);
        Assert.DoesNotContain(_log, entry => meanwhile.Contains(entry.Event));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Assert.Single(Files())));

        await BackAsync(parts);
        var after = Event();
        Assert.True(await parts.Log.WriteAsync(after));
        Assert.Equal([before, .. meanwhile, after], Callouts());
        Assert.Equal("vault (5 records from the spool)", Assert.Single(_log, entry => entry.Event.Action == "audit.resumed").Event.Target);
        Assert.Empty(Files());
        Assert.True((await parts.Verifier.VerifyAsync(await parts.Tail.HeadAsync(CancellationToken.None), CancellationToken.None)).Valid);
    }

    [Fact]
    public async Task WriteThatHappenedThoughNobodyHeardOfIt_IsNotWrittenTwice()
    {
        var parts = await StartAsync();
        _store.Writing = static isKept =>
        {
            if (isKept)
            {
                throw new IOException("The connection is gone.");
            }
        };
        var audited = Event();
        Assert.True(await parts.Log.WriteAsync(audited));
        await BackAsync(parts);
        Assert.Equal([audited], Callouts());
    }

    [Fact]
    public async Task ProcessThatIsKilled_LeavesItsRecordsToTheNextOne_WhichMovesThemBeforeItServes_AndOnce()
    {
        var killed = await StartAsync();
        Away();
        AuditEvent[] meanwhile = [.. Enumerable.Range(0, 5).Select(_ => Event())];
        foreach (var audited in meanwhile)
        {
            Assert.True(await killed.Log.WriteAsync(audited));
        }

        // Killed once more between the transaction and the removal of the spool.
        var (left, mark) = (File.ReadAllBytes(Files()[0]), File.ReadAllBytes(MarkPath));
        var name = Files()[0];
        Kill(killed);
        _store.Writing = static _ => { };
        var second = await StartAsync();
        Assert.Equal(meanwhile, Callouts());
        Assert.Empty(Files());
        Kill(second);
        File.WriteAllBytes(name, left);
        File.WriteAllBytes(MarkPath, mark);
        await StartAsync();
        Assert.Equal(meanwhile, Callouts());
        Assert.Empty(Files());
        Assert.DoesNotContain(_log, entry => entry.Event.Action == "audit.spool");
    }

    [Fact]
    public async Task LineThatNobodyWasPromised_IsNotMoved_AndIsNoDamage()
    {
        var killed = await StartAsync();
        Away();
        var audited = Event();
        Assert.True(await killed.Log.WriteAsync(audited));
        Kill(killed);
        File.AppendAllText(Files()[0], File.ReadAllText(Files()[0])[..100]);
        _store.Writing = static _ => { };
        await StartAsync();
        Assert.Equal([audited], Callouts());
        Assert.DoesNotContain(_log, entry => entry.Event.Action == "audit.spool");
        Assert.Empty(Directory.GetFiles(Spool, "*.damaged"));
    }

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task SpoolThatWasChangedWhileTheVaultWasDown_IsOnRecord(string how, string fault, int moved)
    {
        var killed = await StartAsync();
        Away();
        AuditEvent[] meanwhile = [.. Enumerable.Range(0, 5).Select(_ => Event())];
        foreach (var audited in meanwhile)
        {
            Assert.True(await killed.Log.WriteAsync(audited));
        }

        Kill(killed);
        Change(how);
        _store.Writing = static _ => { };
        var parts = await StartAsync();
        Assert.Equal(meanwhile[..moved], Callouts());
        var told = Assert.Single(_log, entry => entry.Event.Action == "audit.spool").Event;
        var count = fault == AuditFaults.Checkpoints ? "an unknown number of" : "5";
        Assert.Equal((AuditOutcomes.Failed, fault, $"vault ({(fault == AuditFaults.Checkpoints ? 0 : moved)} of {count} records)"), (told.Outcome, told.Code, told.Target));
        Assert.Empty(Files());
        Assert.True(await parts.Log.WriteAsync(Event()));

        // Once, not at every start.
        Kill(parts);
        await StartAsync();
        Assert.Single(_log, entry => entry.Event.Action == "audit.spool");
    }

    [Fact]
    public async Task SpoolThatIsChangedWhileItIsInUse_IsOnRecord()
    {
        var parts = await StartAsync();
        Away();
        for (var count = 0; count < 3; count++)
        {
            Assert.True(await parts.Log.WriteAsync(Event()));
        }

        Change("the end is cut off");
        await BackAsync(parts);
        Assert.Equal(AuditFaults.Truncated, Assert.Single(_log, entry => entry.Event.Action == "audit.spool").Event.Code);
        Assert.Equal(2, Callouts().Length);
        Assert.True(await parts.Log.WriteAsync(Event()));
    }

    [Fact]
    public async Task SpoolThatIsFull_LetsNothingNewBegin_ButKeepsWhatIsUnderWay()
    {
        var parts = await StartAsync();
        Away();
        var kept = new List<AuditEvent>();
        while (await parts.Log.CanWriteAsync())
        {
            var audited = Event() with { Path = new string('x', 20_000) };
            Assert.True(await parts.Log.WriteAsync(audited));
            kept.Add(audited);
        }

        Assert.InRange(kept.Count, 40, 60);
        Assert.False(parts.Log.IsKeeping);
        var underWay = Event();
        Assert.True(await parts.Log.WriteAsync(underWay));
        await BackAsync(parts);
        Assert.Equal([.. kept, underWay], Callouts());
    }

    [Fact]
    public async Task LongWithoutTheDatabase_OrWithoutWordOfTheOthers_LetsNothingNewBegin()
    {
        var parts = await StartAsync();
        Away();
        Assert.True(await parts.Log.WriteAsync(Event()));
        _knowledge.Age = TimeSpan.FromSeconds(901);
        Assert.False(await parts.Log.CanWriteAsync());
        _knowledge.Age = TimeSpan.FromSeconds(1);
        Assert.True(await parts.Log.CanWriteAsync());
        _time.Advance(TimeSpan.FromSeconds(901));
        Assert.False(await parts.Log.CanWriteAsync());

        // What is under way is recorded all the same.
        Assert.True(await parts.Log.WriteAsync(Event()));
        await BackAsync(parts);
        Assert.True(await parts.Log.CanWriteAsync());
    }

    [Fact]
    public async Task DatabaseThatComesBackWithoutItsLastRecords_IsNotSpooledAround()
    {
        var parts = await StartAsync();
        Assert.True(await parts.Log.WriteAsync(Event()));
        Away();
        Assert.True(await parts.Log.WriteAsync(Event()));
        _log.RemoveAt(_log.Count - 1);
        _store.Writing = static _ => { };
        while (await parts.Log.CanWriteAsync())
        {
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.False(parts.Log.IsKeeping);
        Assert.True(parts.Spool!.IsInUse);
    }

    [Fact]
    public async Task SecondVaultOnOneSpool_DoesntStart()
    {
        await StartAsync();
        var other = new AuditParts(Path.Combine(_directory, "other"), _key, _store, _time, spool: Spool);
        var refused = await Assert.ThrowsAsync<VaultStartException>(() => other.Log.StartAsync(CancellationToken.None));
        Assert.Contains("Vault:Audit:Spool", refused.Message, StringComparison.Ordinal);
        other.Log.Dispose();
    }

    [Fact]
    public async Task ManyPages_OfAProcessThatIsKilledBeforeItRemovesThem_AreInTheChainOnce()
    {
        var killed = await StartAsync();
        Away();
        AuditEvent[] meanwhile = [.. Enumerable.Range(0, 4_200).Select(_ => Event())];
        Assert.DoesNotContain(false, await Task.WhenAll(meanwhile.Select(killed.Log.WriteAsync)));
        var (name, left, mark) = (Files()[0], File.ReadAllBytes(Files()[0]), File.ReadAllBytes(MarkPath));
        Kill(killed);
        _store.Writing = static _ => { };
        var second = await StartAsync();
        Assert.Equal(meanwhile, Callouts());
        Kill(second);
        File.WriteAllBytes(name, left);
        File.WriteAllBytes(MarkPath, mark);
        await StartAsync();
        Assert.Equal(meanwhile, Callouts());
        Assert.Empty(Files());
    }

    [Fact]
    public async Task LineThatIsntTheVaults_IsPutAsideWithAllThatFollows_ThoughTheMarkSaysTooLittle()
    {
        var killed = await StartAsync();
        Away();
        AuditEvent[] meanwhile = [.. Enumerable.Range(0, 5).Select(_ => Event())];
        foreach (var audited in meanwhile)
        {
            Assert.True(await killed.Log.WriteAsync(audited));
        }

        Kill(killed);

        // What a loss of power leaves of the mark: what it said when the spool began.
        new SpoolMark(MarkPath, _key).Set(Guid.Parse(Path.GetFileNameWithoutExtension(Files()[0])["audit-spool-".Length..]), 0, isReplayed: false, isDurable: true);
        Change("a letter of the second record");
        var left = File.ReadAllBytes(Files()[0]);
        _store.Writing = static _ => { };
        await StartAsync();
        Assert.Equal(meanwhile[..1], Callouts());
        Assert.Equal(AuditFaults.Modified, Assert.Single(_log, entry => entry.Event.Action == "audit.spool").Event.Code);
        Assert.Equal(left, File.ReadAllBytes(Assert.Single(Directory.GetFiles(Spool, "*.damaged"))));
    }

    [Fact]
    public async Task Intent_LongWithoutTheDatabase_IsRefused_AndNotKept()
    {
        var parts = await StartAsync();
        Away();
        var early = Event() with { Outcome = AuditOutcomes.Intent };
        Assert.True(await parts.Log.WriteAsync(early));
        _time.Advance(TimeSpan.FromSeconds(901));
        Assert.False(await parts.Log.WriteAsync(Event() with { Outcome = AuditOutcomes.Intent }));
        var answered = early with { Outcome = AuditOutcomes.Success };
        Assert.True(await parts.Log.WriteAsync(answered));
        await BackAsync(parts);
        Assert.Equal([early, answered], Callouts());
    }

    [Fact]
    public async Task SteadyLoad_DoesntKeepTheSpoolFromEnding()
    {
        var parts = await StartAsync();
        Away();
        Assert.True(await parts.Log.WriteAsync(Event()));
        var written = new List<Task<bool>>();
        _store.Writing = isKept =>
        {
            if (isKept && parts.Spool!.IsInUse)
            {
                // For each page that is moved, one record more comes; it gets into the spool unless that is about to end.
                var waiting = parts.Spool.Waiting;
                written.Add(parts.Log.WriteAsync(Event()));
                SpinWait.SpinUntil(() => parts.Spool.Waiting > waiting, TimeSpan.FromMilliseconds(300));
            }
        };
        _time.Advance(TimeSpan.FromSeconds(1));
        var (seen, idle) = (0, 0);
        Assert.True(await UntilAsync(() =>
        {
            // The clock goes on only where nothing is moved: moving takes none of its time.
            (seen, idle) = written.Count == seen ? (seen, idle + 1) : (written.Count, 0);
            if (idle % 20 == 19)
            {
                _time.Advance(TimeSpan.FromSeconds(1));
            }

            return !parts.Spool!.IsInUse;
        }));
        Assert.DoesNotContain(false, await Task.WhenAll(written));
        Assert.Equal(written.Count + 1, Callouts().Length);
    }

    [Fact]
    public async Task CheckpointThatWaitsForTheDatabase_HoldsNoRecordUp()
    {
        var turns = new Turns(_log);
        var parts = await StartAsync(turns);
        _store.Writing = isKept => turns.IsAway |= isKept && _log.Count > 1_000;
        Task<bool>[] many = [.. Enumerable.Range(0, 1_000).Select(_ => parts.Log.WriteAsync(Event()))];
        Assert.True(await UntilAsync(() => turns.IsAway));
        _time.Advance(TimeSpan.FromSeconds(6));
        var next = parts.Log.WriteAsync(Event());
        try
        {
            Assert.True(await UntilAsync(() =>
            {
                _time.Advance(TimeSpan.FromSeconds(1));
                return next.IsCompleted;
            }));
            Assert.True(await next);
            Assert.DoesNotContain(false, await Task.WhenAll(many));
        }
        finally
        {
            turns.Return();
        }

        await BackAsync(parts);
        Assert.Equal(1_001, Callouts().Length);
    }

    [Fact]
    public async Task SpoolWhoseDirectoryIsGone_LetsNothingNewBegin_AndNobodyWaitForEver()
    {
        var parts = await StartAsync();
        Away();
        var patience = TimeSpan.FromSeconds(20);
        Assert.True(await parts.Log.WriteAsync(Event()));
        Directory.Delete(Spool, recursive: true);
        Assert.False(await parts.Log.CanWriteAsync().WaitAsync(patience));
        Assert.False(parts.Log.IsKeeping);
        await parts.Log.WriteAsync(Event()).WaitAsync(patience);
        _store.Writing = static _ => { };
        Assert.True(await UntilAsync(() =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return !parts.Spool!.IsInUse;
        }));
        Assert.True(await parts.Log.WriteAsync(Event()).WaitAsync(patience));
        Assert.Equal(3, Callouts().Length);
    }

    private static async Task<bool> UntilAsync(Func<bool> isSo)
    {
        var since = Stopwatch.GetTimestamp();
        while (!isSo() && Stopwatch.GetElapsedTime(since) < TimeSpan.FromSeconds(20))
        {
            await PauseAsync();
        }

        return isSo();
    }

    // The vault's own clock goes on only between such pauses: what it does in one takes none of its time.
    private static async Task PauseAsync()
    {
        var since = Stopwatch.GetTimestamp();
        do
        {
            await Task.Yield();
        }
        while (Stopwatch.GetElapsedTime(since) < TimeSpan.FromMilliseconds(50));
    }

    private static void Kill(AuditParts parts)
    {
        // As far as the files go: nothing more of this process reaches them.
        parts.Spool!.Dispose();
        parts.Mark.Dispose();
    }

    private static async Task EndAsync(AuditParts parts)
    {
        parts.Spool!.Dispose();
        await parts.Log.StopAsync(CancellationToken.None);
        parts.Mark.Dispose();
        parts.Log.Dispose();
    }

    private void Change(string how)
    {
        if (how.Contains("mark", StringComparison.Ordinal))
        {
            File.Delete(MarkPath);
            if (how.StartsWith("another", StringComparison.Ordinal))
            {
                File.WriteAllText(MarkPath, $$"""{"spool":"{{Guid.NewGuid()}}","count":5,"isReplayed":true,"mac":"{{new string('A', 43)}}"}""");
            }

            return;
        }

        var path = Files()[0];
        var lines = File.ReadAllLines(path);
        switch (how)
        {
            case "a letter of the second record":
                lines[1] = lines[1].Replace("Shop", "Chop", StringComparison.Ordinal);
                break;
            case "the second record is left out":
                lines = [lines[0], .. lines[2..]];
                break;
            case "the second and third are swapped":
                (lines[1], lines[2]) = (lines[2], lines[1]);
                break;
            case "the end is cut off":
                lines = lines[..^1];
                break;
            case "the last one is cut short":
                File.WriteAllText(path, File.ReadAllText(path)[..^10]);
                return;
            default:
                File.Delete(path);
                return;
        }

        using var file = new FileStream(path, FileMode.Truncate, FileAccess.Write, FileShare.ReadWrite);
        using var writer = new StreamWriter(file);
        foreach (var line in lines)
        {
            writer.Write(line + "\n");
        }
    }

    private string[] Files() => Directory.GetFiles(Spool, "*.jsonl");

    private AuditEvent[] Callouts() => [.. _log.Select(entry => entry.Event).Where(audited => audited.Action == "callout")];

    private void Away() => _store.Writing = static _ => throw new IOException("The database is away.");

    private async Task BackAsync(AuditParts parts)
    {
        _store.Writing = static _ => { };
        while (parts.Spool!.IsInUse)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await PauseAsync();
        }
    }

    private async Task<AuditParts> StartAsync(IAuditTurns? turns = null)
    {
        var parts = new AuditParts(_directory, _key, _store, _time, spool: Spool, knowledge: _knowledge, turns: turns);
        _processes.Add(parts);
        await parts.Log.StartAsync(CancellationToken.None);
        return parts;
    }

    private AuditEvent Event() => new($"request-{_made++}", _time.GetUtcNow(), "Shop", "callout", "Payments", AuditOutcomes.Success) { DurationMs = 1.5, Status = 200, Path = "/\"a\"\n" };

    /// <summary>Turns of one process, which may have to wait for a database that is away.</summary>
    private sealed class Turns(List<AuditEntry> log) : IAuditTurns
    {
        private readonly TaskCompletionSource _back = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool IsAway { get; set; }

        public void Return()
        {
            IsAway = false;
            _back.TrySetResult();
        }

        public async Task<AuditClaim> TakeAsync(long known, CancellationToken cancellationToken)
        {
            if (IsAway)
            {
                await _back.Task.WaitAsync(cancellationToken);
            }

            return new AuditClaim(
                log.Count == 0 ? null : new AuditHead(log[^1].Sequence, log[^1].Segment, log[^1].Hash),
                known == 0 ? AuditChain.Beginning.Hash : log.Find(entry => entry.Sequence == known)?.Hash);
        }

        public ValueTask ReleaseAsync() => ValueTask.CompletedTask;
    }

    private sealed class Knowledge : ISharedKnowledge
    {
        public TimeSpan Age { get; set; }
    }
}
