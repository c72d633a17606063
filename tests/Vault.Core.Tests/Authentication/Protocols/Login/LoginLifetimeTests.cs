using System.Globalization;
using System.Text;
using Vault.Core.Primitives;
using Vault.Core.Tests.Authentication.Fakes;
using Xunit;

namespace Vault.Core.Tests.Authentication.Protocols.Login;

/// <summary>When a login's token ends, and which answers about it make no sense. The clock stands at 2026-11-24T04:00:00Z.</summary>
public sealed class LoginLifetimeTests
{
    // What means "never" is kept for ten years.
    private const double Longest = 10.0 * 366 * 24 * 3600;

    private readonly Authenticating _parts = new();

    [Theory]
    [InlineData("", "\"x\"", null)]
    [InlineData("\"lifetimeSeconds\":60", "\"x\"", 60.0)]
    [InlineData("\"expiresIn\":\"t\"", "3600", 3600.0)]
    [InlineData("\"expiresIn\":\"T\"", "\"3600\"", 3600.0)]
    [InlineData("\"expiresIn\":\"t\"", "\" 300 \"", 300.0)]
    [InlineData("\"expiresAt\":\"t\"", "\" 2026-11-24T05:00:00Z\\n\"", 3600.0)]
    [InlineData("\"expiresIn\":\"t\"", "0.5", 0.5)]
    [InlineData("\"expiresInMs\":\"t\"", "90000", 90.0)]
    [InlineData("\"expiresAt\":\"t\"", "\"2026-11-24T05:00:00Z\"", 3600.0)]
    [InlineData("\"expiresAt\":\"t\"", "\"2026-11-24T06:00:00.000+01:00\"", 3600.0)]
    [InlineData("\"expiresAt\":\"t\"", "1795496400", 3600.0)]
    [InlineData("\"expiresAt\":\"t\"", "1795496400000", 3600.0)]
    [InlineData("\"expiresAt\":\"t\"", "\"1795496400\"", 3600.0)]
    [InlineData("\"expiresIn\":\"t\",\"lifetimeSeconds\":60", "3600", 60.0)]
    [InlineData("\"expiresIn\":\"t\",\"lifetimeSeconds\":7200", "3600", 3600.0)]
    [InlineData("\"expiresIn\":\"t\"", "1e2", 100.0)]
    [InlineData("\"expiresIn\":\"t\"", "2147483647", Longest)]
    [InlineData("\"expiresAt\":\"t\"", "\"9999-12-31T23:59:59Z\"", Longest)]
    [InlineData("\"expiresIn\":\"t\",\"lifetimeSeconds\":300", "2147483647", 300.0)]
    [InlineData("\"expiresInMs\":\"t\",\"lifetimeSeconds\":300", "9223372036854775807", 300.0)]
    [InlineData("\"expiresAt\":\"t\",\"lifetimeSeconds\":300", "4102444800", 300.0)]
    [InlineData("\"expiresAt\":\"t\",\"lifetimeSeconds\":300", "253402300799000", 300.0)]
    public async Task End_IsFound(string settings, string value, double? seconds) => Assert.Equal(seconds, await LifeAsync(settings, value));

    [Theory]
    [InlineData("1795900000", "2026-11-28T21:06:40Z")]
    [InlineData("1795900000123", "2026-11-28T21:06:40.123Z")]
    [InlineData("\"2026-11-28T02:00:00.25+02:00\"", "2026-11-28T00:00:00.25Z")]
    [InlineData("\"2026-11-28T00:00:00Z\"", "2026-11-28T00:00:00Z")]
    public async Task End_ThatIsATime_StaysThatTime(string value, string end)
    {
        _parts.Time.Advance(TimeSpan.FromTicks(1_234_567));
        Assert.Equal(DateTimeOffset.Parse(end, CultureInfo.InvariantCulture), _parts.Time.GetUtcNow() + await TryLifeAsync("\"expiresAt\":\"t\"", value));
    }

    [Theory]
    [InlineData("\"expiresIn\":\"t\"", "0")]
    [InlineData("\"expiresIn\":\"t\"", "-1")]
    [InlineData("\"expiresIn\":\"t\"", "1000000000000")]
    [InlineData("\"expiresIn\":\"t\"", "1e300")]
    [InlineData("\"expiresIn\":\"t\"", "\" \"")]
    [InlineData("\"expiresIn\":\"t\"", "\"3 00\"")]
    [InlineData("\"expiresIn\":\"t\"", "\"soon\"")]
    [InlineData("\"expiresIn\":\"t\"", "\"NaN\"")]
    [InlineData("\"expiresIn\":\"t\"", "\"Infinity\"")]
    [InlineData("\"expiresIn\":\"t\"", "true")]
    [InlineData("\"expiresIn\":\"t\",\"lifetimeSeconds\":60", "-5")]
    [InlineData("\"expiresIn\":\"t\",\"lifetimeSeconds\":60", "\"NaN\"")]
    [InlineData("\"expiresInMs\":\"t\"", "0")]
    [InlineData("\"expiresAt\":\"t\"", "\"2026-11-24T04:00:00Z\"")]
    [InlineData("\"expiresAt\":\"t\"", "\"2020-01-01T00:00:00Z\"")]
    [InlineData("\"expiresAt\":\"t\"", "\"2026-11-24T05:00:00\"")]
    [InlineData("\"expiresAt\":\"t\"", "\"Tue, 24 Nov 2026 05:00:00 GMT\"")]
    [InlineData("\"expiresAt\":\"t\"", "\"2026-11-31T05:00:00Z\"")]
    [InlineData("\"expiresAt\":\"t\"", "1")]
    [InlineData("\"expiresAt\":\"t\"", "-1795496400")]
    [InlineData("\"expiresAt\":\"t\"", "9e18")]
    public async Task End_ThatMakesNoSense_RefusesTheToken(string settings, string value) => Assert.Null(await TryLifeAsync(settings, value));

    [Fact]
    public async Task End_OfAJwt_IsItsExp()
    {
        Assert.Equal(600, await LifeAsync("", Jwt("""{"exp":1795493400}""")));
        Assert.Equal(60, await LifeAsync("\"lifetimeSeconds\":60", Jwt("""{"exp":1795493400}""")));
        Assert.Null(await LifeAsync("", Jwt("""{"sub":"a"}""")));
        Assert.Null(await LifeAsync("", Jwt("[]")));
        Assert.Null(await LifeAsync("", "\"eyJhbGciOiJub25lIn0.%%%.x\""));
        Assert.Equal(60, await LifeAsync("\"lifetimeSeconds\":60", Jwt("""{"exp":253402300799}""")));
        Assert.Equal(Longest, await LifeAsync("", Jwt("""{"exp":253402300799}""")));
    }

    [Theory]
    [InlineData("{ \"alg\":\"HS256\"}", 600.0)]
    [InlineData("{\n\"alg\":\"HS256\"}", 600.0)]
    [InlineData(" \t\r\n{}", 600.0)]
    [InlineData("[{\"alg\":\"HS256\"}]", null)]
    [InlineData("{\"alg\":\"HS256\"", null)]
    [InlineData("{\"alg\":\"HS256\"}{}", null)]
    [InlineData("\"alg\"", null)]
    [InlineData("", null)]
    public async Task End_OfAJwt_IsFound_WhereItsHeaderIsAnObject(string header, double? seconds) =>
        Assert.Equal(seconds, await LifeAsync("", Jwt("""{"exp":1795493400}""", header)));

    [Theory]
    [InlineData("1795492799")]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("1e300")]
    public async Task End_OfAJwt_ThatMakesNoSense_RefusesTheToken(string exp) => Assert.Null(await TryLifeAsync("", Jwt($$"""{"exp":{{exp}} }""")));

    [Fact]
    public async Task End_OfSeveralJwts_IsTheEarliest_ButWhatTheServiceSaysComesFirst()
    {
        var answer = $$"""{"a":{{Jwt("""{"exp":1795493400}""")}},"b":{{Jwt("""{"exp":1795493100}""")}},"in":5}""";
        Assert.Equal(300, (await SignInAsync("", answer, """{"a":"$.a","b":"$.b"}"""))?.TotalSeconds);
        Assert.Equal(5, (await SignInAsync("\"expiresIn\":\"in\"", answer, """{"a":"$.a","b":"$.b","in":"$.in"}"""))?.TotalSeconds);
        Assert.Equal(
            3600, (await SignInAsync("\"expiresIn\":\"in\",\"expiresAt\":\"at\"", """{"in":5,"at":1795496400}""", """{"in":"$.in","at":"$.at"}"""))?.TotalSeconds);
    }

    private static string Jwt(string payload, string header = "{\"alg\":\"none\"}") => $"\"{Part(header)}.{Part(payload)}.c2ln\"";

    private static string Part(string json) => System.Buffers.Text.Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));

    private async Task<double?> LifeAsync(string settings, string value)
    {
        var life = await TryLifeAsync(settings, value);
        Assert.NotNull(life);
        return life == TimeSpan.MaxValue ? null : life.Value.TotalSeconds;
    }

    private Task<TimeSpan?> TryLifeAsync(string settings, string value) => SignInAsync(settings, $$"""{"t":{{value}} }""", """{"t":"$.t"}""");

    /// <summary>Null: refused; the longest time: no end.</summary>
    private async Task<TimeSpan?> SignInAsync(string settings, string answer, string extract)
    {
        var credential = _parts.Bind(
            string.Create(CultureInfo.InvariantCulture, $$"""{"protocol":"login","steps":[{"request":{"url":"/"},"extract":{{extract}} }]{{(settings.Length == 0 ? "" : ",")}}{{settings}} }"""),
            "h.example");
        var result = await credential.Authentication.Tokens!.AcquireAsync(
            _parts.Acquisition(credential, FakeService.Always(answer), "https://h.example"), CancellationToken.None);
        if (!result.IsOk)
        {
            Assert.Equal(ErrorCodes.TokenRequestFailed, result.Error.Code);
            return null;
        }

        return result.Value.ExpiresAt is { } end ? end - _parts.Time.GetUtcNow() : TimeSpan.MaxValue;
    }
}
