using System.Net;
using System.Text.Json.Nodes;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Attacks;

/// <summary>
/// An hour with services that work, refuse, break off, never answer, speak no TLS or answer nonsense; then no secret that went to them
/// stands in any log, span, metric, event, diagnostic, answer or file.
/// </summary>
[Collection(nameof(ListensToTheProcess))]
public sealed class SideDoorTests : IAsyncLifetime
{
    private const string QueryKey = "Canary-Query-Key-71 &=";
    private const string HeaderKey = "Canary-Header-Key-72";
    private const string CookieKey = "Canary-Cookie-Key-73";
    private const string Password = "Canary-Password-74";
    private const string Custom = "Canary-Custom-75";
    private static readonly string[] Secrets = [QueryKey, HeaderKey, CookieKey, Password, Custom];

    private readonly SideDoors _doors = new();
    private readonly VaultFactory _vault = new(dataDirectory: Directory.CreateTempSubdirectory("vault-doors-").FullName);
    private readonly RawUpstream _raw = RawUpstream.Start();
    private RecordingUpstream _upstream = null!;

    public async Task InitializeAsync() => _upstream = await RecordingUpstream.StartAsync();

    public async Task DisposeAsync()
    {
        await _vault.DisposeAsync();
        await _raw.DisposeAsync();
        await _upstream.DisposeAsync();
        _doors.Dispose();
        Directory.Delete(_vault.DataDirectory, recursive: true);
    }

    [Fact]
    public async Task Secrets_StandInNoLogSpanMetricEventOrDiagnostic()
    {
        var answers = new List<string>();
        var closed = RawUpstream.Start();
        var nowhere = closed.Url;
        await closed.DisposeAsync();
        string[] services = [_upstream.Url, _raw.Url, nowhere, _raw.Url.Replace("http:", "https:", StringComparison.Ordinal), "http://does-not-exist.invalid"];
        var names = new List<string>();
        for (var i = 0; i < services.Length; i++)
        {
            names.AddRange(await DefineAsync(i, services[i]));
        }

        using var app = _vault.CreateClient(await _vault.CreateAppAsync("Doors", [.. names]));
        app.DefaultRequestHeaders.Add("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        app.DefaultRequestHeaders.Add("baggage", "team=payments");
        string[] answersOfTheRaw =
        [
            "", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok", "garbage\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\n\u00b6\u00b6\u00b6\u00b6",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok", "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n",
        ];
        // A service without TLS that is spoken to in TLS says nothing for the whole time that a connection may take: once is enough.
        foreach (var name in names.Where(name => !name.EndsWith('1') && name is not ("Header3" or "Cookie3" or "Custom3" or "Login3")))
        {
            answers.Add(await CallAsync(app, name));
        }

        foreach (var bytes in answersOfTheRaw)
        {
            _raw.AnswerWith(bytes);
            foreach (var name in names.Where(name => name.EndsWith('1')))
            {
                answers.Add(await CallAsync(app, name));
            }
        }

        // One that never answers: the callout ends by its own timeout.
        _raw.Answer = static (_, _) => Task.CompletedTask;
        await _vault.AdminAsync(HttpMethod.Put, "/api/v1/named-credentials/Slow", new JsonObject
        {
            ["url"] = _raw.Url,
            ["timeoutSeconds"] = 1,
            ["authentication"] = new JsonObject { ["protocol"] = "apiKey", ["in"] = "query", ["parameterName"] = "key", ["apiKey"] = QueryKey },
        }.ToJsonString());
        await _vault.GrantAsync("Doors", "Slow");
        answers.Add(await CallAsync(app, "Slow"));
        Assert.Contains("upstream-timeout", answers[^1], StringComparison.Ordinal);
        _raw.AnswerWith(answersOfTheRaw[1]);
        foreach (var name in names.Where(name => !name.EndsWith('3')))
        {
            using var test = await _vault.AdminClient.PostAsync($"/api/v1/named-credentials/{name}/test", new StringContent("{}", new System.Net.Http.Headers.MediaTypeHeaderValue("application/json")));
            answers.Add(await test.Content.ReadAsStringAsync());
        }

        answers.Add(await _vault.AdminClient.GetStringAsync("/api/v1/audit?pageSize=500"));

        // The secrets did travel, and the listeners did hear.
        Assert.Contains(_upstream.Requests, request => request.Target.Contains(Uri.EscapeDataString(QueryKey), StringComparison.Ordinal));
        Assert.Contains(_raw.Received, text => text.Contains(HeaderKey, StringComparison.Ordinal));
        Assert.Contains(_raw.Received, text => text.Contains(Password, StringComparison.Ordinal));
        var told = _doors.Told;
        foreach (var kind in new[] { "activity Microsoft.AspNetCore", "meter http.server.request.duration", "event System.Net.", "diagnostic Microsoft.AspNetCore" })
        {
            Assert.Contains(told, line => line.StartsWith(kind, StringComparison.Ordinal));
        }

        Assert.DoesNotContain(told, line => line.StartsWith("diagnostic HttpHandlerDiagnosticListener", StringComparison.Ordinal) && line.Contains("/service", StringComparison.Ordinal));

        // The clients of the tests do tell there of their requests to vaults, keys and all: that is the app's side.
        SecretForms.AssertAbsent(
            string.Join('\n', told.Where(line => !line.StartsWith("diagnostic HttpHandlerDiagnosticListener", StringComparison.Ordinal))), "what a side door tells", [.. Secrets, VaultFactory.AdminKey]);
        SecretForms.AssertAbsent(string.Join('\n', _vault.Logs.Lines), "the log", [.. Secrets, VaultFactory.AdminKey]);
        SecretForms.AssertAbsent(string.Join('\n', answers), "an answer", Secrets);
        await SecretForms.AssertAbsentFromFilesAsync(_vault.DataDirectory, Secrets);

        // The trace goes on at the service, and is the caller's.
        Assert.All(_upstream.Requests.Where(request => request.Target.StartsWith("/service/x", StringComparison.Ordinal)), request =>
            Assert.StartsWith("00-0af7651916cd43dd8448eb211c80319c-", request.Header("traceparent"), StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""{ "name": "Bad\ud800", "url": "https://service.example", "authentication": { "protocol": "none" } }""")]
    [InlineData("""{ "name": "Bad", "url": "https://service.example", "authentication": { "protocol": "none", "\udc00": 1 } }""")]
    [InlineData("""{ "name": "Bad", "url": "https://service.example", "authentication": { "protocol": "custom", "notSecret": ["\ud800"] } }""")]
    [InlineData("""{ "name": "Bad", "url": "https://a\ufffdb/", "authentication": { "protocol": "none" } }""")]
    [InlineData("{ \"name\": \"Bad\", \"url\": \"https://service.example\", \"authentication\": { \"protocol\": \"none\", \"\u00ae\": 1 } }")]
    public async Task Json_ThatIsNoUnicode_IsRefused_NotAFault(string body)
    {
        using var content = new ByteArrayContent(System.Text.Encoding.Latin1.GetBytes(body));
        content.Headers.ContentType = new System.Net.Http.Headers.MediaTypeHeaderValue("application/json");
        using var response = await _vault.AdminClient.PostAsync("/api/v1/named-credentials", content);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.DoesNotContain(_vault.Logs.Lines, line => line.Contains("failed with System.", StringComparison.Ordinal));
    }

    private async Task<IReadOnlyList<string>> DefineAsync(int service, string url)
    {
        var inline = new Dictionary<string, (JsonObject Authentication, string Settings)>
        {
            ["Query"] = (new JsonObject { ["protocol"] = "apiKey", ["in"] = "query", ["parameterName"] = "key", ["apiKey"] = QueryKey }, ""),
            ["Header"] = (new JsonObject { ["protocol"] = "apiKey", ["in"] = "header", ["parameterName"] = "X-Key", ["apiKey"] = HeaderKey }, ""),
            ["Cookie"] = (new JsonObject { ["protocol"] = "apiKey", ["in"] = "cookie", ["parameterName"] = "key", ["apiKey"] = CookieKey }, ""),
            ["Custom"] = (new JsonObject { ["protocol"] = "custom", ["parameters"] = new JsonObject { ["Secret"] = Custom } }, "?fixed={!$Credential.Secret}"),
            ["Login"] = (new JsonObject
            {
                ["protocol"] = "login",
                ["steps"] = new JsonArray(new JsonObject
                {
                    ["request"] = new JsonObject { ["url"] = "/login", ["query"] = new JsonObject { ["p"] = "{!$Credential.Password}" }, ["form"] = new JsonObject { ["p"] = "{!$Credential.Password}" } },
                    ["extract"] = new JsonObject { ["token"] = "$.token" },
                }),
                ["apply"] = new JsonObject { ["headers"] = new JsonObject { ["Authorization"] = "Token {!$Token.token}" } },
                ["parameters"] = new JsonObject { ["Password"] = Password },
            }, ""),
        };
        foreach (var (name, (authentication, query)) in inline)
        {
            await _vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", new JsonObject
            {
                ["name"] = name + service,
                ["url"] = url + "/service" + query,
                ["authentication"] = authentication,
                ["allowMergeFieldsInBody"] = true,
            }.ToJsonString());
        }

        return [.. inline.Keys.Select(name => name + service)];
    }

    private static async Task<string> CallAsync(HttpClient app, string name)
    {
        try
        {
            using var response = await app.PostAsync($"/callout/{name}/x?y=1", new StringContent("plain"));
            return $"{response.Headers}{await response.Content.ReadAsStringAsync()}";
        }
        catch (HttpRequestException)
        {
            // The answer broke off, as the service's did.
            return "";
        }
    }
}
