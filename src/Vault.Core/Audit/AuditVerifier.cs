namespace Vault.Core.Audit;

/// <summary>What retention would remove next.</summary>
/// <param name="Range">The records of the oldest segment.</param>
/// <param name="Newest">The time of its newest record.</param>
/// <param name="Bad">What is wrong with it; null: nothing.</param>
internal sealed record OldestSegment(PrunedRange Range, DateTimeOffset Newest, AuditVerdict? Bad);

/// <summary>Finds the first record that isn't what the vault wrote, and says how.</summary>
public sealed class AuditVerifier(IAuditStore store, AuditChain chain, AuditCheckpoints checkpoints, AuditMark mark)
{
    private const int Tries = 3;

    /// <summary>Verifies.</summary>
    /// <param name="head">What the running vault knows to be the end; null: no vault is running here, the mark beside the database says it.</param>
    /// <param name="cancellationToken">Of the caller.</param>
    public async Task<AuditVerdict> VerifyAsync(AuditHead? head, CancellationToken cancellationToken)
    {
        for (var tried = 1; ; tried++)
        {
            var pruned = await PrunedAsync(cancellationToken);
            var verdict = await WalkAsync(head, pruned, cancellationToken);

            // What looks like missing records may be a segment that was pruned meanwhile.
            if (verdict.Valid || tried == Tries || (await PrunedAsync(cancellationToken))?.To == pruned?.To)
            {
                return verdict;
            }
        }
    }

    /// <summary>Reads the oldest segment, as far as it is as the vault wrote it; null: there are no records.</summary>
    internal async Task<OldestSegment?> OldestSegmentAsync(CancellationToken cancellationToken)
    {
        var pruned = await PrunedAsync(cancellationToken);
        var walk = new AuditWalk(store, chain, pruned);
        OldestSegment? segment = null;
        var from = walk.Last.Sequence + 1;
        await foreach (var entry in store.ReadAsync(cancellationToken))
        {
            if (segment is not null && entry.Segment != segment.Range.Segment)
            {
                return segment;
            }

            var bad = await walk.NextAsync(entry, entry.Sequence, cancellationToken);
            var newest = segment is null || entry.Event.At > segment.Newest ? entry.Event.At : segment.Newest;
            segment = new OldestSegment(new PrunedRange(from, entry.Sequence, entry.Segment, entry.Hash), newest, bad);
            if (bad is not null)
            {
                return segment;
            }
        }

        return segment;
    }

    // The newest one that the vault wrote, though it may have been moved by what somebody did to records before it; a forged one is found on the walk.
    private async Task<PrunedRange?> PrunedAsync(CancellationToken cancellationToken)
    {
        const int AtOnce = 50;
        var searches = AtOnce;
        for (var place = default(AuditPlace); ;)
        {
            var found = await store.FindAsync(new AuditFilter(Action: PrunedRange.Action), place, AtOnce, cancellationToken);
            foreach (var entry in found)
            {
                if (PrunedRange.Parse(entry.Event.Target) is { } range && chain.IsAuthentic(entry)
                    && (AuditChain.IsOf(entry, entry.Sequence) || (searches-- > 0 && IsOfNear(entry))))
                {
                    return range;
                }
            }

            if (found.Count < AtOnce)
            {
                return null;
            }

            place = new AuditPlace(Before: found[^1].Sequence);
        }
    }

    private static bool IsOfNear(AuditEntry entry)
    {
        const int Farthest = 10_000;
        for (var distance = 1; distance <= Farthest; distance++)
        {
            if (AuditChain.IsOf(entry, entry.Sequence - distance) || AuditChain.IsOf(entry, entry.Sequence + distance))
            {
                return true;
            }
        }

        return false;
    }

    private async Task<AuditVerdict> WalkAsync(AuditHead? head, PrunedRange? pruned, CancellationToken cancellationToken)
    {
        // The records are read after the mark and the checkpoints, which are never ahead of them.
        var marked = head is null ? mark.Read() : null;
        if (head is null && marked is null)
        {
            return Undecided("The mark that says where the audit ends, audit-head.json, is missing or wasn't written by this vault.");
        }

        var lines = marked?.Checkpoints ?? mark.Checkpoints;
        var signed = await checkpoints.ReadAsync(cancellationToken);
        if (signed.Problem is not null || signed.Lines.Count < lines)
        {
            return Undecided(signed.Problem ?? $"Of {lines} signed checkpoints only {signed.Lines.Count} are left: the end of their file is cut off.");
        }

        var walk = new AuditWalk(store, chain, pruned);
        AuditHead[] known = [.. signed.Lines.Select(line => line.Head), .. marked is null ? Array.Empty<AuditHead>() : [marked.Head], .. head is null ? Array.Empty<AuditHead>() : [head]];
        var pinned = known.Where(pin => pin.Sequence >= walk.Last.Sequence).GroupBy(pin => pin.Sequence).ToDictionary(group => group.Key, group => group.Select(pin => pin.Hash).ToArray());
        var end = pinned.Keys.DefaultIfEmpty(0).Max();
        if (Fork(walk.Last) is { } early)
        {
            return early;
        }

        try
        {
            await foreach (var entry in store.ReadReadableAsync(cancellationToken))
            {
                if ((await walk.NextAsync(entry, end, cancellationToken) ?? Fork(walk.Last)) is { } bad)
                {
                    return bad;
                }
            }
        }
        catch (Exception exception) when (exception is InvalidCastException or FormatException or OverflowException or ArgumentException)
        {
            // A column holds what no record can hold.
            return walk.Bad(walk.Last.Sequence + 1, AuditFaults.Modified, "or one soon after it can't be read: it was changed after it was written");
        }

        if (walk.Last.Sequence >= end)
        {
            return walk.Good;
        }

        return known.Max(pin => pin.Segment) > walk.Last.Segment
            ? walk.Bad(walk.Last.Sequence + 1, AuditFaults.SegmentMissing, $"and all after it are gone, up to {end}: the end is cut off, whole segments with it")
            : walk.Bad(walk.Last.Sequence + 1, AuditFaults.Truncated, $"and all after it are gone, up to {end}: the end is cut off");

        AuditVerdict? Fork(AuditHead last) => pinned.Remove(last.Sequence, out var hashes) && !hashes.All(hash => hash.AsSpan().SequenceEqual(last.Hash))
            ? walk.Bad(last.Sequence, AuditFaults.Forked, "is not the one that was signed for: an older database was put in place, and records were added to it")
            : null;
    }

    private static AuditVerdict Undecided(string detail) => new(0, false, null, AuditFaults.Checkpoints, detail);
}
