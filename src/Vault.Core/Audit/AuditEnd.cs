namespace Vault.Core.Audit;

/// <summary>
/// The end of the chain, and of its segment. A segment is what retention removes as a whole, so it must not last as long as the
/// process: 10,000 records or a day end it, and the next record begins another.
/// </summary>
/// <param name="Head">The last record.</param>
/// <param name="Segment">The segment that is open.</param>
/// <param name="Count">How many records this process wrote to it.</param>
/// <param name="Since">When it began.</param>
internal readonly record struct AuditEnd(AuditHead Head, int Segment, int Count, DateTimeOffset Since)
{
    /// <summary>How many records a segment has at most.</summary>
    public const int MostInSegment = 10_000;

    /// <summary>How long a segment lasts at most.</summary>
    public static readonly TimeSpan LongestSegment = TimeSpan.FromDays(1);

    /// <summary>The end where a process begins with what it found: its first record begins a segment.</summary>
    /// <exception cref="AuditCutException">There is none after that of the last record.</exception>
    public static AuditEnd Found(AuditHead head, DateTimeOffset now) => new(head, SegmentAfter(head.Segment, head), 0, now);

    /// <summary>The segment of a record that is written now.</summary>
    /// <exception cref="AuditCutException">There is none after the one that is over.</exception>
    public int SegmentAt(DateTimeOffset now) => Count >= MostInSegment || now - Since >= LongestSegment ? SegmentAfter(Segment, Head) : Segment;

    /// <summary>The end once this record is written.</summary>
    public AuditEnd With(AuditEntry entry, DateTimeOffset now)
    {
        var head = new AuditHead(entry.Sequence, entry.Segment, entry.Hash);
        return entry.Segment == Segment ? this with { Head = head, Count = Count + 1 } : new AuditEnd(head, entry.Segment, 1, now);
    }

    /// <summary>The end once other processes went on with the chain; how many of their records are in its segment is counted, their time is not.</summary>
    public AuditEnd After(AuditHead head, DateTimeOffset now)
    {
        var others = (int)Math.Min(MostInSegment, head.Sequence - Head.Sequence);
        return head.Segment == Segment ? this with { Head = head, Count = Count + others } : new AuditEnd(head, head.Segment, others, now);
    }

    private static int SegmentAfter(int segment, AuditHead head) => segment < int.MaxValue ? segment + 1 : throw AuditCutException.Beyond(head);
}
