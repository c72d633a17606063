using Vault.Core.Tests.Authentication.Fakes;
using Xunit;

namespace Vault.Core.Tests.Authentication.Credentials;

public sealed class CredentialBindingTests
{
    private const string Password = """{"protocol":"password"}""";
    private readonly Authenticating _parts = new();

    [Fact]
    public void Hash_OrderOfHosts_DoesNotMatter() =>
        Assert.Equal(Hash(Password, "a.example", "*.b.example"), Hash(Password, "*.B.example", "A.example:443"));

    [Fact]
    public void Hash_WhatDecidesWhereSecretsGo_AllTellsApart()
    {
        string[] hashes =
        [
            Hash(Password),
            Hash("""{"protocol":"bearer"}"""),
            Hash(Password, "a.example"),
            Hash(Password, "*.a.example"),
            Hash(Password, "a.example:8443"),
            Hash(Password, "http://a.example"),
            Hash(Password, "a.example", "b.example"),
            Hash(Login("/token"), "a.example"),
            Hash(Login("https://a.example/token"), "a.example"),
            Hash(Login("https://b.example/token"), "a.example"),
            Hash(Login("https://a.example:8443/token"), "a.example"),
        ];
        Assert.Equal(hashes.Length, hashes.Distinct().Count());
        Assert.All(hashes, hash => Assert.Equal(64, hash.Length));
    }

    [Fact]
    public void Hash_PathAndTemplatesOfAStep_DoNotMatter() => Assert.Equal(
        Hash(Login("https://a.example/token"), "a.example"), Hash(Login("https://a.example/other?x={!$Credential.Username}"), "a.example"));

    [Fact]
    public void Bind_SameDefinition_IsBoundOnce()
    {
        var definition = Authenticating.Definition(Password);
        Assert.Same(_parts.Binder.Bind(definition).Value, _parts.Binder.Bind(definition).Value);
        Assert.NotSame(_parts.Binder.Bind(definition).Value, _parts.Binder.Bind(definition with { Version = 2 }).Value);
    }

    private static string Login(string url) =>
        $$"""{"protocol":"login","steps":[{"request":{"url":"{{url}}"},"extract":{"t":"$.t"} }]}""";

    private string Hash(string authentication, params string[] hosts) => Convert.ToHexString(_parts.Bind(authentication, hosts).Binding);
}
