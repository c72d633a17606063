using Vault.Core.Tests.Authentication.Fakes;
using Xunit;

namespace Vault.Core.Tests.Authentication.Protocols;

public sealed class ApiKeyProtocolTests : ProtocolContractTests
{
    protected override string Protocol => "apiKey";

    protected override string Settings => """{"protocol":"apiKey","in":"header","parameterName":"X-Api-Key","prefix":"Key "}""";

    protected override IReadOnlyList<(string Name, string Value)> Parameters => [("ApiKey", "Secret-key")];

    [Theory]
    [InlineData("header")]
    [InlineData("query")]
    [InlineData("cookie")]
    public void Apply_PutsItWhereItBelongs(string place)
    {
        var credential = Parts.Bind($$"""{"protocol":"apiKey","in":"{{place}}","parameterName":"key","prefix":"Key "}""");
        var injection = Apply(credential.Authentication, out _);
        var value = Assert.Single([.. injection.Headers, .. injection.Query, .. injection.Cookies]);
        Assert.Equal(("key", "Key Secret-key", true), (value.Name, value.Value, value.IsSecret));
        Assert.Same(value, Assert.Single(place switch { "header" => injection.Headers, "query" => injection.Query, _ => injection.Cookies }));
    }

    [Theory]
    [InlineData("header", "Host")]
    [InlineData("header", "transfer-encoding")]
    [InlineData("header", "Content-Length")]
    [InlineData("header", "Connection")]
    [InlineData("header", "X Key")]
    [InlineData("header", "X:Key")]
    [InlineData("header", "X\\r\\nY")]
    [InlineData("header", "")]
    [InlineData("query", "")]
    [InlineData("query", "a\\u0000b")]
    [InlineData("cookie", "a;b")]
    [InlineData("cookie", "a=b")]
    public void Bind_BadName_IsRefused(string place, string name)
    {
        var bound = Authenticating.Protocols.Bind(Authenticating.Json($$"""{"protocol":"apiKey","in":"{{place}}","parameterName":"{{name}}"}"""));
        Assert.Equal(["$.authentication.parameterName"], bound.Error!.Errors!.Keys);
    }

    [Fact]
    public void Bind_SeveralMistakes_AreToldAtOnce()
    {
        var bound = Authenticating.Protocols.Bind(Authenticating.Json("""{"protocol":"apiKey","in":"body","prefix":7,"parametername":"x"}"""));
        Assert.Equal(
            new HashSet<string> { "$.authentication.in", "$.authentication.parameterName", "$.authentication.parametername", "$.authentication.prefix" },
            bound.Error!.Errors!.Keys.ToHashSet());
    }
}
