using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Callouts;

/// <summary>Preview and test: they show what a callout sends, and refuse what it refuses.</summary>
public sealed class CalloutTrialTests(CalloutFixture fixture) : IClassFixture<CalloutFixture>
{
    private const string Get = """{ "path": "/x" }""";
    private const string Aws = """{ "protocol": "awsSigV4", "region": "eu-west-1", "service": "execute-api", "accessKeyId": "AKIDEXAMPLE1", "secretAccessKey": "the-secret-key", "sessionToken": "the-session-token" }""";

    [Theory]
    [InlineData(Aws, "X-Amz-Date,X-Amz-Content-Sha256,X-Amz-Security-Token: ••••••(SessionToken),Authorization: ••••••(signature of awsSigV4),Accept-Encoding")]
    [InlineData("""{ "protocol": "oauth1", "signatureMethod": "HMAC-SHA1", "consumerKey": "the-consumer", "consumerSecret": "the-secret" }""", "Authorization: ••••••(signature of oauth1),Accept-Encoding")]
    [InlineData("""{ "protocol": "digest", "username": "the-user", "password": "the-password" }""", "Accept-Encoding")]
    public async Task Preview_OfASignature_HasTheHeadersThatAreSent(string authentication, string expected)
    {
        var callout = await fixture.CreateAsync(authentication);
        var (status, shown) = await PreviewAsync(callout, Get);
        Assert.Equal(200, status);
        var headers = shown["headers"]!.AsArray().Select(header => (Name: (string)header!["name"]!, Value: (string)header["value"]!)).ToArray();
        Assert.Equal(expected.Split(',').Select(one => one.Split(':')[0]), headers.Select(header => header.Name));
        Assert.All(expected.Split(',').Where(one => one.Contains(':', StringComparison.Ordinal)), one => Assert.Contains(one, headers.Select(header => $"{header.Name}: {header.Value}")));
        Assert.DoesNotContain("the-", shown.ToJsonString(), StringComparison.Ordinal);

        var sent = await callout.SendAndRecordAsync(HttpMethod.Get, "/x");
        Assert.All(headers, header => Assert.NotNull(sent.Header(header.Name)));
        Assert.Equal(headers.Any(header => header.Name == "Authorization"), sent.Header("Authorization") is not null);
        var test = await TestAsync(callout, Get);
        Assert.Equal(headers.Select(header => header.Name), test["steps"]![0]!["request"]!["headers"]!.AsArray().Select(header => (string)header!["name"]!));
    }

    [Fact]
    public async Task Preview_OfADigestWithAKnownChallenge_ShowsIt_AndCountsNoUse()
    {
        var callout = await fixture.CreateAsync("""{ "protocol": "digest", "username": "the-user", "password": "the-password" }""");
        var answer = fixture.Upstream.Answer;
        fixture.Upstream.Answer = (context, request) =>
        {
            context.Response.StatusCode = request.Header("Authorization") is null ? 401 : 200;
            context.Response.Headers.WWWAuthenticate = "Digest realm=\"r\", nonce=\"n1\", qop=\"auth\", algorithm=SHA-256";
            return Task.CompletedTask;
        };
        try
        {
            using var first = await callout.SendAsync(HttpMethod.Get, "/x");
            var (_, shown) = await PreviewAsync(callout, Get);
            Assert.Contains("••••••(signature of digest)", shown["headers"]!.AsArray().Select(header => (string)header!["value"]!));
            using var second = await callout.SendAsync(HttpMethod.Get, "/x");
            Assert.Contains("nc=00000002", fixture.Upstream.Requests[^1].Header("Authorization"), StringComparison.Ordinal);
        }
        finally
        {
            fixture.Upstream.Answer = answer;
        }
    }

    [Fact]
    public async Task Test_ShowsNoEcho_InMediaTypesAndNamesOfHeaders()
    {
        var callout = await fixture.CreateAsync(
            """{ "protocol": "custom", "parameters": { "A": "hunter2hunter2" } }""", "\"allowMergeFieldsInHeader\": true, \"redactResponses\": false");
        var answer = fixture.Upstream.Answer;
        fixture.Upstream.Answer = (context, request) =>
        {
            context.Response.ContentType = request.Header("X-Type");
            context.Response.Headers[request.Header("X-Name")!] = "1";
            context.Response.Headers["ETag"] = "\"1\"";
            return Task.CompletedTask;
        };
        try
        {
            var test = await TestAsync(callout, """{ "path": "/x", "headers": { "X-Type": "text/{!$Credential.A}", "X-Name": "{!UPPER($Credential.A)}" } }""");
            Assert.True((bool)test["ok"]!, test.ToJsonString());
            Assert.DoesNotContain("hunter2", test.ToJsonString(), StringComparison.OrdinalIgnoreCase);
            Assert.Contains("ETag", test["steps"]![0]!["response"]!["headers"]!.AsArray().Select(name => (string)name!));
        }
        finally
        {
            fixture.Upstream.Answer = answer;
        }
    }

    [Theory]
    [InlineData("auth", "GET", null)]
    [InlineData("auth-int", "POST", "a body")]
    public async Task Test_OfADigestWithoutAChallenge_TellsOfBothSendings(string qop, string method, string? body)
    {
        var callout = await fixture.CreateAsync("""{ "protocol": "digest", "username": "the-user", "password": "the-password" }""");
        var answer = fixture.Upstream.Answer;
        fixture.Upstream.Answer = async (context, request) =>
        {
            context.Response.StatusCode = request.Header("Authorization") is null ? 401 : 200;
            context.Response.Headers.WWWAuthenticate = $"Digest realm=\"r\", nonce=\"n1\", qop=\"{qop}\", algorithm=SHA-256";
            await context.Response.Body.WriteAsync("twelve bytes"u8.ToArray());
            await context.Response.Body.FlushAsync();
        };
        try
        {
            var test = await TestAsync(callout, new JsonObject { ["method"] = method, ["path"] = "/x", ["body"] = body }.ToJsonString());
            Assert.True((bool)test["ok"]!, test.ToJsonString());
            Assert.Equal(
                [("The request", 401, null, 0, body), ("The request, sent once more", 200, "••••••(signature of digest)", 12, body)],
                test["steps"]!.AsArray().Select(step => (
                    (string)step!["name"]!, (int)step["status"]!,
                    (string?)step["request"]!["headers"]!.AsArray().SingleOrDefault(header => (string)header!["name"]! == "Authorization")?["value"],
                    (int)step["response"]!["bytes"]!, (string?)step["request"]!["body"])));
            Assert.Contains("nc=00000001", fixture.Upstream.Requests[^1].Header("Authorization"), StringComparison.Ordinal);
            Assert.Equal("The request", (string)Assert.Single((await TestAsync(callout, Get))["steps"]!.AsArray())!["name"]!);
        }
        finally
        {
            fixture.Upstream.Answer = answer;
        }
    }

    [Theory]
    [InlineData("no secret", false)]
    [InlineData("{!$Credential.AccessKeyId}", true)]
    [InlineData("{!$Credential.SessionToken}", true)]
    public async Task Preview_ShowsTheHashOfABody_WhereNoSecretIsInIt(string body, bool isMasked)
    {
        var callout = await fixture.CreateAsync(Aws, "\"allowMergeFieldsInBody\": true, \"allowMergeFieldsInHeader\": true");
        var request = new JsonObject { ["method"] = "POST", ["path"] = "/x", ["headers"] = new JsonObject { ["X-Hash"] = "{!HEX(HASH('SHA-256', $Credential.Body))}" }, ["body"] = body }.ToJsonString();
        var (status, shown) = await PreviewAsync(callout, request);
        Assert.True(status == 200, shown.ToJsonString());
        var hash = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(body)));
        var values = shown["headers"]!.AsArray().ToDictionary(header => (string)header!["name"]!, header => (string)header!["value"]!);
        Assert.Equal(isMasked ? "••••••(Body)" : hash, values["X-Amz-Content-Sha256"]);
        Assert.Equal(isMasked ? "••••••(Body)" : hash, values["X-Hash"]);
    }

    [Theory]
    [InlineData("bearer", "tok\nen-token", "", "", 422)]
    [InlineData("custom", "tok\u0001en-token", "\"customHeaders\": [ { \"name\": \"X-A\", \"value\": \"{!$Credential.Token}\" } ]", "", 422)]
    [InlineData("custom", "tok\u0001en-token", "\"allowMergeFieldsInHeader\": true", "\"headers\": { \"X-A\": \"{!$Credential.Token}\" }", 422)]
    [InlineData("custom", " edged-token", "\"allowMergeFieldsInHeader\": true", "\"headers\": { \"X-A\": \"{!$Credential.Token}\" }", 422)]
    [InlineData("custom", "gr\u00F6\u00DFer-token", "\"allowMergeFieldsInBody\": true", "\"method\": \"POST\", \"headers\": { \"Content-Type\": \"text/plain; charset=us-ascii\" }, \"body\": \"{!$Credential.Token}\"", 400)]
    [InlineData("custom", "no-base64-!-token", "\"allowMergeFieldsInBody\": true", "\"method\": \"POST\", \"body\": \"{!HEX(BASE64DECODE($Credential.Token))}\"", 400)]
    [InlineData("bearer", "..", "(url){!$Credential.Token}", "", 400)]
    [InlineData("bearer", "%2e%2e", "(url){!RAW($Credential.Token)}", "", 400)]
    [InlineData("bearer", "../y?z#q", "(url){!RAW($Credential.Token)}", "", 400)]
    public async Task Preview_OfWhatACalloutRefusesForItsValues_IsRefusedWithTheSameError(string protocol, string value, string settings, string request, int expected)
    {
        var url = settings.StartsWith("(url)", StringComparison.Ordinal) ? "/" + settings[5..] + "/x" : "";
        var authentication = new JsonObject { ["protocol"] = protocol, ["parameters"] = new JsonObject { ["Token"] = value } }.ToJsonString();
        var callout = await fixture.CreateAsync(authentication, url.Length > 0 ? "" : settings, url);
        var (status, shown) = await PreviewAsync(callout, "{ \"path\": \"/p\"" + (request.Length == 0 ? "" : ", " + request) + " }");
        Assert.True(status == expected, shown.ToJsonString());
        Assert.Equal(expected == 422 ? "secret-not-a-header-value" : "merge-field-invalid", (string?)shown["code"]);
        Assert.DoesNotContain("token", shown.ToJsonString(), StringComparison.Ordinal);

        var sent = JsonNode.Parse("{ \"path\": \"/p\"" + (request.Length == 0 ? "" : ", " + request) + " }")!;
        var header = sent["headers"]?.AsObject().SingleOrDefault(one => one.Key == "X-A");
        var detail = await callout.SendRefusedAsync(
            (string)shown["code"]!, (HttpStatusCode)expected, new HttpMethod((string?)sent["method"] ?? "GET"), "/p", (string?)sent["body"],
            (string?)sent["headers"]?["Content-Type"] ?? "text/plain", header is { Key: not null } one ? [(one.Key, (string)one.Value!)] : []);
        Assert.Equal(detail, (string?)shown["detail"]);
    }

    [Theory]
    [InlineData("text/plain", "a={!$Credential.A}", "a=••••••(A)")]
    [InlineData("application/x-www-form-urlencoded", "a={!$Credential.A}", "a=••••••(A)")]
    [InlineData("application/json", "{\"a\":\"{!$Credential.A}\"}", "{\"a\":\"••••••(A)\"}")]
    [InlineData("application/xml", "<a>{!$Credential.A}</a>", "<a>••••••(A)</a>")]
    public async Task Preview_InAnotherCharset_HasTheSameMask(string type, string body, string expected)
    {
        var callout = await fixture.CreateAsync("""{ "protocol": "custom", "parameters": { "A": "value-of-a" } }""", "\"allowMergeFieldsInBody\": true, \"maxRequestBytes\": 30");
        foreach (var charset in new[] { "", "; charset=us-ascii", "; charset=iso-8859-1" })
        {
            var request = new JsonObject { ["method"] = "POST", ["path"] = "/x", ["headers"] = new JsonObject { ["Content-Type"] = type + charset }, ["body"] = body };
            var (status, shown) = await PreviewAsync(callout, request.ToJsonString());
            Assert.True(status == 200, shown.ToJsonString());
            Assert.Equal(expected, (string?)shown["body"]);
        }
    }

    [Theory]
    [InlineData("text/plain", "€={!$Credential.P}", "€=p\u00E4ssw\u00F6rt1", "utf-8")]
    [InlineData("text/plain; charset=iso-8859-1", "\u00E9={!$Credential.P}", "\u00E9=p\u00E4ssw\u00F6rt1", "iso-8859-1")]
    [InlineData("text/plain; charset=iso-8859-1", "€={!$Credential.P}", null, "iso-8859-1")]
    [InlineData("application/json; charset=us-ascii", "{\"a\":\"{!$Credential.P}\"}", "{\"a\":\"p\\u00E4ssw\\u00F6rt1\"}", "us-ascii")]
    [InlineData("application/json; charset=us-ascii", "{\"\u00E9\":\"{!$Credential.P}\"}", null, "us-ascii")]
    [InlineData("application/xml", "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><\u00E9>{!$Credential.P}</\u00E9>", "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><\u00E9>p\u00E4ssw\u00F6rt1</\u00E9>", "iso-8859-1")]
    public async Task Trial_InAnotherCharset_HasTheTextInIt_AsTheValues(string type, string body, string? sent, string charset)
    {
        var callout = await fixture.CreateAsync("""{ "protocol": "custom", "parameters": { "P": "p\u00E4ssw\u00F6rt1" } }""", "\"allowMergeFieldsInBody\": true");
        var request = new JsonObject { ["method"] = "POST", ["path"] = "/x", ["headers"] = new JsonObject { ["Content-Type"] = type }, ["body"] = body }.ToJsonString();
        var (status, shown) = await PreviewAsync(callout, request);
        if (sent is null)
        {
            Assert.Equal((400, "invalid-request"), (status, (string?)shown["code"]));
            Assert.NotNull(shown["errors"]!["$.body"]);
            Assert.DoesNotContain("{!", shown.ToJsonString(), StringComparison.Ordinal);
            return;
        }

        Assert.True(status == 200, shown.ToJsonString());
        Assert.Equal(body.Replace("{!$Credential.P}", "••••••(P)", StringComparison.Ordinal), (string?)shown["body"]);
        var test = await TestAsync(callout, request);
        Assert.True((bool)test["ok"]!, test.ToJsonString());
        Assert.Equal((string?)shown["body"], (string?)test["steps"]![0]!["request"]!["body"]);
        Assert.Equal(System.Text.Encoding.GetEncoding(charset).GetBytes(sent), fixture.Upstream.Requests[^1].Body);
    }

    [Theory]
    [InlineData("$Credential.s", "••••••(S)")]
    [InlineData("UPPER($Credential.s)", "••••••(S)")]
    [InlineData("$Credential.S & $credential.s", "••••••(S)")]
    [InlineData("HEX(HMAC('SHA-256', $Credential.oTher, $Credential.s))", "••••••(Other, S)")]
    public async Task Preview_OfANameInAnotherCase_MasksWithTheNameOfTheParameter(string expression, string expected)
    {
        var callout = await fixture.CreateAsync(
            """{ "protocol": "custom", "parameters": { "S": "value-of-s", "Other": "value-of-other" } }""", "\"allowMergeFieldsInBody\": true, \"allowMergeFieldsInHeader\": true");
        var request = new JsonObject { ["method"] = "POST", ["path"] = "/x", ["headers"] = new JsonObject { ["X-A"] = $"{{!{expression}}}" }, ["body"] = $"{{!{expression}}}" };
        var (status, shown) = await PreviewAsync(callout, request.ToJsonString());
        Assert.True(status == 200, shown.ToJsonString());
        Assert.Equal(expected, (string?)shown["body"]);
        Assert.Equal(expected, shown["headers"]!.AsArray().Single(header => (string)header!["name"]! == "X-A")!["value"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", "upstream-unreachable")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "upstream-unreachable")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", "response-not-inspectable")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", null)]
    public async Task Test_OfAnAnswerThatIsCutOff_Fails(string answer, string? code)
    {
        await using var upstream = RawUpstream.Start();
        upstream.AnswerWith(answer);
        var name = fixture.NewName();
        await fixture.Vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""
            { "name": "{{name}}", "url": "{{upstream.Url}}", "authentication": { "protocol": "bearer", "token": "the-bearer-token" } }
            """);
        var test = await fixture.Vault.AdminAsync(HttpMethod.Post, $"/api/v1/named-credentials/{name}/test", Get);
        Assert.Equal((code is null, 200), ((bool)test!["ok"]!, (int?)test["status"]));
        Assert.Equal((code, code is null ? null : "service"), ((string?)test["failure"]?["code"], (string?)test["failure"]?["where"]));
        Assert.Equal(200, (int?)Assert.Single(test["steps"]!.AsArray())!["status"]);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", 3)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", 5)]
    [InlineData("HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 3)]
    [InlineData("HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", 3)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0)]
    public async Task Test_SaysHowLongTheBodyWas_AlsoWhereItsHeadDoesNot(string answer, int bytes)
    {
        await using var upstream = RawUpstream.Start();
        upstream.AnswerWith(answer);
        var name = fixture.NewName();
        await fixture.Vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""
            { "name": "{{name}}", "url": "{{upstream.Url}}", "authentication": { "protocol": "bearer", "token": "the-bearer-token" } }
            """);
        var test = await fixture.Vault.AdminAsync(HttpMethod.Post, $"/api/v1/named-credentials/{name}/test", Get);
        Assert.Equal(bytes, (int?)Assert.Single(test!["steps"]!.AsArray())!["response"]?["bytes"]);
        Assert.Equal(answer.Contains("404", StringComparison.Ordinal) ? "upstream-status" : null, (string?)test["failure"]?["code"]);
    }

    [Theory]
    [InlineData("text/event-stream", "data: 1\n\n")]
    [InlineData("application/octet-stream", "(endless)")]
    public async Task Test_OfAnAnswerWithoutAnEnd_Ends(string type, string first)
    {
        var piece = first == "(endless)" ? new byte[64 * 1024] : System.Text.Encoding.UTF8.GetBytes(first);
        await using var upstream = RawUpstream.Start();
        upstream.Answer = async (stream, _) =>
        {
            await stream.WriteAsync(System.Text.Encoding.Latin1.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: {type}\r\n\r\n"));
            do
            {
                await stream.WriteAsync(piece);
            }
            while (first == "(endless)");
        };
        var name = fixture.NewName();
        await fixture.Vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""
            { "name": "{{name}}", "url": "{{upstream.Url}}", "authentication": { "protocol": "bearer", "token": "the-bearer-token" } }
            """);
        Assert.True((bool)(await fixture.Vault.AdminAsync(HttpMethod.Post, $"/api/v1/named-credentials/{name}/test", Get))!["ok"]!);
    }

    private async Task<(int Status, JsonNode Shown)> PreviewAsync(TestCallout callout, string request)
    {
        using var content = new StringContent(request, new MediaTypeHeaderValue("application/json"));
        using var response = await fixture.Vault.AdminClient.PostAsync($"/api/v1/named-credentials/{callout.Name}/preview", content);
        return ((int)response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync())!);
    }

    private async Task<JsonNode> TestAsync(TestCallout callout, string request) =>
        (await fixture.Vault.AdminAsync(HttpMethod.Post, $"/api/v1/named-credentials/{callout.Name}/test", request))!;
}
