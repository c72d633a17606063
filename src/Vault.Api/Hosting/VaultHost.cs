using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;
using Vault.Api.Admin;
using Vault.Api.Callers;
using Vault.Api.Callouts;
using Vault.Api.Consents;
using Vault.Api.Errors;
using Vault.Api.ForwardProxy;
using Vault.Api.OpenApi;
using Vault.Api.Telemetry;
using Vault.Core.Access;
using Vault.Core.Administration;
using Vault.Core.Administration.Access;
using Vault.Core.Administration.Consents;
using Vault.Core.Administration.VaultKeys;
using Vault.Core.Authentication;
using Vault.Core.Authentication.SecretSources;
using Vault.Core.Callouts;
using Vault.Core.Egress;
using Vault.Core.ForwardProxy;
using Vault.Core.Secrets;
using Vault.Core.Storage;

namespace Vault.Api.Hosting;

/// <summary>Builds, starts and runs the vault.</summary>
internal static class VaultHost
{
    /// <summary>The exit code where the vault can't start as it is configured (<c>EX_CONFIG</c> of sysexits.h).</summary>
    private const int BadConfiguration = 78;

    /// <summary>How long a stop waits for callouts that are under way.</summary>
    private static readonly TimeSpan Drain = TimeSpan.FromSeconds(30);

    /// <summary>Runs until it is stopped.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        if (VaultCommand.Find(args) is { } command)
        {
            // A command holds the keys of the vault as well.
            ProcessHardening.Apply();
            return await command();
        }

        // Made once: where this vault ends by itself before it can say where it listens, the key is told.
        string? untold = null;
        try
        {
            var builder = VaultBuilder.Create(args);

            // To the console alone: what else is there by default listens for debuggers, in every line and in every start.
            builder.Logging.ClearProviders().AddConsole();
            AddServices(builder);
            if (!builder.Environment.IsDevelopment())
            {
                ProcessHardening.Apply();
            }

            await using var app = builder.Build();
            Map(app);
            app.Services.GetRequiredService<SecretSources>();
            var bootstrapKey = app.Configuration["Vault:BootstrapAdminKey"];
            app.Services.GetRequiredService<AskedSettings>().RequireForms(app.Configuration);
            KestrelSetup.Load(app.Services);
            await app.Services.GetRequiredService<VaultStorageStart>().InitializeAsync(CancellationToken.None);
            await app.Services.GetRequiredService<PendingRecords>().WriteAsync(CancellationToken.None);
            untold = await app.Services.GetRequiredService<BootstrapAdminKey>()
                .EnsureAsync(bootstrapKey, CancellationToken.None);
            if (app.Services.GetRequiredService<ForwardProxyOptions>().IsOn)
            {
                await app.Services.GetRequiredService<CertificateAuthority>().KeepAsync(CancellationToken.None);
            }

            app.Lifetime.ApplicationStarted.Register(() => OnStarted(app, Interlocked.Exchange(ref untold, null)));
            if (await StartAsync(app))
            {
                await app.WaitForShutdownAsync();
            }

            return 0;
        }
        catch (Exception exception) when (exception is VaultStartException or VaultSettingException or OptionsValidationException
            or SocketException)
        {
            // A socket that isn't the listeners' is one to the database: its host has no address.
            await VaultCommand.TellAsync(Console.Error, exception is SocketException ? $"A host that the settings name can't be reached: {exception.Message}" : exception.Message);
            return BadConfiguration;
        }
        finally
        {
            if (untold is not null)
            {
                StartBanner.PrintKey(untold);
            }
        }
    }

    // False: it was stopped before it had started.
    private static async Task<bool> StartAsync(WebApplication app)
    {
        try
        {
            await app.StartAsync();
            return true;
        }
        catch (Exception exception)
        {
            await EndAsync(app);
            if (exception is OperationCanceledException && app.Lifetime.ApplicationStopping.IsCancellationRequested)
            {
                return false;
            }

            // Listeners look up no names: a name without an address is the database's.
            if (exception is SocketException { SocketErrorCode: not (SocketError.HostNotFound or SocketError.TryAgain or SocketError.NoData or SocketError.NoRecovery) }
                or IOException { InnerException: AddressInUseException or AggregateException }

                // The server's own: https without a certificate, above all.
                || (exception is InvalidOperationException && exception.Source == typeof(KestrelServer).Assembly.GetName().Name))
            {
                throw new VaultSettingException("ASPNETCORE_URLS, Vault:Http2Url or Vault:ForwardProxy:Url", $"can't be listened at: {exception.Message}");
            }

            throw;
        }
    }

    // What had started when the rest couldn't: the host leaves it running.
    private static async Task EndAsync(WebApplication app)
    {
        try
        {
            await app.StopAsync();
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            // A boundary: why the vault couldn't start is told, not what followed from it.
        }
    }

    internal static void AddServices(WebApplicationBuilder builder)
    {
        // Before anything is read.
        builder.Services.AddSingleton(AskedSettings.AddTo(builder.Configuration));
        LogLevels.Judge(builder.Configuration);
        DiscreetLoggers.AddTo(builder.Services);
        var forwardProxy = ForwardProxyOptions.Read(builder.Configuration);
        builder.AddVaultKestrel(forwardProxy);
        var services = builder.Services;
        services.AddSingleton(TimeProvider.System);
        services.Configure<HostOptions>(host => host.ShutdownTimeout = Drain);
        services.AddVaultStorage(builder.Configuration);
        var egress = EgressOptions.Read(builder.Configuration, builder.Environment.IsDevelopment());
        services.AddVaultEgress(
            egress, vaultId: provider => Convert.ToHexStringLower(provider.GetRequiredService<IntegrityKey>().Mac(CryptographicLabels.VaultId).AsSpan(0, 8)));
        services.AddVaultAccess(builder.Configuration, egress.AllowHttp);
        services.AddSingleton<RefusedSignIns>();
        services.AddHostedService(provider => provider.GetRequiredService<RefusedSignIns>());
        services.AddVaultAuthentication();
        services.AddVaultAdministration(builder.Configuration);
        services.AddSingleton<IPublicAddress, PublicAddress>();
        services.AddVaultCallouts();
        services.AddCalloutEndpoint();
        services.AddForwardProxy(forwardProxy);
        services.AddVaultOpenApi();
        builder.AddVaultTelemetry();
        HostFilter.AddTo(services);

        // Routing would answer a body of another kind with 415 before anybody asked who sends it: JsonBody judges it, when the role is known and the request is recorded.
        services.Remove(services.Single(service => service.ServiceType == typeof(MatcherPolicy) && service.ImplementationType?.Name == "AcceptsMatcherPolicy"));
    }

    private static void Map(WebApplication app)
    {
        // Framing and raw path are judged before anything else looks at the request.
        app.UseRequestId();
        app.UseForwardProxy();
        app.UseSecurityHeaders();
        app.UseMiddleware<StrictFramingMiddleware>();
        app.UseRawTargetGuard();
        app.UseHostFilter();
        app.UseCallouts();
        app.UseOwnThread();
        app.UseLoopGuard();
        app.UseProblemAnswers();
        app.UseHealth();
        app.UseVaultOpenApi();
        app.UseRoutingWithHead();
        app.UseAdminCallers();
        app.MapConsents();
        app.MapVaultAdmin();
        app.MapHealth();
        app.MapMetrics();
    }

    private static void OnStarted(WebApplication app, string? newKey)
    {
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses ?? [];
        var proxy = app.Services.GetRequiredService<ForwardProxyOptions>();
        app.Services.GetRequiredService<EgressPolicy>().SetOwnListeners([.. addresses.Select(ListenerAddress.Parse).OfType<IPEndPoint>()]);
        StartBanner.Print(
            [
                .. addresses.Where(address => !KestrelSetup.IsForwardProxy(address, proxy))
                    .OrderBy(address => KestrelSetup.IsHttp2Only(address, app.Configuration, app.Environment)),
            ],
            proxy.Url, newKey, OpenApiSetup.IsOn(app.Configuration));
        app.Services.GetRequiredService<AskedSettings>().TellUnasked(app.Configuration, app.Logger);
    }
}
