using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Vault.Client.Admin;
using Vault.Client.Admin.Models;
using Vault.Testing;
using Xunit;

namespace Vault.Client.Tests.Admin;

/// <summary>The client that is made of openapi.json, against the API that openapi.json describes.</summary>
public sealed class AdminClientTests(VaultAndService setup) : IClassFixture<VaultAndService>
{
    [Fact]
    public async Task A_Service_IsSetUpAndCalled()
    {
        await using var app = AppOf(VaultFactory.AdminKey);
        var vault = app.GetRequiredService<VaultAdminClient>();

        var external = await vault.Api.V1.ExternalCredentials.PostAsync(new ExternalCredentialInput
        {
            Name = "Typed",
            Authentication = VaultJson.Of(new JsonObject { ["protocol"] = "apiKey", ["in"] = "header", ["parameterName"] = "X-Api-Key" }),
            CustomHeaders = [new CustomHeaderContract { Name = "X-Tenant", Value = "{!$Credential.Tenant}" }],
        });
        await vault.Api.V1.NamedCredentials.PostAsync(new NamedCredentialInput { Name = "Typed", Url = setup.Service.Url, ExternalCredential = external!.Name });
        await vault.Api.V1.ExternalCredentials["Typed"].Principals["default"].Credential.PutAsync(new CredentialInput
        {
            Parameters = new CredentialInput_parameters { AdditionalData = new Dictionary<string, object> { ["ApiKey"] = "the-typed-key", ["Tenant"] = "t1" } },
        });
        await vault.Api.V1.Apps.PostAsync(new AppInput { Name = "TypedApp" });
        await vault.Api.V1.Apps["TypedApp"].Grants["Typed"].PutAsync(new GrantInput { Principals = ["default"] });
        var key = await vault.Api.V1.Apps["TypedApp"].Keys.PostAsync(new AppKeyInput());
        await using var caller = setup.App(services => services.AddHttpClient("x").UseVault("Typed"), key!.Key);

        using var answer = await VaultAndService.ClientOf(caller).GetAsync("record");

        Assert.Equal(("the-typed-key", "t1"), (setup.Service.Requests[^1].Header("X-Api-Key"), setup.Service.Requests[^1].Header("X-Tenant")));
        var listed = await vault.Api.V1.NamedCredentials.GetAsync(request => request.QueryParameters.Search = "Typed");
        Assert.Equal("Typed", Assert.Single(listed!.Items!).Name);
    }

    [Fact]
    public async Task A_Mistake_IsAProblemThatNamesTheProperty()
    {
        await using var app = AppOf(VaultFactory.AdminKey);

        var problem = await Assert.ThrowsAsync<ProblemDetails>(
            () => app.GetRequiredService<VaultAdminClient>().Api.V1.Apps.PostAsync(new AppInput { Name = "no name" }));

        Assert.Equal((400, "invalid-request"), (problem.ResponseStatusCode, problem.Code));
        Assert.Contains("$.name", problem.Errors!.AdditionalData.Keys);
        Assert.Equal(("The request is not valid.", problem.Detail), (problem.Message, problem.Message));
    }

    [Fact]
    public async Task A_KeyOfAnApp_IsRefused()
    {
        await using var app = AppOf(setup.Key);

        var problem = await Assert.ThrowsAsync<ProblemDetails>(() => app.GetRequiredService<VaultAdminClient>().Api.V1.Apps.GetAsync());

        Assert.Equal(403, problem.ResponseStatusCode);
    }

    private ServiceProvider AppOf(string key) =>
        new ServiceCollection().AddVaultAdminClient(options => (options.Url, options.Key) = (setup.Url, key)).BuildServiceProvider();
}
