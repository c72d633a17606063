using Azure.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Vault.Core.Authentication.SecretSources;
using Vault.Core.Authentication.SecretSources.AzureKeyVault;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.SecretSources;

/// <summary>Azure Key Vault in its own protocol, on loopback; the credentials are the test's.</summary>
public sealed class AzureSourceTests
{
    [Theory]
    [InlineData("""{ "value": "the-azure-value", "id": "https://x/secrets/billing/1" }""", null, null, "/secrets/billing?api-version=7.4", "the-azure-value")]
    [InlineData("""{ "value": "{\"password\":\"the-inner-value\"}" }""", "password", "0a1b", "/secrets/billing/0a1b?api-version=7.4", "the-inner-value")]
    [InlineData("""{ "value": "{\"password\":\"the-inner-value\"}" }""", "other", null, "/secrets/billing?api-version=7.4", null)]
    [InlineData("""{ "value": "no json" }""", "password", null, "/secrets/billing?api-version=7.4", null)]
    [InlineData("""{ }""", null, null, "/secrets/billing?api-version=7.4", null)]
    public async Task Secret_IsRead(string answer, string? field, string? version, string target, string? expected)
    {
        await using var service = await RecordingUpstream.StartAsync();
        service.Answer = (context, _) => context.Response.WriteAsync(answer);
        using var http = new HttpMessageInvoker(new SocketsHttpHandler());
        var section = new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?> { ["azure:Type"] = "azureKeyVault", ["azure:VaultUri"] = service.Url }).Build().GetSection("azure");
        var source = AzureKeyVaultSource.Read(new SecretSourceSettings(section, allowHttp: true), http, TimeProvider.System, new FixedCredential());
        var reference = new SecretReference("azure", "billing", field, version);
        Assert.Null(source.Check(reference));
        Assert.NotNull(source.Check(reference with { Secret = "../keys/x" }));

        var got = await source.GetAsync(reference, CancellationToken.None);

        Assert.Equal(expected, got.IsOk ? got.Value.Reveal() : null);
        Assert.DoesNotContain("the-inner-value", got.IsOk ? "" : got.Error.Detail, StringComparison.Ordinal);
        var request = Assert.Single(service.Requests);
        Assert.Equal(target, request.Target);
        Assert.Equal("Bearer the-azure-token", request.Header("Authorization"));
    }

    private sealed class FixedCredential : TokenCredential
    {
        public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken) => new("the-azure-token", DateTimeOffset.MaxValue);

        public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken) => new(GetToken(requestContext, cancellationToken));
    }
}
