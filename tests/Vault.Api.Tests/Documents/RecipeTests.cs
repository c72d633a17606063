using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Vault.Api.Tests.Protocols;
using Vault.Core.Authentication.Protocols.OAuth1;
using Vault.Core.Authentication.Signing;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Documents;

/// <summary>Runs every recipe of docs/recipes.md against a stand-in that verifies what it receives, with revocations between.</summary>
public sealed class RecipeTests : ProtocolBench
{
    private readonly RSA _rsa = RSA.Create(2048);
    private readonly ECDsa _ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private string _live = "";
    private string _refresh = "the-refresh-token-0";
    private int _given;

    public static TheoryData<string> Names => [.. DocumentExamples.Of("recipes.md").Select(DocumentExamples.NameOf)];

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        _rsa.Dispose();
        _ec.Dispose();
    }

    [Fact]
    public void ThereAreTwentyAtLeast() => Assert.True(DocumentExamples.Of("recipes.md").Count() >= 20);

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Recipe_GetsThrough_AndSurvivesRevocation(string name)
    {
        Service.Answer = (context, request) => AnswerAsync(name, context, request);
        var recipe = JsonNode.Parse(DocumentExamples.Of("recipes.md").Single(example => DocumentExamples.NameOf(example) == name).ToJsonString()
            .Replace("https://service.example", Service.Url, StringComparison.Ordinal))!;
        recipe["externalCredential"]!["allowedHosts"] = new JsonArray(Service.Url);
        var parameters = recipe["parameters"]!.AsObject();
        foreach (var (parameter, value) in parameters.ToArray())
        {
            parameters[parameter] = (string?)value switch { "$RSA" => _rsa.ExportPkcs8PrivateKeyPem(), "$EC" => _ec.ExportPkcs8PrivateKeyPem(), var text => text };
        }

        await Vault.AdminAsync(HttpMethod.Post, "/api/v1/external-credentials", recipe["externalCredential"]!.ToJsonString());
        await Vault.AdminAsync(
            HttpMethod.Put, $"/api/v1/external-credentials/{name}Login/principals/default/credential", new JsonObject { ["parameters"] = parameters.DeepClone() }.ToJsonString());
        await Vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", recipe["namedCredential"]!.ToJsonString());
        using var app = Vault.CreateClient(await Vault.CreateAppAsync(name + "App", name));
        for (var round = 0; round < 2; round++)
        {
            using var post = new HttpRequestMessage(HttpMethod.Post, $"/callout/{name}/record?q=1")
            {
                Content = new StringContent("""{"api_key":"{!$Credential.ApiKey}","event":"x"}""", Encoding.UTF8, "application/json"),
            };
            using var response = await app.SendAsync(post);
            Assert.True((int)response.StatusCode == 200, $"{(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}");
            Time.Advance(TimeSpan.FromSeconds(11));
            _live = "";
        }
    }

    private static bool Is(string? value, string expected) => value == expected;

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private async Task AnswerAsync(string name, HttpContext context, RecordedRequest request)
    {
        if (request.Target.StartsWith("/record", StringComparison.Ordinal) || request.Target.StartsWith("/bot", StringComparison.Ordinal))
        {
            var isGood = Verify(name, request);
            if (!isGood && name == "Camera")
            {
                context.Response.Headers.WWWAuthenticate = "Digest realm=\"camera\", nonce=\"n-1\", qop=\"auth\", algorithm=SHA-256";
            }

            var (status, body) = name switch { "Erp" => (403, "CSRF token required"), "Soap" => (500, "INVALID_SESSION_ID"), "Portal" => (403, ""), _ => (401, "") };
            await AnswerAsync(context, isGood ? 200 : status, body, "text/plain");
            return;
        }

        var (answer, type) = SignIn(name, context, request);
        await AnswerAsync(context, answer is null ? 400 : 200, answer ?? """{ "error": "invalid_request" }""", type);
    }

    private (string? Body, string Type) SignIn(string name, HttpContext context, RecordedRequest request)
    {
        const string Json = "application/json";
        string Give() => _live = "issued-token-" + ++_given;
        string OAuth() => $$"""{ "access_token": "{{Give()}}", "token_type": "bearer", "expires_in": 3600 }""";
        switch (name)
        {
            case "Auth0Api":
                return (Is(Form(request)["client_secret"], "the-auth0-secret") && Is(Form(request)["audience"], "https://api.example/") ? OAuth() : null, Json);
            case "Graph":
                return (Is(request.Header("Authorization"), "Basic " + Base64("client+7:the~entra%2Fsecret%2B")) && Is(Form(request)["scope"], "https://graph.example/.default") && request.Target == "/tenant-1/oauth2/v2.0/token" ? OAuth() : null, Json);
            case "Cloud":
                var claims = Verified(Form(request)["assertion"], "key-9", isRsa: true);
                return (claims is not null && Is((string?)claims["iss"], "robot@project.example") && Is((string?)claims["aud"], Service.Url + "/token") && Is((string?)claims["scope"], "https://www.example/auth/read") ? OAuth() : null, Json);
            case "Crm":
                if (Form(request)["refresh_token"] != _refresh)
                {
                    return (null, Json);
                }

                _refresh = "the-refresh-token-" + (_given + 1);
                return ($$"""{ "access_token": "{{Give()}}", "refresh_token": "{{_refresh}}", "expires_in": 3600 }""", Json);
            case "Records":
                return (Is((string?)JsonNode.Parse(request.Text)!["Password"], "pass\"word\\1") ? $$"""{ "securityToken": "{{Give()}}" }""" : null, Json);
            case "Portal" when request.Method == "GET":
                context.Response.Headers.SetCookie = "csrftoken=seed-1; Path=/";
                return ("""<form><input type="hidden" name="csrfmiddlewaretoken" value="csrf-1"></form>""", "text/html");
            case "Portal":
                var form = Form(request);
                var isGood = Is(form["csrfmiddlewaretoken"], "csrf-1") && Is(form["password"], "the&pass=word") && Is(request.Header("Cookie"), "csrftoken=seed-1");
                context.Response.Headers.SetCookie = $"sessionid={(isGood ? Give() : "")}; HttpOnly";
                return (isGood ? "welcome" : null, "text/html");
            case "Erp":
                context.Response.Headers["x-csrf-token"] = "csrf-2";
                context.Response.Headers.SetCookie = $"SAP_SESSIONID={Give()}; path=/";
                return (Is(request.Header("Authorization"), "Basic " + Base64("user:the-sap-password")) && Is(request.Header("X-CSRF-Token"), "Fetch") ? "{}" : null, Json);
            case "Soap":
                return (request.Text.Contains("<password>the&lt;pass&gt;&amp;word</password>", StringComparison.Ordinal)
                    ? $"""<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><loginResponse xmlns="urn:x"><result><sessionId>{Give()}</sessionId></result></loginResponse></e:Body></e:Envelope>""" : null, "text/xml");
            case "Shop":
                return (Is((string?)JsonNode.Parse(request.Text)!["variables"]!["p"], "the-shop-password")
                    ? $$"""{ "data": { "tokenCreate": { "token": "{{Give()}}" } }, "errors": [] }""" : """{ "data": null, "errors": [ { "message": "no" } ] }""", Json);
            default:
                return (null, Json);
        }
    }

    private bool Verify(string name, RecordedRequest request)
    {
        var authorization = request.Header("Authorization");
        var path = request.Target.Split('?')[0];
        var isLive = _live.Length > 0;
        switch (name)
        {
            case "SendMail":
                return Is(authorization, "Bearer SG.the-api-key");
            case "Issues":
                return Is(request.Header("X-Redmine-API-Key"), "the-redmine-key");
            case "Maps":
                return request.Target == "/record?q=1&key=the%20maps%20%26%20key";
            case "Bot":
                return request.Target is "/bot123456%3Athe-bot-token/record?q=1";
            case "Track":
                return Is((string?)JsonNode.Parse(request.Text)!["api_key"], "the-\"tracking\"-key");
            case "Metrics":
                return Is(request.Header("DD-API-KEY"), "the-api-key-1") && Is(request.Header("DD-APPLICATION-KEY"), "the-application-key-2");
            case "Helpdesk":
                return Is(authorization, "Basic " + Base64("agent@example.com/token:the-zendesk-token"));
            case "Work":
                return Is(authorization, "Basic " + Base64(":the-personal-token"));
            case "Auth0Api" or "Graph" or "Cloud" or "Crm" or "Records" or "Soap":
                return isLive && Is(authorization, "Bearer " + _live);
            case "Shop":
                return isLive && Is(authorization, "JWT " + _live);
            case "Portal":
                return isLive && Is(request.Header("Cookie"), $"sessionid={_live}; csrftoken=seed-1") && Is(request.Header("X-CSRFToken"), "seed-1");
            case "Erp":
                return isLive && Is(request.Header("Cookie"), "SAP_SESSIONID=" + _live) && Is(request.Header("X-CSRF-Token"), "csrf-2") && Is(authorization, "Basic " + Base64("user:the-sap-password"));
            case "Exchange":
                var hash = Convert.ToHexStringLower(SHA256.HashData(request.Body));
                var text = $"{request.Method} {path} {request.Header("X-Date")} {hash}";
                return Is(request.Header("X-Content-Sha256"), hash)
                    && Is(request.Header("X-Sign"), Convert.ToHexStringLower(HMACSHA256.HashData("the-exchange-secret"u8, Encoding.UTF8.GetBytes(text))));
            case "Blog":
                var parts = request.Header("X-WSSE")!.Split('"');
#pragma warning disable CA5350 // WSSE is what it is.
                var digest = Convert.ToBase64String(SHA1.HashData(Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(Convert.FromBase64String(parts[5])) + parts[7] + "the-wsse-secret")));
#pragma warning restore CA5350
                return parts[1] == "user" && parts[3] == digest;
            case "Apps":
                var token = Verified(authorization!["Bearer ".Length..], "2X9R4HXF34", isRsa: false);
                return token is not null && Is((string?)token["aud"], "appstoreconnect-v1") && (long)token["exp"]! - (long)token["iat"]! == 1200;
            case "Trade":
                var own = Verified(authorization!["Bearer ".Length..], "key-1", isRsa: false);
                return own is not null && Is((string?)own["uri"], $"{request.Method} {request.Header("Host")}{path}") && ((string?)own["nonce"])?.Length == 32;
            case "Bucket":
                var names = authorization!.Split("SignedHeaders=")[^1].Split(',')[0].Split(';');
                return Is(request.Header("X-Amz-Content-Sha256"), AwsSignature.HashOf(request.Body)) && Is(authorization, AwsSignature.Make(
                    new AwsSignature.Signer("AKIDEXAMPLE", "the-aws-secret-key", "eu-central-1", "s3", Time.GetUtcNow()), request.Method, path, request.Target.Split('?')[1],
                    names.Select(header => new KeyValuePair<string, string>(header, request.Header(header)!)), AwsSignature.HashOf(request.Body)).Header);
            case "Accounts":
                var fields = authorization!.Replace("OAuth realm=\"1234567_SB1\", ", "", StringComparison.Ordinal).Split(", ").Select(field => field.Split('='))
                    .ToDictionary(field => field[0], field => Uri.UnescapeDataString(field[^1].Trim('"')));
                return Is(fields["oauth_signature"], SignatureText.Hash("HMAC-SHA256", "the-consumer-secret", "the-token-secret", SignatureText.Make(
                    request.Method, new Uri(Service.Url + request.Target), null, [.. fields.Where(field => field.Key != "oauth_signature").Select(field => (field.Key, field.Value))])));
            case "Camera":
                return authorization?.Contains("algorithm=SHA-256", StringComparison.Ordinal) is true && authorization.Contains("nonce=\"n-1\"", StringComparison.Ordinal);
            default:
                throw new ArgumentOutOfRangeException(nameof(name), name, "No stand-in verifies this recipe.");
        }
    }

    private JsonNode? Verified(string jwt, string keyId, bool isRsa)
    {
        var parts = jwt.Split('.');
        var signed = Encoding.ASCII.GetBytes(parts[0] + "." + parts[1]);
        var signature = System.Buffers.Text.Base64Url.DecodeFromChars(parts[2]);
        var isGood = isRsa ? _rsa.VerifyData(signed, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1) : _ec.VerifyData(signed, signature, HashAlgorithmName.SHA256);
        return isGood && Is((string?)JsonNode.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(parts[0]))!["kid"], keyId)
            ? JsonNode.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(parts[1]))
            : null;
    }
}
