using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Vault.Api.Callers;
using Vault.Core.Access;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Admin;

/// <summary>Walks every route that there is, as every kind of caller: a route that is added without saying who may use it fails here.</summary>
public sealed partial class AdminRouteWalkTests(RouteCallers callers) : IClassFixture<RouteCallers>
{
    private const string Canary = "Canary-Walk-Password-1";

    /// <summary>Whoever adds a route outside the admin API says here that anybody may reach it.</summary>
    private static readonly string[] Open = ["/callout/{**target}", "/oauth/callback", "/healthz/live", "/healthz/ready", "/metrics", "/api/v1/forward-proxy/ca.pem"];

    private sealed record Route(string Method, string Pattern, IReadOnlyList<VaultRole> Roles, string? Audited)
    {
        public bool IsChange => Method is not "GET";

        /// <summary>The path, with a name in each place.</summary>
        public string Path(string name, string principal = "Nothing") => Place().Replace(Pattern.Replace("{principal}", principal, StringComparison.Ordinal), name);
    }

    private List<RouteEndpoint> Endpoints()
    {
        _ = callers.Vault.AdminClient;
        return [.. callers.Vault.Services.GetServices<EndpointDataSource>().SelectMany(source => source.Endpoints).OfType<RouteEndpoint>().DistinctBy(endpoint => endpoint.DisplayName)];
    }

    private List<Route> Routes() =>
    [
        .. Endpoints().Where(endpoint => endpoint.RoutePattern.RawText?.StartsWith("/api/v1", StringComparison.Ordinal) is true && endpoint.Metadata.GetMetadata<RoleFilter.AnyCaller>() is null)
            .SelectMany(endpoint => endpoint.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods.Select(method => new Route(
                method, endpoint.RoutePattern.RawText!, endpoint.Metadata.GetMetadata<RoleFilter.AllowedRoles>()?.Roles ?? [],
                endpoint.Metadata.GetMetadata<AuditedRequests.Resource>()?.Name))),
    ];

    [Fact]
    public void EveryRoute_SaysWhoMayUseIt_AndWhatItChanges()
    {
        var routes = Routes();
        Assert.True(routes.Count >= 28, $"Only {routes.Count} routes were found.");
        Assert.All(routes, route => Assert.NotEmpty(route.Roles));
        Assert.All(routes, route => Assert.Contains(VaultRole.Admin, route.Roles));
        Assert.All(routes, route => Assert.DoesNotContain(VaultRole.App, route.Roles));
        Assert.All(routes.Where(route => route.IsChange && !route.Pattern.EndsWith("audit/verify", StringComparison.Ordinal)), route => Assert.DoesNotContain(VaultRole.Auditor, route.Roles));
        Assert.All(
            routes.Where(route => route.IsChange && (route.Pattern.Contains("external-credentials", StringComparison.Ordinal) || route.Pattern.Contains("keys", StringComparison.Ordinal))),
            route => Assert.True(route.Roles is [VaultRole.Admin] || route.Pattern.StartsWith("/api/v1/apps/", StringComparison.Ordinal), $"{route}"));

        // Whatever changes something is on record.
        Assert.All(routes.Where(route => route.IsChange), route => Assert.True(route.Audited is not null, $"{route}"));

        // No route is anybody's by oversight.
        Assert.All(Endpoints(), endpoint => Assert.True(
            routes.Exists(route => route.Pattern == endpoint.RoutePattern.RawText) || Open.Contains(endpoint.RoutePattern.RawText), endpoint.RoutePattern.RawText));
    }

    [Fact]
    public async Task OpenRoutes_AnswerAlike_WhoeverAsks()
    {
        var answers = new List<(int, string)>();
        foreach (var (_, _, credential) in await callers.MakeAsync("Walker3"))
        {
            using var client = callers.Vault.CreateClient(credential);
            answers.Add(await SendAsync(client, "GET", "/api/v1/forward-proxy/ca.pem", null));
        }

        // This vault has no forward proxy.
        Assert.Equal(404, Assert.Single(answers.Distinct()).Item1);
    }

    [Fact]
    public async Task EveryRoute_LetsItsRolesIn_AndNobodyElse()
    {
        var routes = Routes();
        foreach (var (name, role, credential) in await callers.MakeAsync())
        {
            foreach (var header in new[] { "X-Vault-Key", "Authorization" })
            {
                using var client = callers.Vault.CreateClient(null);
                if (credential is not null)
                {
                    client.DefaultRequestHeaders.TryAddWithoutValidation(header, header == "Authorization" ? "Bearer " + credential : credential);
                }

                foreach (var route in routes)
                {
                    var (status, text) = await SendAsync(client, route.Method, route.Path("Nothing"), "{}");
                    var code = status >= 400 ? (string?)JsonNode.Parse(text)!["code"] : null;
                    var expected = role is not { } known ? code is "unauthenticated" or "rate-limited" && status is 401 or 429
                        : route.Roles.Contains(known) ? status is not (401 or 403 or 429) && status < 500
                        : (status, code) is (403, "forbidden");
                    Assert.True(expected, $"{name} in {header}: {route.Method} {route.Pattern}: {status} {text}");
                }
            }
        }
    }

    [Fact]
    public async Task EveryRefusedChange_IsRecorded_WithWhoTried()
    {
        using var client = callers.Vault.CreateClient(await callers.Vault.CreateKeyAsync("auditor", "WalkingAuditor"));
        var routes = Routes().Where(route => route.IsChange && !route.Roles.Contains(VaultRole.Auditor)).ToArray();
        foreach (var route in routes)
        {
            await SendAsync(client, route.Method, route.Path("Nothing"), "{}");
        }

        var recorded = (await callers.Vault.AdminAsync(HttpMethod.Get, "/api/v1/audit?actor=WalkingAuditor&outcome=denied&pageSize=500"))!["items"]!.AsArray();
        Assert.All(routes, route => Assert.Contains(recorded, item => (string?)item!["method"] == route.Method && (string?)item["path"] == route.Path("Nothing")));
    }

    [Fact]
    public async Task NoRoute_AnswersWithASecret_WhateverTheRole()
    {
        var vault = callers.Vault;
        await vault.AdminAsync(HttpMethod.Post, "/api/v1/external-credentials", """
            { "name": "Walk", "authentication": { "protocol": "custom" }, "allowedHosts": ["service.example"],
              "principals": [ { "name": "default", "type": "named", "sequence": 1 }, { "name": "own", "type": "perUser", "sequence": 2 } ],
              "customHeaders": [ { "name": "X-Secret", "value": "{!$Credential.Password} {!HEX($Credential.Password)}" } ] }
            """);
        var secret = $$"""{ "parameters": { "Username": "ann", "Password": "{{Canary}}" } }""";
        await vault.AdminAsync(HttpMethod.Put, "/api/v1/external-credentials/Walk/principals/default/credential", secret);
        await vault.AdminAsync(HttpMethod.Put, "/api/v1/external-credentials/Walk/principals/own/users/Walk/credential", secret);
        await vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", """{ "name": "Walk", "url": "https://service.example", "externalCredential": "Walk", "allowMergeFieldsInBody": true }""");
        var key = await vault.CreateAppAsync("Walk", "Walk");
        var all = await callers.MakeAsync("Walker2");
        var read = 0;
        foreach (var (_, _, credential) in all)
        {
            using var client = vault.CreateClient(credential);
            foreach (var route in Routes().Where(route => !route.IsChange))
            {
                foreach (var principal in new[] { "default", "own" })
                {
                    var (status, text) = await SendAsync(client, "GET", route.Path("Walk", principal), null);
                    read += status == 200 ? 1 : 0;
                    Absent(route, text);
                }
            }
        }

        Assert.True(read > 50, $"Only {read} answers had something in them.");
        foreach (var route in Routes().Where(route => route is { IsChange: true, Method: not "DELETE" }).OrderBy(route => route.Method))
        {
            foreach (var body in new[] { "{}", """{ "body": "{!$Credential.Password} {!BASE64ENCODE($Credential.Password)}" }""", $$"""{ "parameters": { "Password": "{{Canary}}" }, "nonsense": true }""" })
            {
                var (_, text) = await SendAsync(vault.AdminClient, route.Method, route.Path("Walk", "default"), body);
                Absent(route, text);
            }
        }

        void Absent(Route route, string text) => SecretForms.AssertAbsent(
            text, $"{route.Method} {route.Pattern}", [Canary, key.Split('_', 3)[2], .. all.Where(caller => caller.Role is not null).Select(caller => caller.Credential![^40..])]);
    }

    [Fact]
    public async Task EveryRoute_ToAMethodNotInCapitals_SaysWhatItAllows_AsToAnyOther()
    {
        var client = callers.Vault.AdminClient;
        foreach (var path in Routes().GroupBy(route => route.Path("Nothing")))
        {
            var allowed = path.Select(route => route.Method).Order().ToArray();
            Assert.Equal(allowed, await AllowAsync("BREW", path.Key));
            foreach (var method in allowed)
            {
                Assert.Equal(allowed, await AllowAsync(method.ToLowerInvariant(), path.Key));
            }
        }

        // HttpClient writes the methods that it knows in capitals.
        async Task<IEnumerable<string>> AllowAsync(string method, string path)
        {
            var answer = await RawClient.SendAsync(
                client.BaseAddress!, null, $"{method} {path} HTTP/1.1\r\nHost: {client.BaseAddress!.Authority}\r\nX-Vault-Key: {VaultFactory.AdminKey}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            Assert.Equal([405], answer.Statuses);
            return Allow().Match(answer.Text).Groups[1].Value.Split(", ").Order();
        }
    }

    private static async Task<(int Status, string Text)> SendAsync(HttpClient client, string method, string path, string? json)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (json is not null && method is not ("GET" or "DELETE"))
        {
            request.Content = new StringContent(json, new MediaTypeHeaderValue("application/json"));
        }

        using var response = await client.SendAsync(request);
        Assert.Equal(response.StatusCode is System.Net.HttpStatusCode.Unauthorized, response.Headers.WwwAuthenticate.Count > 0);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    [GeneratedRegex("\r\nAllow: ([A-Z, ]+)\r\n")]
    private static partial Regex Allow();

    [GeneratedRegex(@"\{[^}]+\}")]
    private static partial Regex Place();
}
