using CsCheck;
using Microsoft.AspNetCore.DataProtection;
using Vault.Core.Audit;
using Vault.Core.Secrets;
using Vault.Core.Secrets.KeyRing;
using Xunit;

namespace Vault.Core.Tests.Audit;

/// <summary>Each mutation, at random places of a log of 10,000 records, is named; without one there is no complaint.</summary>
public sealed class AuditMutationTests : IDisposable
{
    private const int Count = 10_000;
    private readonly string _directory = Directory.CreateTempSubdirectory("vault-mutation-").FullName;
    private readonly AuditChain _chain;
    private readonly IntegrityKey _key;
    private readonly List<AuditEntry> _log = new(Count);

    public AuditMutationTests()
    {
        var ring = new VaultKeyRing(new EphemeralDataProtectionProvider());
        ring.Load([ring.Create(VaultKeyRing.DataPurpose), ring.Create(VaultKeyRing.IntegrityPurpose)]);
        _key = new IntegrityKey(ring);
        var parts = Parts(_log);
        _chain = parts.Chain;
        var head = AuditChain.Beginning;
        parts.Checkpoints.AddAsync(head, DateTimeOffset.UnixEpoch).GetAwaiter().GetResult();
        for (var number = 0; number < Count; number++)
        {
            var entry = _chain.Next(head, (number / 1000) + 1, Event(number));
            _log.Add(entry);
            head = new AuditHead(entry.Sequence, entry.Segment, entry.Hash);
            if (number % 1000 == 999)
            {
                parts.Mark.Set(head);
                parts.Mark.Set(parts.Checkpoints.AddAsync(head, entry.Event.At).GetAwaiter().GetResult());
            }
        }

        parts.Mark.Dispose();
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task NoMutation_NoComplaint() => Assert.Equal(new AuditVerdict(Count, true), await VerifyAsync(_log));

    [Theory]
    [InlineData("modify", "modified")]
    [InlineData("delete", "missing")]
    [InlineData("delete and renumber", "missing")]
    [InlineData("reorder", "reordered")]
    [InlineData("insert", "forged")]
    [InlineData("rewrite with hashes", "forged")]
    [InlineData("duplicate", "duplicate")]
    [InlineData("cut", "truncated")]
    [InlineData("cut segments", "segment-missing")]
    [InlineData("drop a segment", "segment-missing")]
    [InlineData("replay and go on", "forked")]
    [InlineData("modify and raise the last number", "modified")]
    [InlineData("insert before the first", "forged")]
    [InlineData("a null becomes the text for null", "modified")]
    [InlineData("delete several and renumber", "missing")]
    [InlineData("plant behind the end", "forged")]
    [InlineData("plant at the last number", "forged")]
    public void EachMutation_IsNamed(string mutation, string fault) => Gen.Int[1000, Count - 1500].Sample(
        place =>
        {
            var (log, sequence) = Mutate(mutation, place);
            var verdict = VerifyAsync(log).GetAwaiter().GetResult();
            Assert.Equal((false, fault, (long?)sequence), (verdict.Valid, verdict.Fault, verdict.Sequence));
            Assert.Equal(Math.Clamp(sequence - 1, 0, Count), verdict.Entries);
        },
        iter: 4, threads: 1);

    private static AuditEvent Event(int number) => new($"id-{number}", DateTimeOffset.UnixEpoch.AddSeconds(number), "App", "callout", "Svc", "success") { Status = 200, DurationMs = 1.5 };

    // What is in the log afterwards, and which record is the first bad one.
    private (List<AuditEntry> Log, long Sequence) Mutate(string mutation, int place)
    {
        var log = _log.ToList();
        switch (mutation)
        {
            case "modify":
                log[place] = log[place] with { Event = log[place].Event with { Actor = "Somebody" } };
                return (log, place + 1);
            case "delete":
                log.RemoveAt(place);
                return (log, place + 1);
            case "delete and renumber":
                log.RemoveAt(place);
                return (Renumbered(log), place + 1);
            case "reorder":
                (log[place], log[place + 70]) = (log[place + 70], log[place]);
                return (Renumbered(log), place + 1);
            case "insert":
                log.Insert(place, log[place] with { Event = Event(77), Hash = new byte[32], Mac = new byte[32] });
                return (Renumbered(log), place + 1);
            case "rewrite with hashes":
                var other = log[place].Event with { Actor = "Somebody" };
                log[place] = log[place] with { Event = other, Hash = AuditChain.HashOf(place + 1, log[place].Segment, other, log[place].Previous) };
                return (log, place + 1);
            case "duplicate":
                log.Insert(place + 1, log[place]);
                return (Renumbered(log), place + 2);
            case "modify and raise the last number":
                log[place] = log[place] with { Event = log[place].Event with { Actor = "Somebody" } };
                log[^1] = log[^1] with { Sequence = long.MaxValue };
                return (log, place + 1);
            case "insert before the first":
                log.Insert(0, log[place] with { Sequence = -3 });
                return (log, -3);
            case "a null becomes the text for null":
                log[place] = log[place] with { Event = log[place].Event with { Principal = "\0null" } };
                return (log, place + 1);
            case "delete several and renumber":
                log.RemoveRange(place, 400);
                return (Renumbered(log), place + 1);
            case "plant behind the end":
                log.Add(log[place] with { Sequence = 1_000_000 });
                return (log, 1_000_000);
            case "plant at the last number":
                log.Add(log[place] with { Sequence = long.MaxValue });
                return (log, long.MaxValue);
            case "cut":
                log.RemoveRange(Count - 300, 300);
                return (log, Count - 299);
            case "cut segments":
                log.RemoveRange(place, Count - place);
                return (log, place + 1);
            case "drop a segment":
                var first = place / 1000 * 1000;
                log.RemoveRange(first, 1000);
                return (log, first + 1);
            default:
                log.RemoveRange(place, Count - place);
                while (log.Count < Count)
                {
                    log.Add(_chain.Next(new AuditHead(log.Count, log[^1].Segment, log[^1].Hash), log[^1].Segment, Event(log.Count + 1_000_000)));
                }

                return (log, (place / 1000 * 1000) + 1000);
        }
    }

    private static List<AuditEntry> Renumbered(List<AuditEntry> log) => [.. log.Select((entry, index) => entry with { Sequence = index + 1 })];

    private Task<AuditVerdict> VerifyAsync(List<AuditEntry> log) => Parts(log).Verifier.VerifyAsync(null, CancellationToken.None);

    private AuditParts Parts(List<AuditEntry> log) => new(_directory, _key, new ListAuditStore(log), TimeProvider.System);
}
