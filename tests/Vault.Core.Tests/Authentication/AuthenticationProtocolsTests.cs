using System.Text.Json;
using Vault.Core.Authentication;
using Vault.Core.Primitives;
using Vault.Core.Tests.Authentication.Fakes;
using Xunit;

namespace Vault.Core.Tests.Authentication;

public sealed class AuthenticationProtocolsTests
{
    [Fact]
    public void Construct_SameNameTwice_Fails() =>
        Assert.Throws<InvalidOperationException>(() => new AuthenticationProtocols([new Named("x"), new Named("x")]));

    [Fact]
    public void Names_AreTheContractsOwn() =>
        Assert.Superset(new HashSet<string> { "none", "password", "bearer", "apiKey", "custom", "login" }, Authenticating.Protocols.Names.ToHashSet());

    [Theory]
    [InlineData("""{"protocol":"Password"}""")]
    [InlineData("""{"protocol":"nothing"}""")]
    [InlineData("""{"protocol":7}""")]
    [InlineData("{}")]
    public void Bind_UnknownProtocol_ListsTheKnown(string json)
    {
        var bound = Authenticating.Protocols.Bind(Authenticating.Json(json));
        Assert.Equal(ErrorCodes.InvalidRequest, bound.Error?.Code);
        var error = Assert.Single(bound.Error!.Errors!);
        Assert.Equal("$.authentication.protocol", error.Key);
        Assert.Contains("apiKey", Assert.Single(error.Value), StringComparison.Ordinal);
    }

    [Fact]
    public void Bind_NoObject_IsRefused() =>
        Assert.Contains("$.authentication", Authenticating.Protocols.Bind(Authenticating.Json("[]")).Error!.Errors!.Keys);

    private sealed class Named(string name) : IAuthenticationProtocol
    {
        public string Name => name;

        public Result<IBoundAuthentication> Bind(JsonElement authentication) => throw new NotSupportedException();
    }
}
