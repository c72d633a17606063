using System.Text.Json.Nodes;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Attacks;

/// <summary>Upstreams that answer with a way to somewhere else: redirects, alternative services, other services' business.</summary>
[Collection(nameof(OpenEgressBench))]
public sealed class EgressAnswerTests(OpenEgressBench bench)
{
    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(303)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task Redirect_IsHandedBack_NeverFollowed(int status)
    {
        await using var target = RawUpstream.Start();
        await using var upstream = RawUpstream.Start();
        foreach (var location in new[] { target.Url + "/", "http://169.254.169.254/latest/", "//evil.example/", "/elsewhere", "https://127.0.0.1/", "file:///etc/passwd", "\\\\evil.example\\x" })
        {
            upstream.AnswerWith($"HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
            var called = await bench.SaveAndCallAsync(upstream.Url);
            Assert.Equal((status, null), (called.Status, called.Code));
            Assert.Equal(location, Assert.Single(called.Headers.NonValidated["Location"]));
        }

        Assert.Equal(0, target.Connections);
        Assert.Equal(7, upstream.Connections);
    }

    [Fact]
    public async Task AlternativeServices_AreIgnored_AndNotHandedOn()
    {
        await using var other = RawUpstream.Start();
        await using var upstream = RawUpstream.Start();
        upstream.AnswerWith($"HTTP/1.1 200 OK\r\nAlt-Svc: http/1.1=\":{other.Port}\"; ma=3600, h2=\":{other.Port}\", h3=\":{other.Port}\"\r\nContent-Length: 2\r\n\r\nok", close: false);
        var saved = await bench.SaveAsync(upstream.Url);
        for (var i = 0; i < 3; i++)
        {
            var called = await bench.CallAsync(saved.Name);
            Assert.Equal(200, called.Status);
            Assert.False(called.Headers.Contains("Alt-Svc"));
        }

        Assert.Equal((1, 0), (upstream.Connections, other.Connections));

        // Misdirected: said to the caller, not tried elsewhere.
        upstream.AnswerWith("HTTP/1.1 421 Misdirected Request\r\nContent-Length: 0\r\n\r\n");
        Assert.Equal(421, (await bench.CallAsync(saved.Name)).Status);
        Assert.Equal(0, other.Connections);
    }

    [Theory]
    [InlineData("token")]
    [InlineData("issuer")]
    [InlineData("sts")]
    [InlineData("login")]
    public async Task SignIn_ToWhereNothingMayGo_IsDenied_AndNothingIsSentAnywhere(string kind)
    {
        var host = bench.NewName().ToLowerInvariant() + ".inside.example";
        bench.Resolver.Set(host, "127.0.0.1,10.0.0.1");
        await using var inside = RawUpstream.Start();
        await using var upstream = RawUpstream.Start();
        var called = await SignInAsync(kind, upstream, $"http://{host}:{inside.Port}");
        Assert.Equal((403, "egress-denied"), (called.Status, called.Code));
        Assert.Equal((0, 0, 1), (inside.Connections, upstream.Connections, bench.Resolver.Count(host)));
    }

    [Theory]
    [InlineData("token")]
    [InlineData("issuer")]
    [InlineData("sts")]
    [InlineData("login")]
    public async Task SignIn_ThatIsRedirected_Fails_AndIsNotFollowed(string kind)
    {
        await using var target = RawUpstream.Start();
        await using var server = RawUpstream.Start();
        await using var upstream = RawUpstream.Start();
        server.AnswerWith($"HTTP/1.1 307 Moved\r\nLocation: {target.Url}/\r\nContent-Length: 0\r\n\r\n");
        var called = await SignInAsync(kind, upstream, server.Url);
        Assert.Equal((502, "token-request-failed"), (called.Status, called.Code));
        Assert.Equal((0, 0), (target.Connections, upstream.Connections));
        Assert.NotEqual(0, server.Connections);
    }

    [Fact]
    public async Task Discovery_ThatNamesAnotherHost_SendsNoSecretThere()
    {
        await using var evil = RawUpstream.Start();
        await using var server = RawUpstream.Start();
        await using var upstream = RawUpstream.Start();
        foreach (var url in new[] { evil.Url + "/token", $"http://x@127.0.0.1:{server.Port}/token", $"http://127.0.0.1:{server.Port}\\\\@evil.example/token", "http://169.254.169.254/token", "file:///token" })
        {
            var metadata = $"{{\"issuer\":\"{server.Url}\",\"token_endpoint\":\"{url}\"}}";
            server.AnswerWith($"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {metadata.Length}\r\n\r\n{metadata}");
            var called = await SignInAsync("issuer", upstream, server.Url);
            Assert.Equal((502, "token-request-failed"), (called.Status, called.Code));
        }

        Assert.Equal((0, 0), (evil.Connections, upstream.Connections));
        Assert.DoesNotContain(server.Received, text => text.StartsWith("POST", StringComparison.Ordinal));
    }

    [Fact]
    public async Task TestButton_GoesTheSameWay()
    {
        bench.Resolver.Set("button.example", "127.0.0.1,10.0.0.1");
        await using var inside = RawUpstream.Start();
        var saved = await bench.SaveAsync($"http://button.example:{inside.Port}/");
        var trial = await bench.Vault.AdminAsync(HttpMethod.Post, $"/api/v1/named-credentials/{saved.Name}/test", "{}");
        Assert.False((bool)trial!["ok"]!);
        Assert.Equal("egress-denied", (string?)trial["failure"]!["code"]);
        Assert.Equal(0, inside.Connections);
    }

    private async Task<Called> SignInAsync(string kind, RawUpstream upstream, string server)
    {
        var authentication = kind switch
        {
            "token" => new JsonObject { ["protocol"] = "oauth2", ["grant"] = "clientCredentials", ["tokenUrl"] = server + "/token" },
            "issuer" => new JsonObject { ["protocol"] = "oauth2", ["grant"] = "clientCredentials", ["issuer"] = server },
            "sts" => new JsonObject { ["protocol"] = "awsSigV4", ["region"] = "eu-west-1", ["service"] = "s3", ["roleArn"] = "arn:aws:iam::1:role/r", ["stsUrl"] = server + "/sts" },
            _ => new JsonObject
            {
                ["protocol"] = "login",
                ["steps"] = new JsonArray(new JsonObject
                {
                    ["request"] = new JsonObject { ["method"] = "POST", ["url"] = server + "/login", ["body"] = "{!$Credential.Password}" },
                    ["extract"] = new JsonObject { ["token"] = "body" },
                }),
                ["apply"] = new JsonObject { ["headers"] = new JsonObject { ["Authorization"] = "Bearer {!$Token.token}" } },
            },
        };
        var login = bench.NewName();
        await bench.Vault.AdminAsync(HttpMethod.Post, "/api/v1/external-credentials", new JsonObject
        {
            ["name"] = login,
            ["authentication"] = authentication,
            ["allowedHosts"] = new JsonArray(upstream.Url, server),
        }.ToJsonString());
        await bench.Vault.AdminAsync(HttpMethod.Put, $"/api/v1/external-credentials/{login}/principals/default/credential", new JsonObject
        {
            ["parameters"] = kind switch
            {
                "sts" => new JsonObject { ["AccessKeyId"] = "AKIDEXAMPLE", ["SecretAccessKey"] = EgressBench.Secret },
                "login" => new JsonObject { ["Password"] = EgressBench.Secret },
                _ => new JsonObject { ["ClientId"] = "client", ["ClientSecret"] = EgressBench.Secret },
            },
        }.ToJsonString());
        return await bench.SaveAndCallAsync(upstream.Url, settings: new JsonObject { ["externalCredential"] = login });
    }
}
