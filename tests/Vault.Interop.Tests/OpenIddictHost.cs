using System.Net;
using System.Security.Claims;
using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Abstractions;
using OpenIddict.Server.AspNetCore;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace Vault.Interop.Tests;

/// <summary>OpenIddict, an authorization server that we didn't write, with a resource that takes its tokens until they are revoked.</summary>
internal sealed class OpenIddictHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private OpenIddictHost(WebApplication app) => _app = app;

    /// <summary>Like <c>http://127.0.0.1:1234</c>.</summary>
    public string Url { get; private set; } = "";

    /// <summary>How often the token endpoint gave a token.</summary>
    public int Given { get; private set; }

    public static async Task<OpenIddictHost> StartAsync(JsonWebKey publicKey)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var database = Guid.NewGuid().ToString("N");
        builder.Services.AddDbContext<DbContext>(options => options.UseInMemoryDatabase(database).UseOpenIddict());
        builder.Services.AddOpenIddict()
            .AddCore(core => core.UseEntityFrameworkCore().UseDbContext<DbContext>())
            .AddServer(server =>
            {
                server.SetTokenEndpointUris("token").SetAuthorizationEndpointUris("authorize").SetRevocationEndpointUris("revoke")
                    .SetDeviceAuthorizationEndpointUris("device").SetEndUserVerificationEndpointUris("verify");
                server.AllowClientCredentialsFlow().AllowAuthorizationCodeFlow().RequireProofKeyForCodeExchange().AllowRefreshTokenFlow().AllowPasswordFlow()
                    .AllowTokenExchangeFlow().AllowDeviceAuthorizationFlow();
                server.AddEphemeralEncryptionKey().AddEphemeralSigningKey().DisableAccessTokenEncryption().SetRefreshTokenReuseLeeway(TimeSpan.Zero);
                server.RegisterScopes(Scopes.OfflineAccess);
                server.UseAspNetCore().EnableTokenEndpointPassthrough().EnableAuthorizationEndpointPassthrough().EnableEndUserVerificationEndpointPassthrough().DisableTransportSecurityRequirement();
            })
            .AddValidation(validation =>
            {
                validation.UseLocalServer();
                validation.UseAspNetCore();
                validation.EnableTokenEntryValidation();
            });
        var app = builder.Build();
        var host = new OpenIddictHost(app);
        app.UseAuthentication();
        app.MapMethods("/authorize", ["GET"], (Delegate)host.Authorize);
        app.MapMethods("/verify", ["GET"], (Delegate)host.Authorize);
        app.MapPost("/token", (Delegate)host.GiveAsync);
        app.Map("/resource", async (HttpContext context) =>
        {
            var result = await context.AuthenticateAsync(OpenIddict.Validation.AspNetCore.OpenIddictValidationAspNetCoreDefaults.AuthenticationScheme);
            context.Response.StatusCode = result.Succeeded ? 200 : 401;
        });
        await app.StartAsync();
        host.Url = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        await host.AddClientsAsync(publicKey);
        return host;
    }

    /// <summary>Revokes every access token that was given, but for this one.</summary>
    public async Task RevokeAccessTokensAsync(string? except = null)
    {
        var kept = except is null ? null : new JsonWebToken(except).GetClaim("oi_tkn_id").Value;
        await using var scope = _app.Services.CreateAsyncScope();
        var tokens = scope.ServiceProvider.GetRequiredService<IOpenIddictTokenManager>();
        var all = new List<object>();
        await foreach (var token in tokens.ListAsync())
        {
            all.Add(token);
        }

        foreach (var token in all)
        {
            if (await tokens.GetTypeAsync(token) == TokenTypeIdentifiers.AccessToken && await tokens.GetIdAsync(token) != kept)
            {
                await tokens.TryRevokeAsync(token);
            }
        }
    }

    /// <summary>Allows this redirect URI.</summary>
    public async Task AllowRedirectAsync(string uri)
    {
        await using var scope = _app.Services.CreateAsyncScope();
        var applications = scope.ServiceProvider.GetRequiredService<IOpenIddictApplicationManager>();
        var application = (await applications.FindByClientIdAsync("secret-client"))!;
        var descriptor = new OpenIddictApplicationDescriptor();
        await applications.PopulateAsync(descriptor, application);
        descriptor.RedirectUris.Add(new Uri(uri));
        await applications.UpdateAsync(application, descriptor);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static ClaimsPrincipal PrincipalOf(string subject, IEnumerable<string> scopes)
    {
        var identity = new ClaimsIdentity("test", Claims.Name, Claims.Role);
        identity.SetClaim(Claims.Subject, subject);
        identity.SetScopes(scopes);
        return new ClaimsPrincipal(identity);
    }

    private IResult Authorize(HttpContext context) => Results.SignIn(
        PrincipalOf("ann", context.GetOpenIddictServerRequest()!.GetScopes()), authenticationScheme: OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);

    private async Task<IResult> GiveAsync(HttpContext context)
    {
        var request = context.GetOpenIddictServerRequest()!;
        Given++;
        if (request.IsAuthorizationCodeGrantType() || request.IsRefreshTokenGrantType() || request.IsDeviceCodeGrantType() || request.IsTokenExchangeGrantType())
        {
            var result = await context.AuthenticateAsync(OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);
            return Results.SignIn(result.Principal!, authenticationScheme: OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);
        }

        var principal = PrincipalOf(request.Username ?? request.ClientId!, request.GetScopes());
        if ((string?)request["for"] is { } audience)
        {
            principal.SetResources(audience);
        }

        return request.IsPasswordGrantType() && request.Password != "the-password"
            ? Results.Forbid(authenticationSchemes: [OpenIddictServerAspNetCoreDefaults.AuthenticationScheme])
            : Results.SignIn(principal, authenticationScheme: OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);
    }

    private async Task AddClientsAsync(JsonWebKey publicKey)
    {
        await using var scope = _app.Services.CreateAsyncScope();
        var applications = scope.ServiceProvider.GetRequiredService<IOpenIddictApplicationManager>();
        string[] permissions =
        [
            Permissions.Endpoints.Token, Permissions.Endpoints.Authorization, Permissions.Endpoints.Revocation, Permissions.GrantTypes.ClientCredentials,
            Permissions.GrantTypes.AuthorizationCode, Permissions.GrantTypes.RefreshToken, Permissions.GrantTypes.Password,
            Permissions.GrantTypes.TokenExchange, Permissions.GrantTypes.DeviceCode, Permissions.Endpoints.DeviceAuthorization, Permissions.ResponseTypes.Code,
        ];
        var secret = new OpenIddictApplicationDescriptor { ClientId = "secret-client", ClientSecret = "the client:secret+1", ClientType = ClientTypes.Confidential };
        var key = new OpenIddictApplicationDescriptor { ClientId = "key-client", ClientType = ClientTypes.Confidential, JsonWebKeySet = new JsonWebKeySet { Keys = { publicKey } } };
        var none = new OpenIddictApplicationDescriptor { ClientId = "public-client", ClientType = ClientTypes.Public };
        foreach (var descriptor in new[] { secret, key, none })
        {
            descriptor.Permissions.UnionWith(permissions);
            await applications.CreateAsync(descriptor);
        }
    }
}
