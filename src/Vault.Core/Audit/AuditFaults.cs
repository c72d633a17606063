namespace Vault.Core.Audit;

/// <summary>What is wrong with a record.</summary>
public static class AuditFaults
{
    /// <summary>Its content isn't what was written.</summary>
    public const string Modified = "modified";

    /// <summary>It isn't there.</summary>
    public const string Missing = "missing";

    /// <summary>All records of a segment aren't there.</summary>
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

    /// <summary>The file of checkpoints, or the mark of the end, is gone or not as the vault left it: nobody can say whether the end was cut off.</summary>
    public const string Checkpoints = "checkpoints";
}

/// <summary>What came of verifying.</summary>
/// <param name="Entries">How many records there are, up to the first bad one.</param>
/// <param name="Valid">Whether all is well.</param>
/// <param name="Sequence">Of the first bad record; null: none.</param>
/// <param name="Fault">
/// <c>modified</c>, <c>missing</c>, <c>segment-missing</c>, <c>duplicate</c>, <c>reordered</c>, <c>forged</c>, <c>truncated</c>, <c>forked</c> or
/// <c>checkpoints</c>; null: none.
/// </param>
/// <param name="Detail">The same in words; null: none.</param>
/// <param name="Unfinished">How many callouts have an intent and no outcome: they are under way, or a crash ended them.</param>
public sealed record AuditVerdict(long Entries, bool Valid, long? Sequence = null, string? Fault = null, string? Detail = null, int Unfinished = 0);
