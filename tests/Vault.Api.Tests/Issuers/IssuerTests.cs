using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Vault.Core.Access.Issuers;
using Vault.Testing;
using Xunit;

namespace Vault.Api.Tests.Issuers;

/// <summary>Signed-in workloads and people: whom a token lets in, as whom, and for how long its key counts.</summary>
public sealed class IssuerTests : IssuerBench
{
    [Fact]
    public async Task Token_IsAnAppOrARole_AsItsClaimsSay()
    {
        await ExpectAsync(await CallAsync(AppToken()), 200);
        Assert.Equal("shared", LastUser());
        Assert.Null(Service.Requests[^1].Header("X-Vault-Key"));

        // Proxy-Authorization too; Authorization is the caller's own, and no way in.
        await ExpectAsync(await SendAsync("/callout/Svc/x", ("Proxy-Authorization", "Bearer " + AppToken())), 200);
        Assert.Null(Service.Requests[^1].Header("Proxy-Authorization"));
        await ExpectAsync(await SendAsync("/callout/Svc/x", ("Authorization", "Bearer " + AppToken())), 401, "unauthenticated");

        // The claim's value names the app; the app's fate is the token's.
        await Vault.AdminAsync(HttpMethod.Post, "/api/v1/apps", """{ "name": "ByClaim" }""");
        await Vault.GrantAsync("ByClaim", "Svc");
        var byClaim = TokenOf("job", ("app", "byclaim"));
        await ExpectAsync(await CallAsync(byClaim), 200);
        await ExpectAsync(await CallAsync(TokenOf("job", ("app", "Nothing"))), 401, "unauthenticated");
        await Vault.AdminAsync(HttpMethod.Delete, "/api/v1/apps/ByClaim");
        await ExpectAsync(await CallAsync(byClaim), 401, "unauthenticated");

        // People: on the admin API as Bearer or X-Vault-Key; they can't call out, and apps can't administer.
        await ExpectAsync(await AdminAsync(AdminToken()), 200);
        await ExpectAsync(await SendAsync("/api/v1/apps", ("X-Vault-Key", AdminToken())), 200);
        await ExpectAsync(await CallAsync(AdminToken()), 403, "callout-not-granted");
        await ExpectAsync(await AdminAsync(AppToken()), 403, "forbidden");
        var auditor = TokenOf("eve", ("groups", new JsonArray("x", "auditors")));
        await ExpectAsync(await AdminAsync(auditor, "/api/v1/audit"), 200);
        await ExpectAsync(await AdminAsync(auditor, "/api/v1/admin-keys"), 403, "forbidden");

        // Another audience of the list; another issuer.
        await ExpectAsync(await CallAsync(TokenOf("ann", ("scope", "call"), ("aud", new JsonArray("x", "api://vault")))), 200);
        await ExpectAsync(await CallAsync(Other.Sign(Other.Claims(Time.GetUtcNow(), "ann"))), 200);

        var audit = (await Vault.AdminAsync(HttpMethod.Get, "/api/v1/audit?pageSize=500"))!["items"]!.AsArray();
        foreach (var actor in new[] { "TokenApp (Corp:ann)", "TokenApp (Cluster:ann)", "Corp:root", "TokenApp (Corp:ann)" })
        {
            Assert.Contains(audit, item => (string?)item!["actor"] == actor);
        }

        var ofApp = (await Vault.AdminAsync(HttpMethod.Get, "/api/v1/audit?pageSize=500&actor=TokenApp&action=callout"))!["items"]!.AsArray();
        Assert.Equal(4, ofApp.Count(item => (string?)item!["outcome"] == "success"));
        Assert.Contains(ofApp, item => (string?)item!["user"] == "ann");
    }

    [Fact]
    public async Task Subject_IsTheUser_AndOfItsIssuerAlone()
    {
        await SetUserAsync("ann", "secrets-of-ann");
        await SetUserAsync("bob", "secrets-of-bob");
        await SetUserAsync("cluster/ann", "secrets-of-cluster");
        (string, string) own = ("X-Vault-Principal", "own");
        await ExpectAsync(await CallAsync(AppToken("ann"), own), 200);
        Assert.Equal("secrets-of-ann", LastUser());
        await ExpectAsync(await CallAsync(AppToken("bob"), own), 200);
        Assert.Equal("secrets-of-bob", LastUser());
        await ExpectAsync(await CallAsync(AppToken("carl"), own), 409, "credential-not-configured");

        // The other issuer's ann is another.
        await ExpectAsync(await CallAsync(Other.Sign(Other.Claims(Time.GetUtcNow(), "ann")), own), 200);
        Assert.Equal("secrets-of-cluster", LastUser());

        // A header names somebody else only where the app may assert users.
        await ExpectAsync(await CallAsync(AppToken("ann"), own, ("X-Vault-User", "bob")), 403, "callout-not-granted");
        await ExpectAsync(await CallAsync(AppToken("ann"), own, ("X-Vault-User", "ann")), 403, "callout-not-granted");
        await Vault.AdminAsync(HttpMethod.Put, "/api/v1/apps/TokenApp", """{ "mayAssertUser": true }""");
        await ExpectAsync(await CallAsync(AppToken("ann"), own, ("X-Vault-User", "bob")), 200);
        Assert.Equal("secrets-of-bob", LastUser());
        await ExpectAsync(await CallAsync(AppToken("ann"), own), 200);
        Assert.Equal("secrets-of-ann", LastUser());

        // A subject that can't be a user id is none, nor is one that looks like the other issuer's.
        await ExpectAsync(await CallAsync(AppToken("änn"), own), 400, "user-required");
        await ExpectAsync(await CallAsync(AppToken("cluster/ann"), own), 400, "user-required");
    }

    [Fact]
    public async Task Token_ThatEndsWithTheCalendar_IsGood() =>
        await ExpectAsync(await CallAsync(Tokens.Sign(Tokens.Claims(Time.GetUtcNow(), "ann", ("scope", "call"), ("exp", 253402300799)))), 200);

    [Fact]
    public async Task Subject_WithControls_IsOneEscapedLineOfTheAudit()
    {
        await ExpectAsync(await AdminAsync(AdminToken("e\r\nvil\u001b[2J\u202e\\")), 200);
        await ExpectAsync(await AdminAsync(TokenOf("x\ny", ("groups", "auditors")), "/api/v1/admin-keys"), 403, "forbidden");
        var denied = (await Vault.AdminAsync(HttpMethod.Get, "/api/v1/audit?outcome=denied"))!["items"]!.AsArray();
        Assert.Contains(denied, item => (string?)item!["actor"] == "Corp:x\\u000ay");
    }

    [Fact]
    public async Task Keys_Rotate_AndOneThatIsDropped_EndsItsTokens()
    {
        await ExpectAsync(await CallAsync(AppToken()), 200);
        Assert.Equal(1, Host.Requests.Count(request => request.Target == "/keys"));

        // A key that isn't known is asked for, once in a while, however many tokens name one.
        Tokens.Add("k2");
        var second = Tokens.Sign(Tokens.Claims(Time.GetUtcNow(), "ann", ("scope", "call")), "k2");
        await ExpectAsync(await CallAsync(second), 200);
        var fetches = Host.Requests.Count(request => request.Target == "/keys");
        using var stranger = System.Security.Cryptography.RSA.Create(2048);
        await Task.WhenAll(Enumerable.Range(0, 40).Select(async i =>
        {
            var header = $$"""{"alg":"RS256","kid":"unknown{{i}}"}""";
            await ExpectAsync(await CallAsync(TestTokens.Sign(header, Tokens.Claims(Time.GetUtcNow(), "ann", ("scope", "call")).ToJsonString(), stranger)), 401, "unauthenticated");
        }));
        Assert.Equal(fetches, Host.Requests.Count(request => request.Target == "/keys"));

        // The first key goes: tokens that were let in a moment ago end with it, though they last.
        Time.Advance(TimeSpan.FromSeconds(1));
        var first = Tokens.Sign(Tokens.Claims(Time.GetUtcNow(), "ann", ("scope", "call"), ("exp", Time.GetUtcNow().ToUnixTimeSeconds() + 86_400)));
        await ExpectAsync(await CallAsync(first), 200);
        using var dropped = Tokens.Remove("k1");
        await ExpectAsync(await CallAsync(first), 200);
        await UntilFetchedAsync(IssuerKeys.RefreshPace);
        await ExpectAsync(await CallAsync(first), 401, "unauthenticated");
        await ExpectAsync(await CallAsync(Tokens.Sign(Tokens.Claims(Time.GetUtcNow(), "ann", ("scope", "call")), "k2")), 200);
    }

    [Theory]
    [InlineData("hangs")]
    [InlineData("fails")]
    [InlineData("talks nonsense")]
    [InlineData("talks too much")]
    [InlineData("has no key")]
    public async Task IssuerThatCantBeAsked_KeepsItsLastKeys_ForADay_AndHoldsUpNoOther(string trouble)
    {
        await ExpectAsync(await CallAsync(AppToken()), 200);
        var gone = new TaskCompletionSource();
        Answer = trouble switch
        {
            "hangs" => async context => await gone.Task.WaitAsync(context.RequestAborted),
            "fails" => Fail,
            "talks too much" => context => context.Response.WriteAsync("{ \"keys\": [], \"x\": \"" + new string('x', 2_000_000) + "\" }"),
            "has no key" => context => context.Response.WriteAsync("""{ "keys": [ { "kty": "oct", "k": "c2VjcmV0", "kid": "k1" } ] }"""),
            _ => context => context.Response.WriteAsync("<html>"),
        };
        Time.Advance(IssuerKeys.RefreshPace);
        await ExpectAsync(await CallAsync(AppToken("after")), 200);
        await ExpectAsync(await CallAsync(Other.Sign(Other.Claims(Time.GetUtcNow(), "ann"))), 200);
        Time.Advance(TimeSpan.FromHours(20));
        await ExpectAsync(await CallAsync(AppToken("later")), 200);
        if (trouble == "hangs")
        {
            gone.SetResult();
            return;
        }

        Time.Advance(IssuerKeys.MaxAge);
        await ExpectAsync(await CallAsync(AppToken("much later")), 401, "unauthenticated");

        // It comes back by itself.
        Answer = context => context.Response.WriteAsync(Tokens.Jwks);
        Time.Advance(IssuerKeys.RetryPace);
        await ExpectAsync(await CallAsync(AppToken("back")), 200);
    }

    [Fact]
    public async Task VerifiedToken_IsRemembered_UntilItEnds_AndNothingElseIs()
    {
        var callers = Vault.Services.GetRequiredService<JwtCallers>();
        var token = AppToken();
        for (var call = 0; call < 3; call++)
        {
            await ExpectAsync(await CallAsync(token), 200);
        }

        Assert.Equal(1, callers.Remembered);
        var signature = token.LastIndexOf('.') + 1;
        await ExpectAsync(await CallAsync($"{token[..signature]}{(token[signature] == 'A' ? 'B' : 'A')}{token[(signature + 1)..]}"), 401, "unauthenticated");
        await ExpectAsync(await CallAsync(TokenOf("nobody")), 401, "unauthenticated");
        Assert.Equal(1, callers.Remembered);

        // Known, it costs no verification: what is allocated is the caller and little else.
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var ask = 0; ask < 1000; ask++)
        {
            Assert.NotNull((await callers.ResolveAsync(token, CancellationToken.None))!.User);
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1000 * 600);

        // Five minutes, and the skew.
        Time.Advance(TimeSpan.FromSeconds(329));
        await ExpectAsync(await CallAsync(token), 200);
        Time.Advance(TimeSpan.FromSeconds(1));
        await ExpectAsync(await CallAsync(token), 401, "unauthenticated");
        Assert.Equal(0, callers.Remembered);
    }

    private static Task Fail(HttpContext context)
    {
        context.Response.StatusCode = 500;
        return Task.CompletedTask;
    }

    // The fetch is the vault's own affair, in the background: asked for until it came.
    private async Task UntilFetchedAsync(TimeSpan pace)
    {
        var before = Host.Requests.Count(request => request.Target == "/keys");
        Time.Advance(pace);
        for (var asked = 0; asked < 1000; asked++)
        {
            if (Host.Requests.Count(request => request.Target == "/keys") > before && !Vault.Services.GetRequiredService<JwtCallers>().Keys.First(keys => keys.Issuer.Name == "Corp").IsFetching)
            {
                return;
            }

            await ExpectAsync(await SendAsync("/healthz/live"), 200);
        }

        Assert.Fail("The keys were never fetched again.");
    }
}
