using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Vault.Api.Hosting;
using Vault.Core.Primitives;

namespace Vault.Api.Telemetry;

/// <summary>
/// Metrics at <c>/metrics</c> as Prometheus reads them, and traces, metrics and logs by OTLP where the environment names a
/// collector (<c>OTEL_EXPORTER_OTLP_ENDPOINT</c> and the others of OpenTelemetry's specification).
/// </summary>
internal static class TelemetrySetup
{
    private const string Route = "/metrics";

    private static readonly string[] CollectorSettings =
    [
        "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
    ];

    /// <summary>Adds what is asked for; of what isn't, nothing listens and nothing is measured.</summary>
    public static void AddVaultTelemetry(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<VaultGauges>();
        var hasCollector = CollectorSettings.Any(setting => builder.Configuration[setting] is { Length: > 0 });
        if (!hasCollector && !IsScraped(builder.Configuration))
        {
            return;
        }

        var telemetry = builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource
                .AddService("vault", serviceVersion: typeof(TelemetrySetup).Assembly.GetName().Version?.ToString(3))
                .AddEnvironmentVariableDetector())
            .WithMetrics(metrics =>
            {
                metrics.AddMeter(VaultTelemetry.Name, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime");
                if (IsScraped(builder.Configuration))
                {
                    metrics.AddPrometheusExporter();
                }
            });
        if (!hasCollector)
        {
            return;
        }

        telemetry
            .WithTracing(traces => traces
                .AddSource(VaultTelemetry.Name)

                // A query may hold anything, a key too; not even its redacted form is kept.
                .AddAspNetCoreInstrumentation(options => options.EnrichWithHttpRequest = (activity, _) => activity.SetTag("url.query", null)))
            .WithLogging(null, logs => logs.IncludeFormattedMessage = true)
            .UseOtlpExporter();
    }

    /// <summary>Serves <c>/metrics</c>, where it is on; needs no key, as those who scrape have none, and tells nothing of what the vault holds.</summary>
    public static void MapMetrics(this WebApplication app)
    {
        app.Services.GetRequiredService<VaultGauges>();
        if (IsScraped(app.Configuration))
        {
            app.MapPrometheusScrapingEndpoint(Route);
        }
    }

    /// <summary><c>Vault:Metrics</c>: on unless it is turned off.</summary>
    private static bool IsScraped(IConfiguration configuration) => configuration["Vault:Metrics"] is not { Length: > 0 } text
        || (bool.TryParse(text, out var isOn) ? isOn : throw new VaultSettingException("Vault:Metrics", "must be true or false."));
}
