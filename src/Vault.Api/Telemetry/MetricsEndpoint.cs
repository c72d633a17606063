using System.Diagnostics.Metrics;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using Vault.Api.Hosting;

namespace Vault.Api.Telemetry;

/// <summary>
/// <c>/metrics</c>. What collects them is made behind the start: it takes a tenth of a second, and a vault is asked for a callout
/// sooner than for its numbers.
/// </summary>
internal static class MetricsEndpoint
{
    private const string Route = "/metrics";

    /// <summary>Serves it, where it is on; needs no key, as those who scrape have none, and tells nothing of what the vault holds.</summary>
    public static void MapMetrics(this WebApplication app)
    {
        app.Services.GetRequiredService<VaultGauges>();
        if (!IsOn(app.Configuration))
        {
            return;
        }

        var scrape = new Lazy<RequestDelegate>(() => Build(app));
        var lifetime = app.Lifetime;
        lifetime.ApplicationStarted.Register(() => ThreadPool.QueueUserWorkItem(_ => MakeReady(scrape, lifetime)));
        app.MapGet(Route, (HttpContext context) => scrape.Value(context)).ExcludeFromDescription();
    }

    private static void MakeReady(Lazy<RequestDelegate> scrape, IHostApplicationLifetime lifetime)
    {
        try
        {
            _ = scrape.Value;
        }
        catch (ObjectDisposedException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            // The vault was stopped sooner than this was made, and on a thread of the pool it would end the process otherwise.
        }
    }

    /// <summary><c>Vault:Metrics</c>: on unless it is turned off.</summary>
    private static bool IsOn(IConfiguration configuration) => configuration["Vault:Metrics"] is not { Length: > 0 } text
        || (bool.TryParse(text, out var isOn) ? isOn : throw new VaultSettingException("Vault:Metrics", "must be true or false."));

    internal static RequestDelegate Build(WebApplication app)
    {
        var own = app.Services.GetRequiredService<IMeterFactory>();
        var provider = Sdk.CreateMeterProviderBuilder()
            .ConfigureResource(TelemetrySetup.Describe)
            .AddMeter(TelemetrySetup.Meters)

            // Meters are heard by name, from the whole process: another vault's in it would be added to this one's, and end them with its own.
            .AddView(instrument => instrument.Meter.Scope is { } scope && scope != own ? MetricStreamConfiguration.Drop : null)
            .AddPrometheusExporter()
            .Build();
        var branch = new ApplicationBuilder(app.Services);
        branch.UseOpenTelemetryPrometheusScrapingEndpoint(provider, _ => true, null, null, null);
        var scrape = branch.Build();

        // Last: in a vault that has stopped already, this disposes of it at once, and what is disposed of has no exporter any more.
        app.Lifetime.ApplicationStopped.Register(provider.Dispose);
        return scrape;
    }
}
