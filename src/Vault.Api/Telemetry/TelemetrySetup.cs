using System.Diagnostics;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Vault.Core.Primitives;

namespace Vault.Api.Telemetry;

/// <summary>
/// Traces, metrics and logs by OTLP, where the environment names a collector (<c>OTEL_EXPORTER_OTLP_ENDPOINT</c> and the others of
/// OpenTelemetry's specification). Else nothing is traced.
/// </summary>
internal static class TelemetrySetup
{
    /// <summary>The vault's own meter, and the platform's whose labels are few.</summary>
    public static readonly string[] Meters = [VaultTelemetry.Name, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime"];

    // What a caller may have put a key into.
    private static readonly string[] CallersOwn = ["url.path", "server.address", "http.request.method_original"];

    private static readonly string[] CollectorSettings =
    [
        "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
    ];

    /// <summary>Adds what is asked for.</summary>
    public static void AddVaultTelemetry(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<VaultGauges>();
        if (!CollectorSettings.Any(setting => builder.Configuration[setting] is { Length: > 0 }))
        {
            return;
        }

        builder.Services.AddOpenTelemetry()
            .ConfigureResource(Describe)
            .WithMetrics(metrics => metrics.AddMeter(Meters))
            .WithTracing(traces => traces
                .AddSource(VaultTelemetry.Name)
                .AddAspNetCoreInstrumentation(options => options.EnrichWithHttpRequest = (activity, _) => Discard(activity)))
            .WithLogging(null, logs => logs.IncludeFormattedMessage = true)
            .UseOtlpExporter();
    }

    private static void Discard(Activity activity)
    {
        // A query may hold anything, a key too; not even its redacted form is kept.
        activity.SetTag("url.query", null);
        activity.SetTag("user_agent.original", null);
        foreach (var name in CallersOwn)
        {
            if (activity.GetTagItem(name) is string text)
            {
                activity.SetTag(name, VaultKeyForm.Hide(text));
            }
        }
    }

    /// <summary>What the numbers are of: <c>vault</c>, unless <c>OTEL_SERVICE_NAME</c> says otherwise.</summary>
    public static void Describe(ResourceBuilder resource) => resource
        .AddService("vault", serviceVersion: typeof(TelemetrySetup).Assembly.GetName().Version?.ToString(3))
        .AddEnvironmentVariableDetector();
}
