using Microsoft.Extensions.Time.Testing;
using Vault.Core.Callouts;
using Vault.Core.Definitions;
using Xunit;

namespace Vault.Core.Tests.Callouts;

public sealed class CalloutRateTests
{
    private static readonly RateLimit Once = new(1, 10);

    [Fact]
    public void Take_CountsEachAppAndNamedCredentialByItself()
    {
        var rate = new CalloutRate(new FakeTimeProvider());
        Guid app = Guid.NewGuid(), other = Guid.NewGuid(), named = Guid.NewGuid();
        Assert.Null(rate.Take(app, named, Once));
        Assert.Equal(TimeSpan.FromSeconds(10), rate.Take(app, named, Once));
        Assert.Null(rate.Take(other, named, Once));
        Assert.Null(rate.Take(app, Guid.NewGuid(), Once));
    }

    [Fact]
    public void Take_ByAppsThatComeAndGo_LeavesNothing()
    {
        var time = new FakeTimeProvider();
        var rate = new CalloutRate(time);
        Guid kept = Guid.NewGuid(), named = Guid.NewGuid();
        for (var app = 0; app < 5_000; app++)
        {
            Assert.Null(rate.Take(Guid.NewGuid(), named, Once));
        }

        Assert.Null(rate.Take(kept, named, new RateLimit(1, 3600)));
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Null(rate.Take(Guid.NewGuid(), named, Once));

        // What still says something stays.
        Assert.Equal(2, rate.Count);
        Assert.NotNull(rate.Take(kept, named, new RateLimit(1, 3600)));
    }
}
