using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Secrecy;

/// <summary>A scripted hour of use; then no secret is found in the data directory, the logs or any answer, in any encoding.</summary>
public sealed class CanaryTests
{
    private static readonly string[] Secrets =
    [
        "Canary-Password-\"1&<é>", "Canary/Token+2=\\x", "Canary-ApiKey-3 %41", "Canary-Custom-4'5", "Canary-Old-Password-6", "Canary-Login-Password-7",
    ];

    [Fact]
    public async Task NothingLeaks_IntoFilesLogsOrAnswers()
    {
        await using var upstream = await RecordingUpstream.StartAsync();
        var answers = new StringBuilder();
        var issued = "Canary-Issued-Token-8-" + Guid.NewGuid().ToString("N");
        upstream.Answer = async (context, request) =>
        {
            if (request.Target == "/login")
            {
                await context.Response.WriteAsJsonAsync(new { token = issued });
                return;
            }

            // A service that echoes everything it gets, in several forms.
            foreach (var header in request.Headers.Where(header => header.Key.StartsWith("X-", StringComparison.OrdinalIgnoreCase) || header.Key == "Authorization"))
            {
                context.Response.Headers["X-Echo-" + header.Key] = header.Value;
            }

            context.Response.StatusCode = request.Target.Contains("fail", StringComparison.Ordinal) ? 500 : 200;
            var echo = request.Text + "\n" + string.Join('\n', request.Headers.Select(header => header.Key + ": " + header.Value)) + "\n" + request.Target;
            await context.Response.WriteAsync(echo + "\n" + JsonSerializer.Serialize(echo) + "\n" + Uri.EscapeDataString(request.Text) + "\n"
                + Convert.ToBase64String(request.Body) + "\n" + Convert.ToHexString(request.Body) + "\n" + WebUtility.HtmlEncode(request.Text));
        };

        var vault = new VaultFactory(dataDirectory: Directory.CreateTempSubdirectory("vault-canary-").FullName);
        try
        {
            var key = await DefineAsync(vault, upstream.Url);
            using var app = vault.CreateClient(key);
            foreach (var name in new[] { "Basic", "Bearer", "Header", "Query", "Cookie", "Custom", "Login" })
            {
                foreach (var path in new[] { "", "/fail", "?q=1", "/%2e%2e/x" })
                {
                    await CallAsync(app, name, path, "plain");
                    await CallAsync(app, name, path, "{!$Credential.Password}{!$Credential.Nope}");
                }
            }

            await CallAsync(app, "Basic", "", "{!$Credential.Password} {!HTMLENCODE($Credential.Password)} {!HEX($Credential.Password)} {!BASE64ENCODE($Credential.Password)}");
            await CallAsync(app, "Custom", "", "{!$Credential.Secret} {!UPPER($Credential.Secret)} {!URLENCODE($Credential.Secret)}");
            await CallAsync(app, "Login", "", "{!$Token.token}");
            await vault.AdminAsync(HttpMethod.Put, "/api/v1/external-credentials/Basic/principals/default/credential",
                new JsonObject { ["parameters"] = new JsonObject { ["Username"] = "user", ["Password"] = Secrets[0] } }.ToJsonString());
            await CallAsync(app, "Basic", "", Secrets[4]);
            foreach (var path in new[] { "external-credentials", "named-credentials", "apps", "admin-keys", "external-credentials/Basic/principals/default/credential", "external-credentials/Login" })
            {
                answers.Append(await vault.AdminClient.GetStringAsync("/api/v1/" + path));
            }
        }
        finally
        {
            await vault.DisposeAsync();
        }

        SecretForms.AssertAbsent(answers.ToString(), "an answer", [.. Secrets, issued]);
        SecretForms.AssertAbsent(string.Join('\n', vault.Logs.Lines), "the log", [.. Secrets, issued, VaultFactory.AdminKey]);
        await SecretForms.AssertAbsentFromFilesAsync(vault.DataDirectory, [.. Secrets, issued, VaultFactory.AdminKey]);

        Directory.Delete(vault.DataDirectory, recursive: true);

        async Task CallAsync(HttpClient app, string name, string path, string body)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(
                app.BaseAddress!.ToString().TrimEnd('/') + "/callout/" + name + path, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }))
            {
                Content = new StringContent(body),
            };
            using var response = await app.SendAsync(request);
            answers.Append(response.Headers).Append(response.Content.Headers).Append(await response.Content.ReadAsStringAsync());
        }
    }

    private static async Task<string> DefineAsync(VaultFactory vault, string url)
    {
        var inline = new Dictionary<string, JsonObject>
        {
            ["Basic"] = new() { ["protocol"] = "password", ["username"] = "user", ["password"] = Secrets[4] },
            ["Bearer"] = new() { ["protocol"] = "bearer", ["token"] = Secrets[1] },
            ["Header"] = new() { ["protocol"] = "apiKey", ["in"] = "header", ["parameterName"] = "X-Key", ["apiKey"] = Secrets[2] },
            ["Query"] = new() { ["protocol"] = "apiKey", ["in"] = "query", ["parameterName"] = "key", ["apiKey"] = Secrets[2] },
            ["Cookie"] = new() { ["protocol"] = "apiKey", ["in"] = "cookie", ["parameterName"] = "key", ["apiKey"] = Secrets[2] },
            ["Custom"] = new() { ["protocol"] = "custom", ["parameters"] = new JsonObject { ["Secret"] = Secrets[3] } },
            ["Login"] = new()
            {
                ["protocol"] = "login",
                ["steps"] = new JsonArray(new JsonObject
                {
                    ["request"] = new JsonObject { ["url"] = "/login", ["form"] = new JsonObject { ["p"] = "{!$Credential.Password}" } },
                    ["extract"] = new JsonObject { ["token"] = "$.token" },
                }),
                ["apply"] = new JsonObject { ["headers"] = new JsonObject { ["Authorization"] = "Token {!$Token.token}" } },
                ["parameters"] = new JsonObject { ["Password"] = Secrets[5] },
            },
        };
        foreach (var (name, authentication) in inline)
        {
            await vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", new JsonObject
            {
                ["name"] = name,
                ["url"] = url,
                ["authentication"] = authentication,
                ["allowMergeFieldsInBody"] = true,
                ["customHeaders"] = name == "Custom" ? new JsonArray(new JsonObject { ["name"] = "X-Secret", ["value"] = "{!$Credential.Secret}" }) : new JsonArray(),
            }.ToJsonString());
        }

        return await vault.CreateAppAsync("Canaries", [.. inline.Keys]);
    }
}
