using System.Runtime.CompilerServices;
using Vault.Core.Audit;

namespace Vault.Core.Tests.Audit;

/// <summary>Records that are only read.</summary>
internal sealed class ListAuditStore(IReadOnlyList<AuditEntry> log) : IAuditStore
{
    public Task<AuditHead?> HeadAsync(CancellationToken cancellationToken) => Task.FromResult<AuditHead?>(new(log[^1].Sequence, log[^1].Segment, log[^1].Hash));

    public Task AppendAsync(IReadOnlyList<AuditEntry> entries, CancellationToken cancellationToken) => throw new NotSupportedException();

    public async IAsyncEnumerable<AuditEntry> ReadAsync(long upTo, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        foreach (var entry in log.Where(entry => entry.Sequence <= upTo))
        {
            yield return entry;
        }
    }

    public Task<IReadOnlyList<AuditEntry>> FindAsync(AuditFilter filter, long? before, int count, CancellationToken cancellationToken) => throw new NotSupportedException();
}
