using Microsoft.Extensions.DependencyInjection;
using Vault.Core.Authentication.Credentials;
using Vault.Core.Callouts.Attempts;
using Vault.Core.Callouts.Trials;

namespace Vault.Core.Callouts;

/// <summary>Registers the chain of callouts.</summary>
public static class CalloutRegistration
{
    /// <summary>Adds it.</summary>
    public static IServiceCollection AddVaultCallouts(this IServiceCollection services) => services
        .AddSingleton<CalloutAdmission>()
        .AddSingleton<CalloutRate>()
        .AddSingleton<EchoSets>()
        .AddSingleton<ICredentialCache>(provider => provider.GetRequiredService<EchoSets>())
        .AddSingleton<IdleTimers>()
        .AddSingleton<CalloutAttempts>()
        .AddSingleton<CalloutStanding>()
        .AddSingleton<CalloutPreparation>()
        .AddSingleton<CalloutInvoker>()
        .AddSingleton<CalloutTrial>();
}
