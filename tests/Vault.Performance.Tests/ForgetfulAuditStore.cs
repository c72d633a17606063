using Vault.Core.Audit;

namespace Vault.Performance.Tests;

/// <summary>
/// Keeps nothing, so that a callout is measured without the database: how many records share a transaction depends on how busy
/// the machine is, and what a callout allocates must not.
/// </summary>
internal sealed class ForgetfulAuditStore : IAuditStore
{
    public Task<AuditHead?> HeadAsync(CancellationToken cancellationToken) => Task.FromResult<AuditHead?>(null);

    public Task AppendAsync(IReadOnlyList<AuditEntry> entries, Action? begun, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task<long?> LastAsync(CancellationToken cancellationToken) => Task.FromResult<long?>(null);

    public Task<AuditEntry?> EntryAsync(long sequence, CancellationToken cancellationToken) => Task.FromResult<AuditEntry?>(null);

    public Task<IReadOnlyList<AuditEvent>> OfIdsAsync(IReadOnlyList<string> ids, CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<AuditEvent>>([]);

    public bool IsRefusal(Exception exception) => false;

    public string ReasonOf(Exception exception) => exception.Message;

    public Task PruneAsync(long upTo, AuditEntry entry, CancellationToken cancellationToken) => Task.CompletedTask;

    public IAsyncEnumerable<AuditEntry> ReadReadableAsync(CancellationToken cancellationToken) => ReadAsync(cancellationToken);

    public IAsyncEnumerable<AuditEntry> ReadAsync(CancellationToken cancellationToken) => AsyncEnumerable.Empty<AuditEntry>();

    public Task<IReadOnlyList<AuditEntry>> FindAsync(AuditFilter filter, AuditPlace place, int count, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<AuditEntry>>([]);
}
