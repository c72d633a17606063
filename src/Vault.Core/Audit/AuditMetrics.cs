using System.Diagnostics.Metrics;
using Vault.Core.Primitives;

namespace Vault.Core.Audit;

/// <summary>Counts what the audit keeps: every change, token and refusal goes through it, so that one counter tells of them all.</summary>
internal sealed class AuditMetrics
{
    private readonly Counter<long> _events;
    private readonly Histogram<double> _commits;
    private long _lost;

    /// <summary>Makes the instruments.</summary>
    /// <param name="meters">Where from.</param>
    /// <param name="waiting">How many records wait to be written now.</param>
    /// <param name="spooled">How many records wait in the spool.</param>
    /// <param name="isKeeping">Whether the last try to keep records went well.</param>
    public AuditMetrics(IMeterFactory meters, Func<long> waiting, Func<long> spooled, Func<bool> isKeeping)
    {
        var meter = meters.Create(VaultTelemetry.Name);
        _events = meter.CreateCounter<long>("vault.audit.events", "{event}", "Records kept in the audit, by action and outcome.");
        _commits = meter.CreateHistogram(
            "vault.audit.commit.duration", "s", "How long a transaction of audit records took.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5] });
        // Observed, so that it is 0 before the first is lost: a rate of what wasn't there before is none.
        meter.CreateObservableCounter("vault.audit.lost", () => Interlocked.Read(ref _lost), "{event}", "Records that could not be kept, because too many waited.");
        meter.CreateObservableGauge("vault.audit.waiting", waiting, "{event}", "Records that wait to be written.");
        meter.CreateObservableGauge("vault.audit.spooled", spooled, "{event}", "Records that are kept on local disk until the database is back.");
        meter.CreateObservableGauge("vault.audit.keeping", () => isKeeping() ? 1 : 0, "1", "1 where the last try to keep records went well; 0: callouts are refused.");
    }

    /// <summary>A transaction of so many records was committed.</summary>
    public void Committed(int count, TimeSpan duration)
    {
        if (_commits.Enabled && count > 0)
        {
            _commits.Record(duration.TotalSeconds);
        }
    }

    /// <summary>Records are durable.</summary>
    public void Kept(IReadOnlyList<AuditEvent> events)
    {
        if (!_events.Enabled)
        {
            return;
        }

        // Nearly all of a batch are callouts that went well: what is alike and stands together is counted at once.
        for (int from = 0, to; from < events.Count; from = to)
        {
            var (action, outcome) = (events[from].Action, events[from].Outcome);
            for (to = from + 1; to < events.Count && events[to].Action == action && events[to].Outcome == outcome; to++)
            {
            }

            _events.Add(to - from, new("vault.audit.action", action), new("vault.audit.outcome", outcome));
        }
    }

    /// <summary>A record was lost.</summary>
    public void Lost() => Interlocked.Increment(ref _lost);
}
