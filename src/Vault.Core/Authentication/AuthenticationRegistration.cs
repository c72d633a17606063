using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Vault.Core.Authentication.Connections;
using Vault.Core.Authentication.Credentials;
using Vault.Core.Authentication.Protocols.ApiKey;
using Vault.Core.Authentication.Protocols.AwsSigV4;
using Vault.Core.Authentication.Protocols.Bearer;
using Vault.Core.Authentication.Protocols.Custom;
using Vault.Core.Authentication.Protocols.Digest;
using Vault.Core.Authentication.Protocols.Jwt;
using Vault.Core.Authentication.Protocols.Login;
using Vault.Core.Authentication.Protocols.None;
using Vault.Core.Authentication.Protocols.OAuth1;
using Vault.Core.Authentication.Protocols.OAuth2;
using Vault.Core.Authentication.Protocols.Password;
using Vault.Core.Authentication.SecretSources;
using Vault.Core.Authentication.Tokens;
using Vault.Core.Egress;

namespace Vault.Core.Authentication;

/// <summary>Registers the protocols: one line each.</summary>
public static class AuthenticationRegistration
{
    /// <summary>Adds the protocols and what they share.</summary>
    public static IServiceCollection AddVaultAuthentication(this IServiceCollection services)
    {
        services.AddSingleton<IAuthenticationProtocol, NoneProtocol>();
        services.AddSingleton<IAuthenticationProtocol, PasswordProtocol>();
        services.AddSingleton<IAuthenticationProtocol, BearerProtocol>();
        services.AddSingleton<IAuthenticationProtocol, ApiKeyProtocol>();
        services.AddSingleton<IAuthenticationProtocol, CustomProtocol>();
        services.AddSingleton<IAuthenticationProtocol, LoginProtocol>();
        services.AddSingleton<IAuthenticationProtocol, OAuth2Protocol>();
        services.AddSingleton<IAuthenticationProtocol, JwtProtocol>();
        services.AddSingleton<IAuthenticationProtocol, AwsSigV4Protocol>();
        services.AddSingleton<IAuthenticationProtocol, OAuth1Protocol>();
        services.AddSingleton<IAuthenticationProtocol, DigestProtocol>();

        services.AddSingleton<AuthenticationProtocols>();
        services.AddSingleton<CredentialBinder>();
        services.AddSingleton<BindingsInForce>();
        services.AddSingleton(provider => SecretSources.SecretSources.Read(
            provider.GetRequiredService<IConfiguration>(), provider.GetRequiredService<UpstreamConnections>(), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<ReferencedParameters>();
        services.AddSingleton<CredentialSets>();
        services.AddSingleton<NamedCredentialConnections>();
        services.AddSingleton<TokenSource>();
        services.AddHostedService<TokenRenewal>();
        services.AddSingleton<ICredentialCache>(provider => provider.GetRequiredService<TokenSource>());
        return services;
    }
}
