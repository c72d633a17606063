using Vault.Core.Audit;
using Vault.Core.Storage.Rows;

namespace Vault.Core.Storage;

/// <summary>Writes records of the audit to one kind of database, as cheaply as it can be done: every callout has one. See docs/decisions/0013.</summary>
internal interface IAuditWriter
{
    /// <summary>The records of these ids, in the transaction that holds the right to extend the chain, where there is one.</summary>
    Task<List<AuditRow>> OfIdsAsync(IReadOnlyList<string> ids, CancellationToken cancellationToken);

    /// <summary>Writes the records in one transaction, durable when it returns; none: finds out whether it could be done. One caller at a time.</summary>
    /// <param name="entries">The records.</param>
    /// <param name="begun">Told once the lock to write is held and there is room for more; null: nobody wants to know.</param>
    /// <param name="cancellationToken">Ends it.</param>
    ValueTask AppendAsync(IReadOnlyList<AuditEntry> entries, Action? begun, CancellationToken cancellationToken);
}
