using System.Text.Json.Nodes;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Secrecy;

/// <summary>Whatever levels the settings ask for, of which category and provider: what stands in requests and answers is not in the log.</summary>
public class LogTests
{
    private const string Secret = "canary-of-the-query";
    private const string Made = "made-up-by-a-caller";

    [Theory]
    [InlineData("LogLevel:Default")]
    [InlineData("LogLevel:Yarp", "LogLevel:Yarp.ReverseProxy.Forwarder.HttpForwarder")]
    [InlineData("LogLevel:Microsoft", "LogLevel:Microsoft.AspNetCore", "LogLevel:Microsoft.AspNetCore.Hosting.Diagnostics", "LogLevel:Microsoft.AspNetCore.Server.Kestrel.BadRequests", "LogLevel:System")]
    [InlineData("LogLevel:*Diagnostics", "LogLevel:*Forwarder")]
    [InlineData("Vault.Testing.LogCapture:LogLevel:Default")]
    [InlineData("Vault.Testing.LogCapture:LogLevel:Yarp", "Vault.Testing.LogCapture:LogLevel:Microsoft.AspNetCore.Hosting")]
    public async Task NothingOfRequestsAndAnswers_IsLogged(params string[] levels)
    {
        await using var upstream = RawUpstream.Start();
        upstream.Answer = async (stream, head) =>
        {
            // Every other one breaks the rules with what it was sent: exceptions repeat it.
            var target = head.Split(' ')[1];
            await stream.WriteAsync(System.Text.Encoding.Latin1.GetBytes(target.Contains("/bad", StringComparison.Ordinal)
                ? $"HTTP/1.1 200 {target}\r\nA line {target}\r\n\r\n"
                : $"HTTP/1.1 200 OK\r\nX-Echo: {target}\r\nContent-Length: 2\r\n\r\nok"));
            stream.Close();
        };
        await using var vault = new VaultFactory(levels.ToDictionary(level => "Logging:" + level, _ => (string?)"Trace"));
        await vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", new JsonObject
        {
            ["name"] = "Query",
            ["url"] = upstream.Url + "/{!$Credential.ApiKey}",
            ["authentication"] = new JsonObject { ["protocol"] = "apiKey", ["in"] = "query", ["parameterName"] = "k", ["apiKey"] = Secret },
        }.ToJsonString());
        var key = await vault.CreateAppAsync("App", "Query");
        var address = vault.AdminClient.BaseAddress!;
        foreach (var request in new[]
        {
            $"GET /callout/Query/good?q={Made} HTTP/1.1\r\nX-Vault-Key: {key}\r\nX-Other: {Made}",
            $"POST /callout/Query/bad?q={Made} HTTP/1.1\r\nX-Vault-Key: {key}\r\nContent-Length: {Made.Length}",
            $"GET /callout/Query?k={key} HTTP/1.1",
            $"GET /callout/{key} HTTP/1.1\r\nX-Vault-Key: {key}",
            $"GET /oauth/callback?code={Made}&state={Made} HTTP/1.1",
            $"GET /api/v1/apps/{Made}?k={key} HTTP/1.1\r\nAuthorization: Bearer {key}",
            $"GET /{key} HTTP/1.1",
            $"GET /callout/Query HTTP/1.1\r\nX-Vault-Key {key}",
            $"GET /callout/Query HTTP/1.1\r\nX-Vault-Key: {key}\u0001",
            $"GET /callout/Query HTTP/1.1\r\nContent-Length: {key}",
            $"GET /callout/Query HTTP/1.1\r\nTransfer-Encoding: {key}",
            $"GET http://u:{key}@h/ HTTP/1.1",
            $"GET / HTTP/{key}",
            $"{key} / HTTP/1.1",
        })
        {
            await RawClient.SendAsync(address, null, $"{request}\r\nHost: localhost\r\nConnection: close\r\n\r\n{(request.StartsWith("POST", StringComparison.Ordinal) ? Made : "")}");
        }

        await vault.DisposeAsync();
        SecretForms.AssertAbsent(string.Join('\n', vault.Logs.Lines), "the log", Secret, Made, key, VaultFactory.AdminKey);
        Assert.Equal(2, upstream.Received.Count);
    }
}
