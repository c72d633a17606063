using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Vault.Core.Audit;
using Vault.Core.Audit.Spools;
using Vault.Core.Secrets;

namespace Vault.Core.Tests.Audit;

/// <summary>The audit of one vault process, over any store.</summary>
internal sealed class AuditParts
{
    private static readonly IMeterFactory Meters = new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<IMeterFactory>();

    public AuditParts(string directory, IntegrityKey key, IAuditStore store, TimeProvider time, int? retentionDays = null, string? spool = null, ISharedKnowledge? knowledge = null, IAuditTurns? turns = null, ILoggerFactory? logs = null)
    {
        logs ??= NullLoggerFactory.Instance;
        var options = new AuditOptions(AuditDurability.BeforeResponse, directory, retentionDays) { SpoolDirectory = spool, SpoolMegabytes = 2 };
        Spool = spool is null ? null : new AuditSpool(options, key, time, knowledge);
        Chain = new AuditChain(key);
        Checkpoints = new AuditCheckpoints(options, key);
        Mark = new AuditMark(options, key);
        Tail = new AuditTail(store, Chain, Checkpoints, Mark, new AuditBeginning(options, store, Chain, Checkpoints, Mark, time, logs.CreateLogger<AuditBeginning>()), time, logs.CreateLogger<AuditTail>(), turns);
        Log = new AuditLog(store, Tail, time, Meters, logs.CreateLogger<AuditLog>(), Spool);
        Verifier = new AuditVerifier(store, Chain, Checkpoints, Mark);
        Retention = new AuditRetention(options, Tail, Verifier, store, time, logs.CreateLogger<AuditRetention>());
    }

    public AuditSpool? Spool { get; }

    public AuditChain Chain { get; }

    public AuditCheckpoints Checkpoints { get; }

    public AuditMark Mark { get; }

    public AuditTail Tail { get; }

    public AuditLog Log { get; }

    public AuditVerifier Verifier { get; }

    public AuditRetention Retention { get; }
}
