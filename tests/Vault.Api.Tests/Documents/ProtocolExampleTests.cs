using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Vault.Api.Tests.Protocols;
using Vault.Core.Authentication.Protocols.OAuth1;
using Vault.Core.Authentication.Signing;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Documents;

/// <summary>
/// Runs every example of docs/protocols.md against a service that verifies what it receives, revokes what it gave, and echoes
/// everything: the caller sees one 200 each time, and no secret comes to light anywhere.
/// </summary>
public sealed class ProtocolExampleTests : ProtocolBench
{
    private string _live = "";
    private string _nonce = "nonce-1";
    private int _given;

    public static TheoryData<string> Names => [.. Examples().Select(example => (string)example["namedCredential"]!["name"]!)];

    [Fact]
    public void EveryProtocol_HasAnExample() => Assert.Equal(
        ["apiKey", "awsSigV4", "bearer", "custom", "digest", "jwt", "login", "none", "oauth1", "oauth2", "password"],
        Examples().Select(example => (string)example["externalCredential"]!["authentication"]!["protocol"]!).Distinct().Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Example_SignsIn_SurvivesRevocation_AndLeaksNothing(string name)
    {
        Service.Answer = async (context, request) =>
        {
            if (request.Target.Contains("token", StringComparison.Ordinal) && name is "Session" or "Machine" && request.Target != "/record")
            {
                await GiveAsync(context, request);
                return;
            }

            if (name == "Digest" && request.Header("Authorization")?.Contains($"nonce=\"{_nonce}\"", StringComparison.Ordinal) is not true)
            {
                context.Response.Headers.WWWAuthenticate = $"Digest realm=\"r\", nonce=\"{_nonce}\", qop=\"auth\"";
            }

            // An echo of everything: none of it may come through.
            var echo = string.Join('\n', request.Headers.Select(header => header.Key + ": " + header.Value)) + request.Text;
            await AnswerAsync(context, Verify(name, request) ? 200 : 401, echo, "text/plain");
        };
        var example = Examples().Single(candidate => (string?)candidate["namedCredential"]!["name"] == name);
        var text = example.ToJsonString().Replace("https://service.example", Service.Url, StringComparison.Ordinal);
        example = JsonNode.Parse(text)!;
        example["externalCredential"]!["allowedHosts"] = new JsonArray(Service.Url);
        await Vault.AdminAsync(HttpMethod.Post, "/api/v1/external-credentials", example["externalCredential"]!.ToJsonString());
        var credential = $"/api/v1/external-credentials/{example["externalCredential"]!["name"]}/principals/default/credential";
        await Vault.AdminAsync(HttpMethod.Put, credential, new JsonObject { ["parameters"] = example["parameters"]!.DeepClone() }.ToJsonString());
        await Vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", example["namedCredential"]!.ToJsonString());
        using var app = Vault.CreateClient(await Vault.CreateAppAsync(name + "App", name));

        var seen = new StringBuilder();
        for (var round = 0; round < 3; round++)
        {
            await SendAsync(HttpMethod.Get, null);
            await SendAsync(HttpMethod.Post, new StringContent("a=b+c&d=%26", Encoding.UTF8, "application/x-www-form-urlencoded"));

            // Revoked between two callouts.
            Time.Advance(TimeSpan.FromSeconds(11));
            _live = "";
            _nonce = "nonce-" + (round + 2);
        }

        foreach (var route in new[] { "test", "preview" })
        {
            using var response = await Vault.AdminClient.PostAsync($"/api/v1/named-credentials/{name}/{route}", Json("""{ "method": "POST", "path": "/record", "body": "a=b" }"""));
            var answer = await response.Content.ReadAsStringAsync();
            Assert.True(response.IsSuccessStatusCode, answer);
            Assert.True(route == "preview" || (bool)JsonNode.Parse(answer)!["ok"]!, answer);
            seen.Append(answer);
        }

        // The same with secrets that are wrong: what failed is told without them.
        var wrong = (JsonObject)example["parameters"]!.DeepClone();
        foreach (var parameter in wrong.Select(pair => pair.Key).ToArray())
        {
            wrong[parameter] = "wrong-and-secret-" + parameter;
        }

        if (wrong.Count > 0)
        {
            await Vault.AdminAsync(HttpMethod.Put, credential, new JsonObject { ["parameters"] = wrong }.ToJsonString());
            seen.Append(await (await app.GetAsync($"/callout/{name}/record")).Content.ReadAsStringAsync());
            using var failed = await Vault.AdminClient.PostAsync($"/api/v1/named-credentials/{name}/test", Json("{}"));
            seen.Append(await failed.Content.ReadAsStringAsync());
        }

        string[] notSecret = ["Username", "ClientId", "ConsumerKey", "AccessKeyId"];
        var secrets = example["parameters"]!.AsObject().Where(pair => !notSecret.Contains(pair.Key)).Select(pair => (string)pair.Value!)
            .Concat(wrong.Where(pair => !notSecret.Contains(pair.Key)).Select(pair => (string)pair.Value!))
            .Concat(Enumerable.Range(1, Math.Max(_given, 1)).Select(number => "given-token-" + number))
            .Where(secret => secret.Length >= 8);
        var logs = string.Join('\n', Vault.Logs.Lines);
        Assert.All(secrets, secret =>
        {
            Assert.DoesNotContain(secret, seen.ToString(), StringComparison.Ordinal);
            Assert.DoesNotContain(secret, logs, StringComparison.Ordinal);
            Assert.DoesNotContain(Convert.ToBase64String(Encoding.UTF8.GetBytes(secret))[..^4], seen.ToString(), StringComparison.Ordinal);
        });

        async Task SendAsync(HttpMethod method, HttpContent? content)
        {
            using var request = new HttpRequestMessage(method, $"/callout/{name}/record?q=1&q=a%20b") { Content = content };
            using var response = await app.SendAsync(request);
            var body = await response.Content.ReadAsStringAsync();
            Assert.True((int)response.StatusCode == 200, $"{(int)response.StatusCode} {body}");
            seen.Append(body).Append(response.Headers);
        }
    }

    private static StringContent Json(string text) => new(text, new System.Net.Http.Headers.MediaTypeHeaderValue("application/json"));

    private static IEnumerable<JsonNode> Examples() => DocumentExamples.Of("protocols.md");

    private async Task GiveAsync(Microsoft.AspNetCore.Http.HttpContext context, RecordedRequest request)
    {
        var isGood = request.Target switch
        {
            "/token" => (string?)JsonNode.Parse(request.Text)!["Username"] == "user" && (string?)JsonNode.Parse(request.Text)!["Password"] == "the-password",
            "/oauth/token" => request.Header("Authorization") == "Basic " + Convert.ToBase64String("client-7:the-client-secret"u8) && Form(request)["tenant"] == "t1" && Form(request)["audience"] == Service.Url + "/",
            _ => false,
        };
        if (!isGood)
        {
            await AnswerAsync(context, 401, """{ "error": "invalid_client" }""");
            return;
        }

        _live = "given-token-" + ++_given;
        await AnswerAsync(context, 200, $$"""{ "securityToken": "{{_live}}", "expiresIn": 3600, "access_token": "{{_live}}", "token_type": "Bearer", "expires_in": 3600 }""");
    }

    private bool Verify(string name, RecordedRequest request)
    {
        var authorization = request.Header("Authorization") ?? "";
        var path = request.Target.Split('?')[0];
        switch (name)
        {
            case "Open":
                return authorization.Length == 0;
            case "Basic":
                return authorization == "Basic " + Convert.ToBase64String("user:the-password"u8);
            case "Bearer":
                return authorization == "Bearer the-issued-token";
            case "Key":
                return request.Header("X-Api-Key") == "Key the-api-key";
            case "Hmac":
                var text = $"{request.Method}\n{path}\n{request.Header("X-Timestamp")}\n{request.Header("X-Nonce")}\n{Convert.ToHexStringLower(SHA256.HashData(request.Body))}";
                return request.Header("X-Client") == "client-7"
                    && request.Header("X-Signature") == Convert.ToBase64String(HMACSHA256.HashData("the-hmac-key"u8, Encoding.UTF8.GetBytes(text)));
            case "Session" or "Machine":
                return _live.Length > 0 && authorization == "Bearer " + _live;
            case "Jwt":
                var parts = authorization.Replace("Bearer ", "", StringComparison.Ordinal).Split('.');
                return parts.Length == 3 && parts[2] == System.Buffers.Text.Base64Url.EncodeToString(
                    HMACSHA256.HashData("the-signing-key-of-32-characters"u8, Encoding.ASCII.GetBytes(parts[0] + "." + parts[1])));
            case "Aws":
                var names = authorization.Split("SignedHeaders=")[^1].Split(',')[0].Split(';');
                return request.Header("X-Amz-Content-Sha256") == AwsSignature.HashOf(request.Body) && authorization == AwsSignature.Make(
                    new AwsSignature.Signer("AKIDEXAMPLE", "the-secret-access-key", "eu-west-1", "execute-api", Time.GetUtcNow()), request.Method, path,
                    request.Target.Contains('?', StringComparison.Ordinal) ? request.Target.Split('?')[1] : "",
                    names.Select(header => new KeyValuePair<string, string>(header, request.Header(header)!)), request.Header("X-Amz-Content-Sha256")!).Header;
            case "Old":
                var fields = authorization.Replace("OAuth realm=\"Example\", ", "", StringComparison.Ordinal).Split(", ").Select(field => field.Split('='))
                    .ToDictionary(field => field[0], field => Uri.UnescapeDataString(field[^1].Trim('"')));
                var form = request.Header("Content-Type")?.StartsWith("application/x-www-form-urlencoded", StringComparison.Ordinal) is true ? request.Text : null;
                return fields["oauth_token"] == "the-token" && fields["oauth_signature"] == SignatureText.Hash(
                    "HMAC-SHA1", "the-consumer-secret", "the-token-secret",
                    SignatureText.Make(request.Method, new Uri(Service.Url + request.Target), form, [.. fields.Where(field => field.Key != "oauth_signature").Select(field => (field.Key, field.Value))]));
            case "Digest":
                return authorization.Contains($"nonce=\"{_nonce}\"", StringComparison.Ordinal);
            default:
                throw new ArgumentOutOfRangeException(nameof(name), name, "No stand-in verifies this example.");
        }
    }
}
