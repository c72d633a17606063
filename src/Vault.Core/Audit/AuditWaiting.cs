namespace Vault.Core.Audit;

/// <summary>A record, and somebody who waits for it; without a record, for word that records can be kept.</summary>
/// <param name="Event">The record.</param>
/// <param name="Kept">Who waits; null: nobody.</param>
internal readonly record struct AuditWaiting(AuditEvent? Event, TaskCompletionSource<bool>? Kept);
