using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Callouts;

/// <summary>What is changed while a request waits (for its body, for a sign-in, for a first answer) is in force for it, too.</summary>
public sealed class StandingTests(CalloutFixture fixture) : IClassFixture<CalloutFixture>, IDisposable
{
    private const string Secret = "the-first-password";

    private readonly HttpClient _client = new(new SocketsHttpHandler { Expect100ContinueTimeout = TimeSpan.FromMinutes(1), UseProxy = false });

    // The route below /api/v1, a body, and what the callout is answered then.
    public static TheoryData<string, string?, int, string> Withdrawals => new()
    {
        { "DELETE apps/App{name}/keys/{key}", null, 401, "unauthenticated" },
        { "DELETE apps/App{name}", null, 401, "unauthenticated" },
        { "DELETE apps/App{name}/grants/{name}", null, 403, "callout-not-granted" },

        // As a new callout: it is the other principal that may be used now, and it has no secrets.
        { "PUT apps/App{name}/grants/{name}", """{ "principals": ["other"] }""", 409, "credential-not-configured" },
        { "DELETE named-credentials/{name}", null, 403, "callout-not-granted" },
        { "PUT named-credentials/{name}", """{ "url": "{url}", "externalCredential": "{name}", "enabled": false }""", 403, "named-credential-disabled" },
        { "PUT named-credentials/{name}", """{ "url": "{url}", "externalCredential": "{name}", "allowedRequests": [{ "path": "/none" }] }""", 403, "request-not-allowed" },
        { "DELETE external-credentials/{name}/principals/default/credential", null, 409, "credential-not-configured" },
        { "PUT external-credentials/{name}?discardSecrets=true", """{ "authentication": {authentication}, "allowedHosts": ["{host}", "other.example"] }""", 409, "credential-not-configured" },
    };

    public void Dispose() => _client.Dispose();

    [Theory]
    [MemberData(nameof(Withdrawals))]
    public async Task WhatIsWithdrawn_WhileTheBodyComes_IsUsedNoMore(string change, string? json, int status, string code)
    {
        const string Authentication = """{ "protocol": "password" }""";
        var callout = await fixture.CreateAsync($$"""{ "protocol": "password", "username": "user", "password": "{{Secret}}" }""", """ "allowMergeFieldsInBody": true """, "/held");
        await AddOtherPrincipalAsync(callout.Name, Authentication);
        using var body = new HeldContent("a body with {!$Credential.Password}");
        var answering = SendAsync(callout, body);
        await body.Reading;
        await ChangeAsync(callout, change, json, fixture.Upstream.Url + "/held", Authentication);
        body.GoOn();
        using var answer = await answering;
        Assert.Equal((status, code), ((int)answer.StatusCode, Assert.Single(answer.Headers.GetValues("X-Vault-Error"))));
        Assert.DoesNotContain(fixture.Upstream.Requests, request => request.Target == "/held/" + callout.Name);
    }

    [Theory]
    [InlineData("PUT external-credentials/{name}/principals/default/credential", """{ "parameters": { "Username": "user", "Password": "the-second-password" } }""", "the-second-password", 100)]
    [InlineData("PUT external-credentials/{name}/principals/default/credential", """{ "parameters": { "Username": "user", "Password": "the-second-password" } }""", "the-second-password", 3_000_000)]
    [InlineData("PUT named-credentials/{name}", """{ "label": "Another", "url": "{url}", "externalCredential": "{name}", "allowMergeFieldsInBody": true }""", Secret, 100)]
    [InlineData("PUT external-credentials/{name}", """{ "label": "Another", "authentication": { "protocol": "password" } }""", Secret, 3_000_000)]
    public async Task WhatIsReplaced_WhileTheBodyComes_IsUsed_AndTheBodyIsWhole(string change, string json, string expected, int length)
    {
        var callout = await fixture.CreateAsync($$"""{ "protocol": "password", "username": "user", "password": "{{Secret}}" }""", """ "allowMergeFieldsInBody": true """, "/whole");
        using var body = new HeldContent("begin {!$Credential.Password} " + new string('x', length) + " end");
        var answering = SendAsync(callout, body);
        await body.Reading;
        await ChangeAsync(callout, change, json, fixture.Upstream.Url + "/whole");
        body.GoOn();
        using var answer = await answering;
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        var received = Assert.Single(fixture.Upstream.Requests, request => request.Target == "/whole/" + callout.Name);
        Assert.Equal($"begin {expected} {new string('x', length)} end", received.Text);
        Assert.Equal("Basic " + Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes("user:" + expected)), received.Header("Authorization"));
        var record = (await fixture.Vault.AdminAsync(HttpMethod.Get, "/api/v1/audit?action=callout&target=" + callout.Name))!["items"]!.AsArray().Single()!;
        Assert.Equal(("success", body.Length), ((string?)record["outcome"], (long)record["bytesIn"]!));
    }

    [Theory]
    [MemberData(nameof(Withdrawals))]
    public async Task WhatIsWithdrawn_WhileASignInIsUnderWay_IsUsedNoMore(string change, string? json, int status, string code)
    {
        await using var service = new LoginService();
        var callout = await service.DefineAsync(fixture);
        var signIn = service.HoldSignIn();
        var answering = callout.SendAsync(HttpMethod.Get, "/record");
        await service.SigningIn.Task;
        await ChangeAsync(callout, change, json, service.Url);
        signIn.SetResult();
        using var answer = await answering;
        Assert.Equal((status, code), ((int)answer.StatusCode, Assert.Single(answer.Headers.GetValues("X-Vault-Error"))));
        Assert.Equal(0, service.Records);
    }

    [Theory]
    [InlineData("PUT named-credentials/{name}", """{ "label": "Another", "url": "{url}", "externalCredential": "{name}", "allowMergeFieldsInBody": true }""")]
    [InlineData("PATCH external-credentials/{name}/principals/default/credential", """{ "parameters": { "Other": "value" } }""")]
    public async Task BodyThatFieldsMakeTooLongToBeHeld_IsWhole_WhereSomethingIsChangedWhileASignInIsUnderWay(string change, string json)
    {
        const int Fields = 50_000;
        await using var service = new LoginService();
        var callout = await service.DefineAsync(fixture);
        await ChangeAsync(callout, "PUT named-credentials/{name}", """{ "url": "{url}", "externalCredential": "{name}", "allowMergeFieldsInBody": true }""", service.Url);
        var signIn = service.HoldSignIn();
        var answering = callout.SendAsync(HttpMethod.Post, "/record", string.Concat(Enumerable.Repeat("{!HEX($Credential.Password)}", Fields)), "text/plain");
        await service.SigningIn.Task;
        await ChangeAsync(callout, change, json, service.Url);
        signIn.SetResult();
        using var answer = await answering;
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        Assert.Equal(Fields * Secret.Length * 2, service.LengthOfRecord);
    }

    [Theory]
    [MemberData(nameof(Withdrawals))]
    public async Task WhatIsWithdrawn_WhileAnAnswerIsDue_IsNotSentOnceMore(string change, string? json, int status, string code)
    {
        await using var service = new LoginService();
        using var answer = await AnswerToADeadTokenAsync(service, change, json);

        // The first answer was the service's to give.
        Assert.Equal(401, (int)answer.StatusCode);
        Assert.False(answer.Headers.Contains("X-Vault-Error"), $"{status} {code}");
        Assert.Equal((1, 2), (service.SignIns, service.Records));
    }

    [Fact]
    public async Task AnotherLabel_WhileAnAnswerIsDue_HindersNoRenewal()
    {
        await using var service = new LoginService();
        using var answer = await AnswerToADeadTokenAsync(service, "PUT external-credentials/{name}", """{ "label": "Another", "authentication": {authentication} }""");
        Assert.Equal((200, 2, 3), ((int)answer.StatusCode, service.SignIns, service.Records));
    }

    [Theory]
    [InlineData("admin-keys", """{ "name": "Evil", "role": "admin" }""")]
    [InlineData("apps", """{ "name": "Evil" }""")]
    [InlineData("named-credentials/Nobody/test", """{ "path": "/x" }""")]
    public async Task KeyThatIsRevoked_WhileTheBodyOfAChangeComes_ChangesNothing(string route, string json)
    {
        var name = fixture.NewName();
        var key = await fixture.Vault.CreateKeyAsync("admin", name);
        using var body = new HeldContent(json) { Headers = { ContentType = new("application/json") } };
        var answering = SendAsync("/api/v1/" + route, key, body);
        await body.Reading;
        await fixture.Vault.AdminAsync(HttpMethod.Delete, "/api/v1/admin-keys/" + name);
        body.GoOn();
        using var answer = await answering;
        Assert.Equal((401, "unauthenticated"), ((int)answer.StatusCode, Assert.Single(answer.Headers.GetValues("X-Vault-Error"))));
        Assert.NotEmpty(answer.Headers.WwwAuthenticate);
        var items = (await fixture.Vault.AdminAsync(HttpMethod.Get, "/api/v1/audit?actor=" + name))!["items"]!.AsArray();
        for (var tries = 0; items.Count == 0 && tries < 100; tries++)
        {
            // What is refused in the end is on record right after it was told.
            items = (await fixture.Vault.AdminAsync(HttpMethod.Get, "/api/v1/audit?actor=" + name))!["items"]!.AsArray();
        }

        Assert.Equal([("denied", "unauthenticated")], items.Select(item => ((string?)item!["outcome"], (string?)item["code"])));
        Assert.DoesNotContain((await fixture.Vault.AdminAsync(HttpMethod.Get, "/api/v1/" + (route == "apps" ? "apps" : "admin-keys") + "?pageSize=500"))!["items"]!.AsArray(), item => (string?)item!["name"] == "Evil");
    }

    // What the caller gets where the service calls its token dead, and something is changed before it does.
    private async Task<HttpResponseMessage> AnswerToADeadTokenAsync(LoginService service, string change, string? json)
    {
        var callout = await service.DefineAsync(fixture);
        using (await callout.SendAsync(HttpMethod.Get, "/record"))
        {
            // Its token worked, so that it would be renewed at once.
        }

        var record = service.HoldRecord();
        var answering = callout.SendAsync(HttpMethod.Get, "/record");
        await service.Asked.Task;
        await ChangeAsync(callout, change, json, service.Url);
        record.SetResult();
        return await answering;
    }

    private Task<JsonNode?> AddOtherPrincipalAsync(string name, string authentication) => fixture.Vault.AdminAsync(HttpMethod.Put, "/api/v1/external-credentials/" + name, $$"""
        { "authentication": {{authentication}}, "principals": [ { "name": "default" }, { "name": "other", "sequence": 2 } ] }
        """);

    private async Task ChangeAsync(TestCallout callout, string change, string? json, string url, string authentication = LoginService.Authentication)
    {
        var parts = change.Replace("{name}", callout.Name, StringComparison.Ordinal).Replace("{key}", callout.Key.Split('_')[1], StringComparison.Ordinal).Split(' ');
        await fixture.Vault.AdminAsync(
            new HttpMethod(parts[0]), "/api/v1/" + parts[1],
            json?.Replace("{name}", callout.Name, StringComparison.Ordinal).Replace("{url}", url, StringComparison.Ordinal).Replace("{host}", new Uri(url).GetLeftPart(UriPartial.Authority), StringComparison.Ordinal).Replace("{authentication}", authentication, StringComparison.Ordinal));
    }

    private Task<HttpResponseMessage> SendAsync(TestCallout callout, HeldContent body) => SendAsync($"/callout/{callout.Name}/{callout.Name}", callout.Key, body);

    private async Task<HttpResponseMessage> SendAsync(string path, string key, HeldContent body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, fixture.Vault.AdminClient.BaseAddress!.GetLeftPart(UriPartial.Authority) + path) { Content = body, Headers = { ExpectContinue = true } };
        request.Headers.Add("X-Vault-Key", key);
        return await _client.SendAsync(request);
    }

    /// <summary>A body that the vault has to wait for, once it has begun to read it: until then it doesn't say <c>100 Continue</c>.</summary>
    private sealed class HeldContent(string text) : HttpContent
    {
        private readonly byte[] _bytes = System.Text.Encoding.UTF8.GetBytes(text);
        private readonly TaskCompletionSource _reading = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Reading => _reading.Task;

        public long Length => _bytes.Length;

        public void GoOn() => _goOn.SetResult();

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(_bytes.AsMemory(0, 4));
            await stream.FlushAsync();
            _reading.SetResult();
            await _goOn.Task;
            await stream.WriteAsync(_bytes.AsMemory(4));
        }

        protected override bool TryComputeLength(out long length)
        {
            length = _bytes.Length;
            return true;
        }
    }

    /// <summary>A service that is signed in to, and that waits where it is told to.</summary>
    private sealed class LoginService : IAsyncDisposable
    {
        public const string Authentication = """
            { "protocol": "login", "steps": [ { "request": { "method": "POST", "url": "/token", "json": { "Password": "{!$Credential.Password}" } }, "extract": { "token": "$.token" } } ],
              "apply": { "headers": { "Authorization": "Bearer {!$Token.token}" } } }
            """;

        private RecordingUpstream? _upstream;
        private TaskCompletionSource? _signIn;
        private TaskCompletionSource? _record;
        private int _tokens;

        public string Url => _upstream!.Url;

        public TaskCompletionSource SigningIn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Asked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int SignIns => _upstream!.Requests.Count(request => request.Target == "/token");

        public int LengthOfRecord => _upstream!.Requests.Single(request => request.Target == "/record").Text.Length;

        public int Records => _upstream!.Requests.Count(request => request.Target == "/record");

        public TaskCompletionSource HoldSignIn() => _signIn = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>The next answer comes when it is told to, and says that the token is dead.</summary>
        public TaskCompletionSource HoldRecord() => _record = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public async Task<TestCallout> DefineAsync(CalloutFixture fixture)
        {
            _upstream = await RecordingUpstream.StartAsync();
            _upstream.Answer = AnswerAsync;
            var name = fixture.NewName();
            await fixture.Vault.AdminAsync(HttpMethod.Post, "/api/v1/external-credentials", $$"""
                { "name": "{{name}}", "authentication": {{Authentication}}, "principals": [ { "name": "default" }, { "name": "other", "sequence": 2 } ], "allowedHosts": ["{{Url}}"] }
                """);
            await fixture.Vault.AdminAsync(HttpMethod.Put, $"/api/v1/external-credentials/{name}/principals/default/credential", $$"""{ "parameters": { "Password": "{{Secret}}" } }""");
            await fixture.Vault.AdminAsync(HttpMethod.Post, "/api/v1/named-credentials", $$"""{ "name": "{{name}}", "url": "{{Url}}", "externalCredential": "{{name}}" }""");
            var key = await fixture.Vault.CreateAppAsync("App" + name, name);
            return new TestCallout(fixture, name, key, fixture.Vault.CreateClient(key));
        }

        public ValueTask DisposeAsync() => _upstream?.DisposeAsync() ?? ValueTask.CompletedTask;

        private async Task AnswerAsync(HttpContext context, RecordedRequest request)
        {
            if (request.Target == "/token")
            {
                SigningIn.TrySetResult();
                await (_signIn?.Task ?? Task.CompletedTask);
                await context.Response.WriteAsJsonAsync(new JsonObject { ["token"] = $"the-token-{Interlocked.Increment(ref _tokens)}" });
                return;
            }

            if (Interlocked.Exchange(ref _record, null) is { } record)
            {
                Asked.SetResult();
                await record.Task;
                context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            }
        }
    }
}
