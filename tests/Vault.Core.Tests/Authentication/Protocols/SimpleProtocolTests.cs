using Vault.Core.Authentication;
using Xunit;

namespace Vault.Core.Tests.Authentication.Protocols;

public sealed class NoneProtocolTests : ProtocolContractTests
{
    protected override string Protocol => "none";

    protected override string Settings => """{"protocol":"none"}""";

    protected override IReadOnlyList<(string Name, string Value)> Parameters => [];

    [Fact]
    public void Apply_PutsNothing() => Assert.Equal(RequestInjection.None, Apply(Parts.Bind(Settings).Authentication, out _));
}

public sealed class PasswordProtocolTests : ProtocolContractTests
{
    protected override string Protocol => "password";

    protected override string Settings => """{"protocol":"password"}""";

    protected override IReadOnlyList<(string Name, string Value)> Parameters => [("Username", "Aladdin"), ("Password", "open \u00e9:Secret")];

    [Fact]
    public void Apply_IsBasicOfUtf8_AndTellsOfWhatItMade()
    {
        var header = Assert.Single(Apply(Parts.Bind(Settings).Authentication, out var produced).Headers);
        var expected = Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes("Aladdin:open \u00e9:Secret"));
        Assert.Equal(("Authorization", "Basic " + expected, true), (header.Name, header.Value, header.IsSecret));
        Assert.Equal([expected], produced);
    }

    [Fact]
    public void IsSecret_OnlyTheUsernameIsNot()
    {
        var bound = Parts.Bind(Settings).Authentication;
        Assert.False(bound.IsSecret("uSERNAME"));
        Assert.True(bound.IsSecret("Password"));
        Assert.True(bound.IsSecret("Further"));
        Assert.Equal("Basic", bound.AuthorizationMethod);
    }

    [Fact]
    public void Bind_NotSecret_IsForCustomAndLogin() =>
        Assert.Contains("$.authentication.notSecret", Fakes.Authenticating.Protocols
            .Bind(Fakes.Authenticating.Json("""{"protocol":"password","notSecret":["Password"]}""")).Error!.Errors!.Keys);
}

public sealed class BearerProtocolTests : ProtocolContractTests
{
    protected override string Protocol => "bearer";

    protected override string Settings => """{"protocol":"bearer"}""";

    protected override IReadOnlyList<(string Name, string Value)> Parameters => [("Token", "Secret-token")];

    [Fact]
    public void Apply_IsBearer()
    {
        var header = Assert.Single(Apply(Parts.Bind(Settings).Authentication, out _).Headers);
        Assert.Equal(("Authorization", "Bearer Secret-token", true), (header.Name, header.Value, header.IsSecret));
    }
}

public sealed class CustomProtocolTests : ProtocolContractTests
{
    protected override string Protocol => "custom";

    protected override string Settings => """{"protocol":"custom","notSecret":["Tenant"]}""";

    protected override IReadOnlyList<(string Name, string Value)> Parameters => [];

    [Fact]
    public void IsSecret_AllButNotSecretAndIdentifiers()
    {
        var bound = Parts.Bind(Settings).Authentication;
        Assert.False(bound.IsSecret("tenant"));
        Assert.False(bound.IsSecret("Username"));
        Assert.True(bound.IsSecret("Pin"));
    }

    [Fact]
    public void Bind_BadNotSecret_IsRefusedPerEntry()
    {
        var bound = Fakes.Authenticating.Protocols.Bind(Fakes.Authenticating.Json("""{"protocol":"custom","notSecret":["A",1,"b__c","a"]}"""));
        Assert.Equal(
            ["$.authentication.notSecret[1]", "$.authentication.notSecret[2]", "$.authentication.notSecret[3]"], bound.Error!.Errors!.Keys.Order());
    }
}
