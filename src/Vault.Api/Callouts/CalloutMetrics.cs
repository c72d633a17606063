using System.Diagnostics;
using System.Diagnostics.Metrics;
using Vault.Core.Primitives;

namespace Vault.Api.Callouts;

/// <summary>How many callouts there are, how long they take and how they end.</summary>
internal sealed class CalloutMetrics
{
    private readonly Histogram<double> _duration;
    private long _active;

    /// <summary>Makes the instruments.</summary>
    public CalloutMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(VaultTelemetry.Name);
        _duration = meter.CreateHistogram(
            "vault.callout.duration", "s", "How long callouts took, from their head to the end of the answer, refused ones included; error.type is the vault's code.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 100] });
        meter.CreateObservableUpDownCounter("vault.callout.active", () => Interlocked.Read(ref _active), "{callout}", "Callouts under way.");
    }

    /// <summary>One begins.</summary>
    public void Began() => Interlocked.Increment(ref _active);

    /// <summary>One ended.</summary>
    /// <param name="context">Of the request.</param>
    /// <param name="audit">What is known of it.</param>
    public void Ended(HttpContext context, CalloutAudit audit)
    {
        Interlocked.Decrement(ref _active);
        if (_duration.Enabled)
        {
            TagList tags = default;
            tags.Add("http.request.method", KnownMethod(context.Request.Method));
            if (audit.Status is { } status)
            {
                tags.Add("http.response.status_code", status);
            }

            if (audit.Code is { } code)
            {
                tags.Add("error.type", code);
            }

            _duration.Record(audit.Elapsed.TotalSeconds, tags);
        }

        if (Activity.Current is { IsAllDataRequested: true } activity)
        {
            Describe(activity, audit);
        }
    }

    // A route of its own, since callouts are never routed; who called what stands here too: a trace is no series.
    private static void Describe(Activity activity, CalloutAudit audit)
    {
        var route = audit.IsByUrl ? "(forward proxy)" : "/callout/{namedCredential}/{**path}";
        activity.DisplayName = $"{activity.GetTagItem("http.request.method")} {route}";
        activity.SetTag("http.route", route);
        activity.SetTag("vault.named_credential", VaultKeyForm.Hide(audit.Name));
        if (audit.Code is { } code)
        {
            activity.SetTag("error.type", code);
        }
    }

    // Anybody can make up a method: the conventions' word for those is one.
    private static string KnownMethod(string method) => method is "GET" or "HEAD" or "POST" or "PUT" or "PATCH" or "DELETE" or "OPTIONS" ? method : "_OTHER";
}
