using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Vault.Api.Callers;
using Vault.Core.Access;
using Xunit;

namespace Vault.Api.Tests.Admin;

/// <summary>Walks every admin route that there is: each needs a key, and the role that it says.</summary>
public sealed class AdminRouteWalkTests(AdminFixture api) : IClassFixture<AdminFixture>
{
    private List<(string Method, string Path, IReadOnlyList<VaultRole> Roles)> Routes()
    {
        _ = api.Vault.AdminClient;
        return [.. api.Vault.Services.GetServices<EndpointDataSource>().SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.RoutePattern.RawText?.StartsWith("/api/v1", StringComparison.Ordinal) is true)
            .DistinctBy(endpoint => endpoint.DisplayName)
            .SelectMany(endpoint => endpoint.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods.Select(method => (
                method,
                System.Text.RegularExpressions.Regex.Replace(endpoint.RoutePattern.RawText!, @"\{[^}]+\}", "Nothing"),
                endpoint.Metadata.GetMetadata<RoleFilter.AllowedRoles>()?.Roles ?? [])))];
    }

    [Fact]
    public void EveryRoute_SaysWhoMayUseIt()
    {
        var routes = Routes();
        Assert.True(routes.Count >= 28, $"Only {routes.Count} routes were found.");
        Assert.All(routes, route => Assert.NotEmpty(route.Roles));
        Assert.All(routes, route => Assert.Contains(VaultRole.Admin, route.Roles));
        Assert.All(routes, route => Assert.DoesNotContain(VaultRole.App, route.Roles));
        Assert.All(routes.Where(route => route.Method != "GET" && !route.Path.EndsWith("audit/verify", StringComparison.Ordinal)), route => Assert.DoesNotContain(VaultRole.Auditor, route.Roles));
        Assert.All(
            routes.Where(route => route.Method != "GET" && (route.Path.Contains("external-credentials", StringComparison.Ordinal) || route.Path.Contains("admin-keys", StringComparison.Ordinal))),
            route => Assert.Equal([VaultRole.Admin], route.Roles));
    }

    [Fact]
    public async Task EveryRoute_NeedsAKey()
    {
        foreach (var key in new[] { null, "vk_unknown0_0123456789abcdef0123456789abcdef01234567890" })
        {
            using var client = api.Vault.CreateClient(key);
            foreach (var (method, path, _) in Routes())
            {
                var answer = await api.ExpectAsync(401, "unauthenticated", method, path, method is "GET" or "DELETE" ? null : "{}", client);
                Assert.NotEmpty(answer.Headers.WwwAuthenticate);
            }
        }
    }

    [Theory]
    [InlineData("auditor", VaultRole.Auditor)]
    [InlineData("operator", VaultRole.Operator)]
    public async Task EveryRoute_IsForItsRolesAlone(string name, VaultRole role)
    {
        using var client = api.Vault.CreateClient(await api.Vault.CreateKeyAsync(name));
        foreach (var (method, path, roles) in Routes())
        {
            var answer = await api.SendAsync(method, path, method is "GET" or "DELETE" ? null : "{}", client);
            Assert.True((answer.Code == "forbidden") == !roles.Contains(role), $"{method} {path}: {(int)answer.Status} {answer.Text}");
        }
    }

    [Fact]
    public async Task EveryRoute_IsForbiddenToApps()
    {
        using var client = api.Vault.CreateClient(await api.Vault.CreateAppAsync(api.NewName("App")));
        foreach (var (method, path, _) in Routes())
        {
            await api.ExpectAsync(403, "forbidden", method, path, method is "GET" or "DELETE" ? null : "{}", client);
        }
    }
}
