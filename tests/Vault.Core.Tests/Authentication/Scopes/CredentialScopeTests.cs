using System.Text.RegularExpressions;
using Vault.Core.Authentication.Credentials;
using Vault.Core.Authentication.Scopes;
using Vault.Core.MergeFields;
using Vault.Core.Primitives;
using Vault.Core.Tests.Authentication.Fakes;
using Xunit;

namespace Vault.Core.Tests.Authentication.Scopes;

public sealed class CredentialScopeTests
{
    private const string OneValueLogin = """{"protocol":"login","steps":[{"request":{"url":"/t","form":{"p":"{!$Credential.Pin}"}},"extract":{"securityToken":"$.t"}}]}""";
    private const string TwoValueLogin = """{"protocol":"login","steps":[{"request":{"url":"/t"},"extract":{"a":"$.a","b":"$.b"}}]}""";
    private readonly Authenticating _parts = new();

    [Theory]
    [InlineData("$Credential.Username", "Ada")]
    [InlineData("$Credential.USERNAME", "Ada")]
    [InlineData("$Credential.ServiceLogin.Password", "Pass")]
    [InlineData("$Credential.servicelogin.password", "Pass")]
    [InlineData("$Credential.Extra", "more")]
    [InlineData("$Credential.AuthorizationMethod", "Basic")]
    [InlineData("$Credential.AuthorizationHeaderValue", "QWRhOlBhc3M=")]
    [InlineData("$Credential.Endpoint.Url", "https://h/api")]
    [InlineData("$Request.Method", "PATCH")]
    [InlineData("$Request.path", "/api/x")]
    [InlineData("$Request.Query", "a=1")]
    [InlineData("$Request.Id", "id7")]
    [InlineData("$Request.UnixTime", "1795492800")]
    [InlineData("$Request.UnixTimeMs", "1795492800000")]
    [InlineData("$Request.Timestamp", "2026-11-24T04:00:00Z")]
    public async Task Password_KnownName_HasItsValue(string reference, string expected) =>
        Assert.Equal(expected, await ResolveAsync(Password(out var credential), credential, reference));

    [Theory]
    [InlineData("$Credential.Nothing")]
    [InlineData("$Credential.Other.Password")]
    [InlineData("$Credential.OAuthToken")]
    [InlineData("$Credential.OAuthConsumerKey")]
    [InlineData("$Credential.Endpoint")]
    [InlineData("$Credential.Body")]
    [InlineData("$Token.x")]
    [InlineData("$User.Id")]
    [InlineData("$Request.Nothing")]
    public void Password_UnknownName_IsAMergeFieldError(string reference)
    {
        var error = Password(out _).Check(Parse(reference));
        Assert.Equal(ErrorCodes.MergeFieldInvalid, error?.Code);
        Assert.Contains(reference, error!.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Secrecy_FollowsTheParameter()
    {
        var scope = Password(out _);
        Assert.False(scope.Resolve(Parse("$Credential.Username")).Value.IsSecret);
        Assert.True(scope.Resolve(Parse("$Credential.Password")).Value.IsSecret);
        Assert.True(scope.Resolve(Parse("$Credential.AuthorizationHeaderValue")).Value.IsSecret);
        Assert.False(scope.Resolve(Parse("$Request.Nonce")).Value.IsSecret);
    }

    [Fact]
    public void Nonce_IsTheSameAllThroughAnAttempt_AndAnotherInTheNext()
    {
        var facts = new RequestFacts("", "GET", "/", "", _parts.Time);
        Assert.Matches(new Regex("^[0-9a-f]{32}$"), facts.Find("nonce"));
        Assert.Equal(facts.Find("Nonce"), facts.Find("Nonce"));
        Assert.NotEqual(facts.Find("Nonce"), new RequestFacts("", "GET", "/", "", _parts.Time).Find("Nonce"));
    }

    [Fact]
    public async Task Bearer_OAuthToken_IsItsToken()
    {
        var credential = _parts.Bind("""{"protocol":"bearer"}""");
        var scope = Scope(credential, ("Token", "abc"));
        Assert.Equal("abc", await ResolveAsync(scope, credential, "$Credential.OAuthToken"));
        Assert.Equal("abc", await ResolveAsync(scope, credential, "$Credential.AuthorizationHeaderValue"));
        Assert.Equal("Bearer", await ResolveAsync(scope, credential, "$Credential.AuthorizationMethod"));
    }

    [Fact]
    public async Task Custom_ComputedNames_AreEmpty()
    {
        var credential = _parts.Bind("""{"protocol":"custom"}""");
        Assert.Equal("", await ResolveAsync(Scope(credential), credential, "$Credential.AuthorizationMethod"));
        Assert.Equal("", await ResolveAsync(Scope(credential), credential, "$Credential.AuthorizationHeaderValue"));
    }

    [Theory]
    [InlineData("$Token.securityToken")]
    [InlineData("$Token.SECURITYTOKEN")]
    [InlineData("$Credential.OAuthToken")]
    [InlineData("$Credential.AuthorizationHeaderValue")]
    public async Task Login_TheOnlyValue_IsTheToken(string reference)
    {
        var credential = _parts.Bind(OneValueLogin);
        var access = new FakeTokenAccess(["securityToken"]);
        Assert.Equal("Secret-of-securityToken", await ResolveAsync(Scope(credential, access), credential, reference));
        Assert.Equal(1, access.Calls);
    }

    [Fact]
    public void Login_TwoValues_HasNoOAuthToken()
    {
        var credential = _parts.Bind(TwoValueLogin);
        var scope = Scope(credential, new FakeTokenAccess(["a", "b"]));
        Assert.Equal(ErrorCodes.MergeFieldInvalid, scope.Check(Parse("$Credential.OAuthToken"))?.Code);
        Assert.Null(scope.Check(Parse("$Token.B")));
        Assert.Equal(ErrorCodes.MergeFieldInvalid, scope.Check(Parse("$Token.c"))?.Code);
    }

    [Fact]
    public async Task Login_ParameterOfAStep_NeedsNoToken()
    {
        var credential = _parts.Bind(OneValueLogin);
        var access = new FakeTokenAccess(["securityToken"]);
        var scope = Scope(credential, access);
        Assert.Equal(ErrorCodes.CredentialNotConfigured, scope.Check(Parse("$Credential.Pin"))?.Code);
        Assert.Null(await scope.PrepareAsync(Parse("$Credential.Pin"), CancellationToken.None));
        Assert.Equal(0, access.Calls);
    }

    [Fact]
    public void Body_IsKnownOnlyWhereHeadersAreMade()
    {
        var credential = _parts.Bind("""{"protocol":"custom"}""");
        var scope = new CredentialScope(credential, _parts.Set(credential), Facts()) { Body = () => "sent"u8.ToArray() };
        Assert.Null(scope.Check(Parse("$Credential.Body")));
        Assert.Equal("sent"u8.ToArray(), scope.Resolve(Parse("$Credential.Body")).Value.Blob);
    }

    [Fact]
    public void Callers_KeyOnlyParameters_AreNamedOnlyAsKeys()
    {
        var credential = _parts.Bind("""{"protocol":"custom"}""");
        credential = credential with { Authentication = new KeyedAuthentication() };
        var callers = new CredentialScope(credential, _parts.Set(credential, ("PrivateKey", "pem")), Facts()) { IsCallers = true };
        var admins = new CredentialScope(credential, _parts.Set(credential, ("PrivateKey", "pem")), Facts());
        var reference = Parse("$Credential.privatekey");
        Assert.Equal(ErrorCodes.MergeFieldInvalid, callers.Check(reference)?.Code);
        Assert.Null(callers.Check(reference with { IsKey = true }));
        Assert.Null(admins.Check(reference));
    }

    private static MergeReference Parse(string text)
    {
        var parts = text.TrimStart('$').Split('.');
        return new MergeReference(Enum.Parse<MergeReferenceKind>(parts[0]), parts.Length == 3 ? parts[1] : null, parts[^1], false);
    }

    private static async Task<string?> ResolveAsync(CredentialScope scope, BoundCredential credential, string text)
    {
        var reference = Parse(text);
        Assert.NotNull(credential);
        Assert.Null(scope.Check(reference));
        Assert.Null(await scope.PrepareAsync(reference, CancellationToken.None));
        var value = scope.Resolve(reference);
        Assert.True(value.IsOk, value.Error?.Detail);
        return value.Value.Text;
    }

    private RequestFacts Facts() => new("id7", "PATCH", "/api/x", "a=1", _parts.Time);

    private CredentialScope Scope(BoundCredential credential, params (string, string)[] parameters) =>
        new(credential, _parts.Set(credential, parameters), Facts()) { EndpointUrl = "https://h/api" };

    private CredentialScope Scope(BoundCredential credential, FakeTokenAccess access) => new(credential, _parts.Set(credential), Facts())
    {
        Token = access,
        TokenNames = credential.Authentication.Tokens!.TokenNames,
    };

    private CredentialScope Password(out BoundCredential credential)
    {
        credential = _parts.Bind("""{"protocol":"password"}""");
        return Scope(credential, ("Username", "Ada"), ("Password", "Pass"), ("Extra", "more"));
    }
}
