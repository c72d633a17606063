using Microsoft.Extensions.Primitives;
using Vault.Core.Callouts.Paths;
using Vault.Core.Definitions;
using Xunit;

namespace Vault.Core.Tests.Callouts.Paths;

public sealed class PathTests
{
    [Theory]
    [InlineData("/../admin")]
    [InlineData("/%2e%2e/admin")]
    [InlineData("/.%2E/admin")]
    [InlineData("/..%2fadmin")]
    [InlineData("/%2e%2e%2fadmin")]
    [InlineData("/..%5cadmin")]
    [InlineData("/..\\admin")]
    [InlineData("/a\\b")]
    [InlineData("/a%5Cb")]
    [InlineData("/%252e%252e/admin")]
    [InlineData("/%25252e%25252e/admin")]
    [InlineData("/a%252f..%252fb")]
    [InlineData("/.")]
    [InlineData("/a/..")]
    [InlineData("/..;/b")]
    [InlineData("/a/..;x=1/b")]
    [InlineData("/%2e%2e%3bx/b")]
    [InlineData("/a%00")]
    [InlineData("/a%0d%0aX")]
    [InlineData("/a%250a")]
    [InlineData("/a%7f")]
    [InlineData("/a%ff")]
    [InlineData("/%c0%af")]
    [InlineData("/a%")]
    [InlineData("/a%4")]
    [InlineData("/a%zz")]
    public void Check_LeavesTheUrl_Refused(string path) => Assert.Equal("request-not-allowed", PathConfinement.Check(path)?.Code);

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("/a/b")]
    [InlineData("//evil.example/x")]
    [InlineData("///x")]
    [InlineData("/repos/a%2Fb")]
    [InlineData("/a;v=1/b")]
    [InlineData("/...")]
    [InlineData("/..a")]
    [InlineData("/a..b/.well-known")]
    [InlineData("/100%25")]
    [InlineData("/%E2%82%AC")]
    [InlineData("/https:evil")]
    public void Check_Stays_Allowed(string path) => Assert.Null(PathConfinement.Check(path));

    [Theory]
    [InlineData("/callout/X/a%2Fb?q=1&r=%20?x", "X", "/a%2Fb", "q=1&r=%20?x")]
    [InlineData("/callout/X", "X", "", null)]
    [InlineData("/callout/X/", "X", "/", null)]
    [InlineData("/callout/X?", "X", "", "")]
    [InlineData("/callout/X//evil.example/", "X", "//evil.example/", null)]
    [InlineData("/Callout/My_Name/v1", "My_Name", "/v1", null)]
    public void Parse_Target_IsCutAsSent(string target, string name, string path, string? query)
    {
        var result = CalloutTarget.Parse(target);
        Assert.True(result.IsOk);
        Assert.Equal((name, path, query, path.Length > 0), (result.Value.Name.Value, result.Value.Path, result.Value.Query, result.Value.HasTrailing));
    }

    [Theory]
    [InlineData("http://vault/callout/X", "request-not-allowed")]
    [InlineData("*", "request-not-allowed")]
    [InlineData("/%63allout/X/a", "request-not-allowed")]
    [InlineData("//callout/X", "request-not-allowed")]
    [InlineData("/callout", "request-not-allowed")]
    [InlineData("/callout/", "callout-not-granted")]
    [InlineData("/callout/a%20b/c", "callout-not-granted")]
    public void Parse_OtherForms_Refused(string target, string code) => Assert.Equal(code, CalloutTarget.Parse(target).Error?.Code);

    [Theory]
    [InlineData("/api/v1/../x", true)]
    [InlineData("/api/%2e%2e/x", true)]
    [InlineData("/api/%252e/x", true)]
    [InlineData("/api/%2e%2e%2fx/%zz", true)]
    [InlineData("/%ff/%2e%2e/x", true)]
    [InlineData("/a\\..\\b", true)]
    [InlineData("http://h/../x", true)]
    [InlineData("/api/v1/apps?search=../x", false)]
    [InlineData("/api/v1/a.b/...", false)]
    public void HasDotSegment_RawTarget_IsSeen(string target, bool expected) => Assert.Equal(expected, RawTargetGuard.HasDotSegment(target));

    [Theory]
    [InlineData("/record/**", "GET", "/record", true)]
    [InlineData("/record/**", "GET", "/record/1/2", true)]
    [InlineData("/record/**", "GET", "/records", false)]
    [InlineData("/record/**", "POST", "/record", false)]
    [InlineData("/record/**", "get", "/record", false)]
    [InlineData("/Record/*", "GET", "/record/1", false)]
    [InlineData("/v1/*", "GET", "/v1/a%2Fb", true)]
    [InlineData("/v1/*", "GET", "/v1/a/b", false)]
    [InlineData("/v1/*", "GET", "/v1", false)]
    [InlineData("/v1/cust*s/x", "GET", "/v1/customers/x", true)]
    [InlineData("/v1/caf\u00e9", "GET", "/v1/caf%C3%A9", true)]
    [InlineData("/**/x/**/y", "GET", "/a/x/b/x/c/y", true)]
    [InlineData("/**", "GET", "", true)]
    [InlineData("/a", "GET", "//a", false)]
    [InlineData("/a", "GET", "/%61", true)]
    [InlineData("/a", "GET", "/%2561", false)]
    [InlineData(null, "GET", "/any", true)]
    public void IsAllowed_Rules_Match(string? pattern, string method, string path, bool expected) =>
        Assert.Equal(expected, AllowedRequestMatcher.IsAllowed([new AllowedRequest(["GET"], pattern)], method, path));

    [Fact]
    public void IsAllowed_NoRulesOrHardPattern_AnswersAtOnce()
    {
        Assert.True(AllowedRequestMatcher.IsAllowed(null, "X", "/a"));
        Assert.False(AllowedRequestMatcher.IsAllowed([], "GET", "/a"));
        var pattern = "/" + string.Concat(Enumerable.Repeat("*a", 200)) + "b";
        Assert.False(AllowedRequestMatcher.IsAllowed([new AllowedRequest([], pattern)], "GET", "/" + new string('a', 10_000)));
    }

    [Theory]
    [InlineData("chunked", null, false, true)]
    [InlineData("Chunked", null, false, true)]
    [InlineData(null, "12", false, true)]
    [InlineData(null, null, true, true)]
    [InlineData("chunked", "12", false, false)]
    [InlineData("chunked", null, true, false)]
    [InlineData("identity, chunked", null, false, false)]
    [InlineData("xchunked", null, false, false)]
    [InlineData("", null, false, false)]
    [InlineData(null, "+1", false, false)]
    [InlineData(null, "0x5", false, false)]
    [InlineData(null, "5, 5", false, false)]
    [InlineData(null, "", false, false)]
    public void Refusal_Framing_IsStrict(string? transfer, string? length, bool renamed, bool plain) =>
        Assert.Equal(plain, StrictRequestFraming.Refusal(new StringValues(transfer), new StringValues(length), renamed, isHttp10: false) is null);

    [Fact]
    public void Refusal_OfTheOldVersionAndOfTwo_IsStrict()
    {
        Assert.NotNull(StrictRequestFraming.Refusal("chunked", StringValues.Empty, false, isHttp10: true));
        Assert.Null(StrictRequestFraming.Refusal(StringValues.Empty, "1", false, isHttp10: true));
        Assert.NotNull(StrictRequestFraming.Refusal(new(["chunked", "chunked"]), StringValues.Empty, false, isHttp10: false));
        Assert.NotNull(StrictRequestFraming.Refusal(StringValues.Empty, new(["1", "1"]), false, isHttp10: false));
    }
}
