using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Vault.Core.Authentication.Signing;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.SecretSources;

/// <summary>Parameters whose values are kept elsewhere: in files, HashiCorp Vault and AWS Secrets Manager, on loopback in their own protocols.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class SecretSourceTests : IAsyncLifetime
{
    private const string Canary = "s0urce-canary-7Fq2";
    private readonly JumpingTimeProvider _time = new(DateTimeOffset.Parse("2030-01-01T00:00:00Z", null));
    private readonly string _files = Directory.CreateTempSubdirectory("vault-files-").FullName;
    private readonly string _data = Directory.CreateTempSubdirectory("vault-data-").FullName;
    private readonly List<RecordedRequest> _asked = [];
    private RecordingUpstream _service = null!;
    private RecordingUpstream _source = null!;
    private VaultFactory _vault = null!;
    private int _status = 200;
    private string _value = Canary;

    public async Task InitializeAsync()
    {
        _service = await RecordingUpstream.StartAsync();
        _source = await RecordingUpstream.StartAsync();
        _source.Answer = AnswerAsync;
        await File.WriteAllTextAsync(Path.Combine(_files, "password"), Canary + "\n");
        _vault = Start();
    }

    public async Task DisposeAsync()
    {
        await _vault.DisposeAsync();
        await _service.DisposeAsync();
        await _source.DisposeAsync();
        Directory.Delete(_files, recursive: true);
        Directory.Delete(_data, recursive: true);
    }

    [Fact]
    public async Task File_IsRead_AsTheValue_AndAnEchoOfItIsMasked_AlsoOfTheOneBefore()
    {
        var app = await DefineAsync("""{ "Username": "ada", "Password": { "source": "files", "secret": "password" } }""");
        _service.Answer = (context, _) => context.Response.WriteAsync($"{Canary} and the-next-one-55");
        Assert.Equal(new string('*', Canary.Length) + " and the-next-one-55", await app.GetStringAsync("/callout/Service/record"));
        Assert.Equal(Basic("ada", Canary), _service.Requests[^1].Header("Authorization"));

        // The file is replaced: what was read is used for as long as the source says, and masked for a day.
        await File.WriteAllTextAsync(Path.Combine(_files, "password"), "the-next-one-55");
        await app.GetStringAsync("/callout/Service/record");
        Assert.Equal(Basic("ada", Canary), _service.Requests[^1].Header("Authorization"));
        _time.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal($"{new string('*', Canary.Length)} and {new string('*', 15)}", await app.GetStringAsync("/callout/Service/record"));
        Assert.Equal(Basic("ada", "the-next-one-55"), _service.Requests[^1].Header("Authorization"));

        // Neither value is kept; and what is set is all that can be read.
        var status = await _vault.AdminAsync(HttpMethod.Get, "/api/v1/external-credentials/ServiceLogin/principals/default/credential");
        Assert.Equal("configured", (string?)status!["status"]);
        Assert.DoesNotContain("password\"", status.ToJsonString(), StringComparison.Ordinal);
        foreach (var file in Directory.GetFiles(_vault.DataDirectory, "*.db*"))
        {
            await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var reader = new StreamReader(stream, Encoding.Latin1);
            Assert.DoesNotContain(Canary, await reader.ReadToEndAsync(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("../outside")]
    [InlineData("a/../../outside")]
    [InlineData("/etc/hostname")]
    [InlineData("a//b")]
    [InlineData("a\\\\b")]
    public async Task File_ThatIsNoneBelowTheDirectory_IsRefused(string secret)
    {
        await DefineAsync("""{ "Username": "ada" }""");
        var (status, body) = await PutAsync($$"""{ "Password": { "source": "files", "secret": "{{secret}}" } }""");
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.NotNull(body["errors"]!["$.parameters.Password"]);
    }

    [Fact]
    public async Task Link_ThatLeadsOutOfTheDirectory_IsNotFollowed()
    {
        var outside = Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString("N"));
        await File.WriteAllTextAsync(outside, Canary);
        try
        {
            Directory.CreateDirectory(Path.Combine(_files, "..data"));
            File.Move(Path.Combine(_files, "password"), Path.Combine(_files, "..data", "password"));
            File.CreateSymbolicLink(Path.Combine(_files, "password"), "..data/password");
            File.CreateSymbolicLink(Path.Combine(_files, "away"), outside);
            File.CreateSymbolicLink(Path.Combine(_files, "up"), "/");
            var app = await DefineAsync("""{ "Username": "ada", "Password": { "source": "files", "secret": "password" } }""");
            Assert.Equal("ok", await app.GetStringAsync("/callout/Service/record"));
            foreach (var secret in new[] { "away", "up" + outside })
            {
                await PutAsync($$"""{ "Username": "ada", "Password": { "source": "files", "secret": "{{secret}}" } }""");
                var reached = _service.Connections;
                using var answer = await app.GetAsync("/callout/Service/record");
                Assert.Equal("token-request-failed", answer.Headers.GetValues("X-Vault-Error").Single());
                Assert.Equal(reached, _service.Connections);
            }
        }
        finally
        {
            File.Delete(outside);
        }
    }

    [Fact]
    public async Task HashiCorp_IsSignedInToOnce_AndAskedOnce_ForAllCallouts()
    {
        var app = await DefineAsync("""
            { "Username": { "source": "corp", "secret": "kv/billing/db", "field": "user" }, "Password": { "source": "corp", "secret": "kv/billing/db", "field": "password", "version": "3" } }
            """);
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => app.GetStringAsync("/callout/Service/record")));
        Assert.All(_service.Requests, request => Assert.Equal(Basic("grace", Canary), request.Header("Authorization")));
        Assert.Equal(
            ["GET /v1/kv/data/billing/db", "GET /v1/kv/data/billing/db?version=3", "POST /v1/auth/approle/login"],
            _asked.Select(request => $"{request.Method} {request.Target}").Order(StringComparer.Ordinal));
        Assert.All(_asked.Where(request => request.Method == "GET"), request => Assert.Equal("hvs.the-lease", request.Header("X-Vault-Token")));
        Assert.Equal("""{"role_id":"the-role","secret_id":"the-secret-id"}""", _asked.Single(request => request.Method == "POST").Text);
        Assert.All(_asked, request => Assert.Equal("teams/a", request.Header("X-Vault-Namespace")));
    }

    [Fact]
    public async Task SourceThatFails_FailsTheCallout_SendsNothing_IsAskedSeldom_AndIsBackByItself()
    {
        var app = await DefineAsync("""{ "Username": "ada", "Password": { "source": "corp", "secret": "kv/billing/db", "field": "password" } }""");
        _status = 403;
        for (var i = 0; i < 3; i++)
        {
            using var answer = await app.GetAsync("/callout/Service/record");
            Assert.Equal(HttpStatusCode.BadGateway, answer.StatusCode);
            var problem = (await answer.Content.ReadFromJsonAsync<JsonNode>())!;
            Assert.Equal("token-request-failed", (string?)problem["code"]);
            Assert.Equal("The secret source corp answered 403.", (string?)problem["detail"]);
        }

        Assert.Equal(0, _service.Connections);
        Assert.Equal(2, _asked.Count(request => request.Method == "GET"));
        _status = 200;
        _time.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal("ok", await app.GetStringAsync("/callout/Service/record"));
        Assert.Equal(2, _asked.Count(request => request.Method == "POST"));

        // A field that isn't there, and an answer that is no JSON; its bytes are nobody's to see.
        foreach (var answer in new[] { """{ "data": { "data": { "other": "x" } } }""", $"not json {Canary}" })
        {
            _value = answer;
            _time.Advance(TimeSpan.FromSeconds(301));
            using var failed = await app.GetAsync("/callout/Service/record");
            Assert.Equal(HttpStatusCode.BadGateway, failed.StatusCode);
            Assert.DoesNotContain(Canary, await failed.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task ClockThatIsSetBack_ProlongsNothing_NeitherAFailureNorAValue()
    {
        var app = await DefineAsync("""{ "Username": "ada", "Password": { "source": "corp", "secret": "kv/billing/db", "field": "password" } }""");
        _status = 403;
        using (var failed = await app.GetAsync("/callout/Service/record"))
        {
            Assert.Equal(HttpStatusCode.BadGateway, failed.StatusCode);
        }

        _status = 200;
        _time.Jump = TimeSpan.FromHours(-5);
        _time.Advance(TimeSpan.FromSeconds(16));
        Assert.Equal("ok", await app.GetStringAsync("/callout/Service/record"));
        _value = """{ "data": { "data": { "password": "the-rotated-one-7" } } }""";
        _time.Jump = TimeSpan.FromHours(-10);
        _time.Advance(TimeSpan.FromSeconds(301));
        Assert.Equal("ok", await app.GetStringAsync("/callout/Service/record"));
        Assert.Equal(Basic("ada", "the-rotated-one-7"), _service.Requests[^1].Header("Authorization"));
    }

    [Theory]
    [InlineData("password")]
    [InlineData("digest")]
    public async Task ValueThatTheServiceRefuses_IsAskedForAnew_ButNotByEveryCallout(string protocol)
    {
        var app = await DefineAsync("""{ "Username": "ada", "Password": { "source": "corp", "secret": "kv/billing/db", "field": "password" } }""", protocol);
        _service.Answer = (context, request) =>
        {
            // To digest the first refusal is a challenge, and only the second says that the value is wrong.
            var authorization = request.Header("Authorization");
            var isGood = authorization == Basic("ada", "the-rotated-one-7") || authorization?.Contains($"response=\"{Digest("ada", "the-rotated-one-7")}\"", StringComparison.Ordinal) is true;
            context.Response.StatusCode = isGood ? 200 : 401;
            context.Response.Headers.WWWAuthenticate = "Digest realm=\"r\", nonce=\"n\"";
            return Task.CompletedTask;
        };
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync());
        _value = """{ "data": { "data": { "password": "the-rotated-one-7" } } }""";
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync());
        Assert.Single(_asked, request => request.Method == "GET");
        _time.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync());
        Assert.Equal(2, _asked.Count(request => request.Method == "GET"));

        async Task<HttpStatusCode> StatusAsync()
        {
            using var answer = await app.GetAsync("/callout/Service/record");
            return answer.StatusCode;
        }
    }

    [Fact]
    public async Task Value_IsStillThere_AndItsEchoesMasked_WhenHostsAreTakenAway_AndAfterADay()
    {
        var app = await DefineAsync("""{ "Username": "ada", "Password": { "source": "files", "secret": "password" } }""");
        await _vault.AdminAsync(HttpMethod.Put, "/api/v1/external-credentials/ServiceLogin?discardSecrets=false", $$"""
            { "authentication": { "protocol": "password" }, "allowedHosts": ["{{_service.Url}}"], "label": "renamed" }
            """);
        Assert.Equal("ok", await app.GetStringAsync("/callout/Service/record"));
        await _vault.AdminAsync(HttpMethod.Put, "/api/v1/external-credentials/ServiceLogin?discardSecrets=true", $$"""
            { "authentication": { "protocol": "password" }, "allowedHosts": ["{{_service.Url}}", "https://more.example"] }
            """);
        await PutAsync("""{ "Username": "ada", "Password": { "source": "files", "secret": "password" } }""");
        Assert.Equal("ok", await app.GetStringAsync("/callout/Service/record"));

        // Fewer hosts: everything is sealed anew to them.
        await _vault.AdminAsync(HttpMethod.Put, "/api/v1/external-credentials/ServiceLogin", $$"""
            { "authentication": { "protocol": "password" }, "allowedHosts": ["{{_service.Url}}"] }
            """);
        Assert.Equal("ok", await app.GetStringAsync("/callout/Service/record"));
        Assert.Equal(Basic("ada", Canary), _service.Requests[^1].Header("Authorization"));

        // Used until just before it is replaced, however long ago it was asked for first.
        _time.Advance(TimeSpan.FromHours(30));
        await app.GetStringAsync("/callout/Service/record");
        await File.WriteAllTextAsync(Path.Combine(_files, "password"), "the-next-one-55");
        _time.Advance(TimeSpan.FromSeconds(61));
        _service.Answer = (context, _) => context.Response.WriteAsync(Canary);
        Assert.Equal(new string('*', Canary.Length), await app.GetStringAsync("/callout/Service/record"));
        _time.Advance(TimeSpan.FromHours(23));
        Assert.Equal(new string('*', Canary.Length), await app.GetStringAsync("/callout/Service/record"));
        _time.Advance(TimeSpan.FromHours(2));
        Assert.Equal(Canary, await app.GetStringAsync("/callout/Service/record"));
    }

    [Theory]
    [InlineData(new byte[] { 0xFF, 0xFE, 0x41 }, false)]
    [InlineData(new byte[] { 0xFF, 0xFE, 0x41 }, true)]
    [InlineData(new byte[] { (byte)'{', (byte)'"', (byte)'f', (byte)'"', (byte)':', (byte)'"', 0xFF, (byte)'"', (byte)'}' }, true)]
    [InlineData(new byte[] { (byte)'{', (byte)'"', (byte)'f', (byte)'"', (byte)':', (byte)'"', (byte)'\\', (byte)'u', (byte)'d', (byte)'8', (byte)'0', (byte)'0', (byte)'"', (byte)'}' }, true)]
    [InlineData(new byte[] { (byte)'[', (byte)']' }, true)]
    [InlineData(new byte[] { (byte)'\n' }, false)]
    [InlineData(new byte[0], false)]
    public async Task File_ThatCantBeRead_FailsTheCallout_AndNothingElse(byte[] content, bool hasField)
    {
        await File.WriteAllBytesAsync(Path.Combine(_files, "odd"), content);
        var app = await DefineAsync($$"""{ "Username": "ada", "Password": { "source": "files", "secret": "odd"{{(hasField ? ", \"field\": \"f\"" : "")}} } }""");
        using var answer = await app.GetAsync("/callout/Service/record");
        Assert.Equal("token-request-failed", answer.Headers.GetValues("X-Vault-Error").Single());
        Assert.Equal(0, _service.Connections);
    }

    [Fact]
    public async Task Aws_IsAsked_BySignedRequests()
    {
        var app = await DefineAsync("""{ "Username": "ada", "Password": { "source": "aws", "secret": "prod/billing", "field": "password" } }""");
        Assert.Equal("ok", await app.GetStringAsync("/callout/Service/record"));
        Assert.Equal(Basic("ada", Canary), _service.Requests[^1].Header("Authorization"));
        var request = Assert.Single(_asked);
        Assert.Equal("""{"SecretId":"prod/billing"}""", request.Text);
        var names = request.Header("Authorization")!.Split("SignedHeaders=")[1].Split(',')[0].Split(';');
        Assert.Equal(["content-type", "host", "x-amz-date", "x-amz-security-token", "x-amz-target"], names);
        var (expected, _) = AwsSignature.Make(
            new AwsSignature.Signer("AKIDEXAMPLE", "the-aws-secret-key", "eu-central-1", "secretsmanager", _time.GetUtcNow()), "POST", "/", "",
            names.Select(name => KeyValuePair.Create(name, request.Header(name)!)), AwsSignature.HashOf(request.Body));
        Assert.Equal(expected, request.Header("Authorization"));
    }

    [Fact]
    public async Task Reference_WorksInline_InALogin_AndIsReplacedByAValue()
    {
        await _vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""
            { "name": "Inline", "url": "{{_service.Url}}", "authentication": { "protocol": "password", "username": "ada", "password": { "source": "files", "secret": "password" } } }
            """);
        await _vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""
            { "name": "Signed", "url": "{{_service.Url}}", "authentication": { "protocol": "login",
              "steps": [ { "request": { "method": "POST", "url": "/token", "json": { "p": "{!$Credential.Password}" } }, "extract": { "t": "$.t" } } ],
              "apply": { "headers": { "Authorization": "Bearer {!$Token.t}" } },
              "parameters": { "Password": { "source": "files", "secret": "password" } } } }
            """);
        using var app = _vault.CreateClient(await _vault.CreateAppAsync("App", "Inline", "Signed"));
        await app.GetStringAsync("/callout/Inline/record");
        Assert.Equal(Basic("ada", Canary), _service.Requests[^1].Header("Authorization"));
        _service.Answer = (context, request) => context.Response.WriteAsync(request.Target == "/token" ? """{ "t": "token-of-the-login" }""" : "ok");
        await app.GetStringAsync("/callout/Signed/record");
        Assert.Equal($$"""{"p":"{{Canary}}"}""", _service.Requests[^2].Text);
        Assert.Equal("Bearer token-of-the-login", _service.Requests[^1].Header("Authorization"));

        // From now on a value of its own; the one that the reference led to stays masked.
        await _vault.AdminAsync(HttpMethod.Patch, "/api/v1/external-credentials/Inline/principals/default/credential", """{ "parameters": { "Password": "a-value-here-1" } }""");
        _service.Answer = (context, _) => context.Response.WriteAsync(Canary);
        Assert.Equal(new string('*', Canary.Length), await app.GetStringAsync("/callout/Inline/record"));
        Assert.Equal(Basic("ada", "a-value-here-1"), _service.Requests[^1].Header("Authorization"));
    }

    [Theory]
    [InlineData("""{ "source": "nowhere", "secret": "x" }""", 422, "unknown-reference")]
    [InlineData("""{ "source": "files" }""", 400, "invalid-request")]
    [InlineData("""{ "source": "files", "secret": "password", "path": "x" }""", 400, "invalid-request")]
    [InlineData("""{ "source": "files", "secret": 7 }""", 400, "invalid-request")]
    [InlineData("""{ "source": "files", "secret": "" }""", 400, "invalid-request")]
    [InlineData("""{ "source": "corp", "secret": "kv/x" }""", 400, "invalid-request")]
    [InlineData("""{ "source": "corp", "secret": "kv", "field": "x" }""", 400, "invalid-request")]
    [InlineData("""{ "source": "corp", "secret": "secret/x", "field": "x" }""", 400, "invalid-request")]
    [InlineData("""{ "source": "corp", "secret": "kv/../sys/seal", "field": "x" }""", 400, "invalid-request")]
    [InlineData("""[ "files" ]""", 400, "invalid-request")]
    [InlineData(""" "\u0000vault-reference:{\"source\":\"files\",\"secret\":\"password\"}" """, 400, "invalid-request")]
    public async Task Reference_ThatIsWrong_IsRefused_AndSaysWhere(string reference, int status, string code)
    {
        await DefineAsync("""{ "Username": "ada", "Password": "the-one-before" }""");
        var (answered, body) = await PutAsync($$"""{ "Username": "ada", "Password": {{reference}} }""");
        Assert.Equal((status, code), ((int)answered, (string?)body["code"]));
        Assert.Contains("$.parameters.Password", body.ToJsonString(), StringComparison.Ordinal);
        Assert.Empty(_asked);
    }

    [Fact]
    public async Task SourceOnADeniedAddress_IsNotAsked()
    {
        var app = await DefineAsync("""{ "Username": "ada", "Password": { "source": "metadata", "secret": "kv/x", "field": "x" } }""");
        using var answer = await app.GetAsync("/callout/Service/record");
        Assert.Equal("egress-denied", answer.Headers.GetValues("X-Vault-Error").Single());
        Assert.Equal(0, _service.Connections);
    }

    [Fact]
    public async Task SourceThatIsTakenAway_LeavesNoCalloutWithAReferenceInThePlaceOfAValue()
    {
        var app = await DefineAsync("""{ "Username": "ada", "Password": { "source": "files", "secret": "password" } }""");
        Assert.Equal("ok", await app.GetStringAsync("/callout/Service/record"));
        var key = app.DefaultRequestHeaders.GetValues("X-Vault-Key").Single();
        await File.WriteAllTextAsync(Path.Combine(_files, "password"), "not-read-any-more");
        await _vault.DisposeAsync();
        _vault = new VaultFactory(dataDirectory: _data);
        using var again = _vault.CreateClient(key);
        var reached = _service.Connections;
        using var answer = await again.GetAsync("/callout/Service/record");
        Assert.Equal("token-request-failed", answer.Headers.GetValues("X-Vault-Error").Single());
        Assert.Equal(reached, _service.Connections);
    }

    [Theory]
    [InlineData("Type", "ftp", "Vault:SecretSources:files:Type")]
    [InlineData("Type", "", "Vault:SecretSources:files:Type")]
    [InlineData("Directory", "", "Vault:SecretSources:files:Directory")]
    [InlineData("Directory", "/no/such/directory", "Vault:SecretSources:files:Directory")]
    [InlineData("CacheSeconds", "0", "Vault:SecretSources:files:CacheSeconds")]
    [InlineData("Prefix", "a/", "Vault:SecretSources:files:Prefix")]
    public async Task Setting_ThatIsWrong_EndsTheStart_AndIsNamed(string setting, string value, string named)
    {
        var data = Path.Combine(_files, "data");
        var exception = await Assert.ThrowsAsync<InvalidOperationException>(() => VaultProcess.StartAsync(
            data,
            [
                .. new Dictionary<string, string>
                {
                    ["Vault:SecretSources:files:Type"] = "file",
                    ["Vault:SecretSources:files:Directory"] = _files,
                    ["Vault:SecretSources:files:" + setting] = value,
                }.Select(pair => (pair.Key, pair.Value)),
            ]));
        Assert.StartsWith("The vault ended with 78: vault: " + named + " ", exception.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(data));
    }

    private static string Basic(string user, string password) => "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}"));

    private static string Digest(string user, string password)
    {
        return H($"{H($"{user}:r:{password}")}:n:{H("GET:/record")}");

#pragma warning disable CA5351 // The server's side of RFC 7616, which keeps MD5.
        static string H(string text) => Convert.ToHexStringLower(MD5.HashData(Encoding.UTF8.GetBytes(text)));
#pragma warning restore CA5351
    }

    private VaultFactory Start() => new(
        new Dictionary<string, string?>
        {
            ["Vault:SecretSources:files:Type"] = "file",
            ["Vault:SecretSources:files:Directory"] = _files,
            ["Vault:SecretSources:files:CacheSeconds"] = "60",
            ["Vault:SecretSources:corp:Type"] = "hashiCorpVault",
            ["Vault:SecretSources:corp:Url"] = _source.Url + "/",
            ["Vault:SecretSources:corp:Namespace"] = "teams/a",
            ["Vault:SecretSources:corp:Prefix"] = "kv/",
            ["Vault:SecretSources:corp:RoleId"] = "the-role",
            ["Vault:SecretSources:corp:SecretId"] = "the-secret-id",
            ["Vault:SecretSources:aws:Type"] = "awsSecretsManager",
            ["Vault:SecretSources:aws:Region"] = "eu-central-1",
            ["Vault:SecretSources:aws:ServiceUrl"] = _source.Url,
            ["Vault:SecretSources:aws:AccessKeyId"] = "AKIDEXAMPLE",
            ["Vault:SecretSources:aws:SecretAccessKey"] = "the-aws-secret-key",
            ["Vault:SecretSources:aws:SessionToken"] = "the-session",
            ["Vault:SecretSources:metadata:Type"] = "hashiCorpVault",
            ["Vault:SecretSources:metadata:Url"] = "http://169.254.169.254",
            ["Vault:SecretSources:metadata:Token"] = "the-token",
        },
        _data,
        services => services.AddSingleton<TimeProvider>(_time));

    private async Task<HttpClient> DefineAsync(string parameters, string protocol = "password")
    {
        await _vault.AdminAsync(HttpMethod.Post, "/api/v1/external-credentials", $$"""{ "name": "ServiceLogin", "authentication": { "protocol": "{{protocol}}" }, "allowedHosts": ["{{_service.Url}}"] }""");
        await _vault.AdminAsync(HttpMethod.Put, "/api/v1/external-credentials/ServiceLogin/principals/default/credential", $$"""{ "parameters": {{parameters}} }""");
        await _vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""{ "name": "Service", "url": "{{_service.Url}}", "externalCredential": "ServiceLogin" }""");
        return _vault.CreateClient(await _vault.CreateAppAsync("Billing", "Service"));
    }

    private async Task<(HttpStatusCode Status, JsonNode Body)> PutAsync(string parameters)
    {
        using var content = new StringContent($$"""{ "parameters": {{parameters}} }""", Encoding.UTF8, "application/json");
        using var answer = await _vault.AdminClient.PutAsync("/api/v1/external-credentials/ServiceLogin/principals/default/credential", content);
        var text = await answer.Content.ReadAsStringAsync();
        return (answer.StatusCode, text.Length == 0 ? new JsonObject() : JsonNode.Parse(text)!);
    }

    private async Task AnswerAsync(HttpContext context, RecordedRequest request)
    {
        lock (_asked)
        {
            _asked.Add(request);
        }

        if (request.Target == "/v1/auth/approle/login")
        {
            await context.Response.WriteAsync("""{ "auth": { "client_token": "hvs.the-lease", "lease_duration": 3600 } }""");
            return;
        }

        context.Response.StatusCode = _status;
        await context.Response.WriteAsync(
            _value != Canary ? _value
            : request.Header("X-Amz-Target") is "secretsmanager.GetSecretValue" ? $$"""{ "SecretString": "{\"user\":\"grace\",\"password\":\"{{Canary}}\"}" }"""
            : $$$"""{ "data": { "data": { "user": "grace", "password": "{{{Canary}}}" }, "metadata": { "version": 3 } } }""");
    }
}
