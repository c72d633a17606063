namespace Vault.Core.Audit;

/// <summary>One walk along the records, from the beginning or from what was pruned, up to the first that isn't what the vault wrote.</summary>
/// <param name="store">The records.</param>
/// <param name="chain">What they have to fit.</param>
/// <param name="pruned">What retention removed; null: nothing.</param>
internal sealed class AuditWalk(IAuditStore store, AuditChain chain, PrunedRange? pruned)
{
    private readonly HashSet<string> _intents = new(StringComparer.Ordinal);

    /// <summary>The last good record so far.</summary>
    public AuditHead Last { get; private set; } = pruned?.Head ?? AuditChain.Beginning;

    /// <summary>What came of it, where all is well.</summary>
    public AuditVerdict Good => new(Last.Sequence - Start, true, Unfinished: _intents.Count);

    private long Start => pruned?.To ?? 0;

    /// <summary>A record is bad. Those before it that were found good are counted; there may be none up to it.</summary>
    public AuditVerdict Bad(long sequence, string fault, string detail) =>
        new(Math.Max(0, Math.Min(Last.Sequence, sequence - 1) - Start), false, sequence, fault, $"Record {sequence} {detail}.");

    /// <summary>Takes the next record; gives what is wrong with it, null: nothing.</summary>
    /// <param name="entry">The record.</param>
    /// <param name="end">The last record that there must be, as far as somebody knows: behind it, records that the vault didn't write don't mean that others are gone.</param>
    /// <param name="cancellationToken">Of the caller.</param>
    public async Task<AuditVerdict?> NextAsync(AuditEntry entry, long end, CancellationToken cancellationToken)
    {
        if (await JudgeAsync(entry, end, cancellationToken) is { } bad)
        {
            return bad;
        }

        Last = new AuditHead(entry.Sequence, entry.Segment, entry.Hash);
        if (entry.Event.Outcome == AuditOutcomes.Intent)
        {
            _intents.Add(entry.Event.Id);
        }
        else if (_intents.Count > 0)
        {
            _intents.Remove(entry.Event.Id);
        }

        return null;
    }

    private async Task<AuditVerdict?> JudgeAsync(AuditEntry entry, long end, CancellationToken cancellationToken)
    {
        var wanted = Last.Sequence + 1;
        if (entry.Sequence < wanted)
        {
            return Bad(entry.Sequence, AuditFaults.Forged, entry.Sequence > 0 ? "stands where the log no longer has one" : "stands before the beginning");
        }

        if (entry.Sequence > wanted)
        {
            return await GapAsync(entry, wanted, end, cancellationToken);
        }

        if (entry.IsUnreadable)
        {
            return Bad(wanted, AuditFaults.Modified, "can't be read: it was changed after it was written");
        }

        if (!chain.IsAuthentic(entry))
        {
            return Bad(wanted, AuditFaults.Forged, "was not written by this vault");
        }

        if (AuditChain.IsOf(entry, wanted))
        {
            return entry.Previous.AsSpan().SequenceEqual(Last.Hash) ? null : Bad(wanted, AuditFaults.Forged, "doesn't follow the one before it");
        }

        return await ExplainAsync(entry, wanted, end, cancellationToken);
    }

    private async Task<AuditVerdict> GapAsync(AuditEntry entry, long wanted, long end, CancellationToken cancellationToken)
    {
        var isGenuine = chain.IsAuthentic(entry) && AuditChain.IsOf(entry, entry.Sequence);
        if (!isGenuine && wanted > end)
        {
            return Bad(entry.Sequence, AuditFaults.Forged, "was not written by this vault");
        }

        if (isGenuine && entry.Segment > Last.Segment + 1)
        {
            return Bad(wanted, AuditFaults.SegmentMissing, $"to {entry.Sequence - 1} are gone, whole segments");
        }

        return await IsElsewhereAsync(wanted, cancellationToken)
            ? Bad(wanted, AuditFaults.Reordered, "stands in another place")
            : Bad(wanted, AuditFaults.Missing, entry.Sequence == wanted + 1 ? "is gone" : $"to {entry.Sequence - 1} are gone");
    }

    // An authentic record that doesn't fit its place: where does it belong, and what belongs here? Its place is one that a record has, or had at the end.
    private async Task<AuditVerdict> ExplainAsync(AuditEntry entry, long wanted, long end, CancellationToken cancellationToken)
    {
        long? home = null;
        var isDuplicate = false;
        var isElsewhere = false;
        var last = wanted;
        await foreach (var other in store.ReadAsync(cancellationToken))
        {
            last = other.Sequence;
            home ??= AuditChain.IsOf(entry, other.Sequence) ? other.Sequence : null;
            isDuplicate |= other.Sequence != wanted && other.Hash.AsSpan().SequenceEqual(entry.Hash);
            isElsewhere |= other.Sequence != wanted && AuditChain.IsOf(other, wanted) && chain.IsAuthentic(other);
        }

        for (var place = last; home is null && place < end;)
        {
            place++;
            home = AuditChain.IsOf(entry, place) ? place : null;
        }

        return home is null ? Bad(wanted, AuditFaults.Modified, "was changed after it was written")
            : isDuplicate ? Bad(wanted, AuditFaults.Duplicate, $"is record {home} a second time")
            : isElsewhere ? Bad(wanted, AuditFaults.Reordered, $"is record {home}, moved")
            : Bad(wanted, AuditFaults.Missing, $"is gone, and record {home} stands in its place");
    }

    private async Task<bool> IsElsewhereAsync(long wanted, CancellationToken cancellationToken)
    {
        await foreach (var other in store.ReadAsync(cancellationToken))
        {
            if (other.Sequence != wanted && AuditChain.IsOf(other, wanted) && chain.IsAuthentic(other))
            {
                return true;
            }
        }

        return false;
    }
}
