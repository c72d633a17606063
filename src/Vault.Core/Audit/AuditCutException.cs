namespace Vault.Core.Audit;

/// <summary>
/// The database doesn't end where it must: something else changed it. Nothing is recorded, and so nothing is
/// sent, until what was there is there again.
/// </summary>
public sealed class AuditCutException : IOException
{
    /// <summary>While a write failed, or while other processes had the turn, the end was changed.</summary>
    /// <param name="sequence">The record that it must end with.</param>
    public AuditCutException(long sequence)
        : base($"The audit in the database doesn't end with record {sequence} or what was being written after it: something else than this vault changed it.")
    {
    }

    private AuditCutException(string message)
        : base(message)
    {
    }

    /// <summary>The last record has the greatest number, or segment, that there is: nothing can follow it, and no vault comes that far.</summary>
    /// <param name="head">The last record.</param>
    internal static AuditCutException Beyond(AuditHead head) =>
        new($"The audit in the database ends with record {head.Sequence} of segment {head.Segment}, which nothing can follow: something else than this vault added it.");
}
