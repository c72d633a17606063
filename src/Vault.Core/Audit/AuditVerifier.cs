using System.Buffers.Text;

namespace Vault.Core.Audit;

/// <summary>What is wrong with a record.</summary>
public static class AuditFaults
{
    /// <summary>Its content isn't what was written.</summary>
    public const string Modified = "modified";

    /// <summary>It isn't there.</summary>
    public const string Missing = "missing";

    /// <summary>All records of a start of the vault aren't there.</summary>
    public const string SegmentMissing = "segment-missing";

    /// <summary>It stands there a second time.</summary>
    public const string Duplicate = "duplicate";

    /// <summary>It belongs to another place.</summary>
    public const string Reordered = "reordered";

    /// <summary>The vault didn't write it.</summary>
    public const string Forged = "forged";

    /// <summary>The end is cut off.</summary>
    public const string Truncated = "truncated";

    /// <summary>It was written, but isn't what was there when a checkpoint was signed: an older database was put in place.</summary>
    public const string Forked = "forked";

    /// <summary>The file of checkpoints is gone, or a signature in it is wrong.</summary>
    public const string Checkpoints = "checkpoints";
}

/// <summary>What came of verifying.</summary>
/// <param name="Entries">How many records there are, up to the first bad one.</param>
/// <param name="Valid">Whether all is well.</param>
/// <param name="Sequence">Of the first bad record; null: none.</param>
/// <param name="Fault">One of <see cref="AuditFaults"/>; null: none.</param>
/// <param name="Detail">The same in words; null: none.</param>
public sealed record AuditVerdict(long Entries, bool Valid, long? Sequence = null, string? Fault = null, string? Detail = null);

/// <summary>Finds the first record that isn't what the vault wrote, and says how.</summary>
public sealed class AuditVerifier(IAuditStore store, AuditChain chain, AuditCheckpoints checkpoints)
{
    /// <summary>Verifies.</summary>
    /// <param name="head">What the running vault knows to be the end; null: no vault is running.</param>
    /// <param name="cancellationToken">Of the caller.</param>
    public async Task<AuditVerdict> VerifyAsync(AuditHead? head, CancellationToken cancellationToken)
    {
        // The records are read after the checkpoints and the head: those are never ahead of them.
        var signed = await checkpoints.ReadAsync(cancellationToken);
        if (signed is null && (File.Exists(checkpoints.Path) || head is null))
        {
            return new AuditVerdict(0, false, null, AuditFaults.Checkpoints, $"The file of signed checkpoints, {checkpoints.Path}, is missing or holds a line that the vault didn't sign.");
        }

        var expected = (signed ?? []).GroupBy(checkpoint => checkpoint.Sequence)
            .ToDictionary(group => group.Key, group => group.Select(checkpoint => Base64Url.DecodeFromChars(checkpoint.Hash)).ToArray());
        var last = AuditChain.Beginning;
        await foreach (var entry in store.ReadAsync(head?.Sequence ?? long.MaxValue, cancellationToken))
        {
            if (await JudgeAsync(last, entry, cancellationToken) is { } bad)
            {
                return bad;
            }

            if (expected.Remove(entry.Sequence, out var hashes) && !hashes.All(hash => hash.AsSpan().SequenceEqual(entry.Hash)))
            {
                return Bad(entry.Sequence, AuditFaults.Forked, "is not the one that a checkpoint was signed for: an older database was put in place, and records were added to it");
            }

            last = new AuditHead(entry.Sequence, entry.Segment, entry.Hash);
        }

        var end = Math.Max(head?.Sequence ?? 0, expected.Keys.DefaultIfEmpty(0).Max());
        if (last.Sequence < end)
        {
            var segment = Math.Max(head?.Segment ?? 0, (signed ?? []).Select(checkpoint => checkpoint.Segment).DefaultIfEmpty(0).Max());
            return segment > last.Segment
                ? Bad(last.Sequence + 1, AuditFaults.SegmentMissing, $"and all after it are gone, up to {end}: the end is cut off, whole starts of the vault with it")
                : Bad(last.Sequence + 1, AuditFaults.Truncated, $"and all after it are gone, up to {end}: the end is cut off");
        }

        return head is not null && last.Sequence == head.Sequence && !last.Hash.AsSpan().SequenceEqual(head.Hash)
            ? Bad(last.Sequence, AuditFaults.Forked, "is not the one that this vault wrote")
            : new AuditVerdict(last.Sequence, true);
    }

    private static AuditVerdict Bad(long sequence, string fault, string detail) =>
        new(sequence - 1, false, sequence, fault, $"Record {sequence} {detail}.");

    private static bool IsOf(AuditEntry entry, long sequence) =>
        AuditChain.HashOf(sequence, entry.Segment, entry.Event, entry.Previous).AsSpan().SequenceEqual(entry.Hash);

    private async Task<AuditVerdict?> JudgeAsync(AuditHead last, AuditEntry entry, CancellationToken cancellationToken)
    {
        var wanted = last.Sequence + 1;
        if (entry.Sequence != wanted)
        {
            return entry.Segment > last.Segment + 1 && IsOf(entry, entry.Sequence)
                ? Bad(wanted, AuditFaults.SegmentMissing, $"to {entry.Sequence - 1} are gone, whole starts of the vault")
                : await IsElsewhereAsync(wanted, cancellationToken)
                    ? Bad(wanted, AuditFaults.Reordered, "stands in another place")
                    : Bad(wanted, AuditFaults.Missing, entry.Sequence == wanted + 1 ? "is gone" : $"to {entry.Sequence - 1} are gone");
        }

        if (!chain.IsAuthentic(entry))
        {
            return Bad(wanted, AuditFaults.Forged, "was not written by this vault");
        }

        if (IsOf(entry, wanted))
        {
            return entry.Previous.AsSpan().SequenceEqual(last.Hash) ? null : Bad(wanted, AuditFaults.Forked, "doesn't follow the one before it");
        }

        return await ExplainAsync(entry, wanted, cancellationToken);
    }

    // An authentic record that doesn't fit its place: where does it belong, and what belongs here?
    private async Task<AuditVerdict> ExplainAsync(AuditEntry entry, long wanted, CancellationToken cancellationToken)
    {
        var count = (await store.HeadAsync(cancellationToken))?.Sequence ?? 0;
        var home = 0L;
        for (var place = 1L; place <= count + 1 && home == 0; place++)
        {
            home = IsOf(entry, place) ? place : 0;
        }

        if (home == 0)
        {
            return Bad(wanted, AuditFaults.Modified, "was changed after it was written");
        }

        if (await AnyAsync(other => other.Sequence != entry.Sequence && other.Hash.AsSpan().SequenceEqual(entry.Hash), cancellationToken))
        {
            return Bad(wanted, AuditFaults.Duplicate, $"is record {home} a second time");
        }

        return await IsElsewhereAsync(wanted, cancellationToken)
            ? Bad(wanted, AuditFaults.Reordered, $"is record {home}, moved")
            : Bad(wanted, AuditFaults.Missing, $"is gone, and record {home} stands in its place");
    }

    private Task<bool> IsElsewhereAsync(long wanted, CancellationToken cancellationToken) =>
        AnyAsync(other => other.Sequence != wanted && IsOf(other, wanted) && chain.IsAuthentic(other), cancellationToken);

    private async Task<bool> AnyAsync(Func<AuditEntry, bool> predicate, CancellationToken cancellationToken)
    {
        await foreach (var entry in store.ReadAsync(long.MaxValue, cancellationToken))
        {
            if (predicate(entry))
            {
                return true;
            }
        }

        return false;
    }
}
