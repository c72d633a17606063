namespace Vault.Core.Audit;

/// <summary>
/// The database doesn't end where it must: while a write failed, somebody else changed it. Nothing is recorded, and so nothing is
/// sent, until what was there is there again.
/// </summary>
public sealed class AuditCutException(long sequence)
    : IOException($"The audit in the database doesn't end with record {sequence} or what was being written after it: something else than this vault changed it.");
