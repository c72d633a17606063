using CsCheck;
using Vault.Core.Primitives;
using Xunit;

namespace Vault.Core.Tests.Primitives;

public sealed class EvenRateTests
{
    [Fact]
    public void Take_AtTheEdgeOfAWindow_PassesNoDoubleBurst()
    {
        var rate = new EvenRate(10, TimeSpan.FromSeconds(10));
        long fullAt = 0;
        var passed = 0;

        // All ten just before a second ends, and as many as go just after it: a counter per window would pass twenty.
        foreach (var now in new[] { TimeSpan.FromSeconds(9.99), TimeSpan.FromSeconds(10.01) })
        {
            for (var call = 0; call < 20; call++)
            {
                passed += rate.Take(ref fullAt, now.Ticks) is null ? 1 : 0;
            }
        }

        Assert.Equal(10, passed);
    }

    [Fact]
    public void Take_InAnyOrderOfTimes_NeverPassesMoreThanPermitsAndWhatWasFilledUp() => Gen.Select(
        Gen.Int[1, 1000], Gen.Int[1, 3600], Gen.Int[0, 2_000_000].Array[1, 400]).Sample((permits, seconds, steps) =>
    {
        var rate = new EvenRate(permits, TimeSpan.FromSeconds(seconds));
        long fullAt = 0;
        long now = 0;
        var passed = 0;
        foreach (var step in steps)
        {
            now += step;
            if (rate.Take(ref fullAt, now) is { } wait)
            {
                // Whoever waits as long as was said is let in; a moment earlier he isn't.
                var copy = fullAt;
                Assert.Null(rate.Take(ref copy, now + wait.Ticks));
                copy = fullAt;
                Assert.NotNull(rate.Take(ref copy, now + wait.Ticks - 1));
                continue;
            }

            passed++;
        }

        Assert.True(passed <= permits + (now * permits / (seconds * TimeSpan.TicksPerSecond)) + 1, $"{passed}");
    });

    [Theory]
    [InlineData(1, 1)]
    [InlineData(9_999, 1)]
    [InlineData(1_000_000, 1)]
    [InlineData(7, 86_400)]
    public void Take_AtOnce_PassesExactlyThePermits(int permits, int seconds)
    {
        var rate = new EvenRate(permits, TimeSpan.FromSeconds(seconds));
        long fullAt = 0;
        for (var call = 0; call < permits; call++)
        {
            Assert.Null(rate.Take(ref fullAt, 0));
        }

        Assert.NotNull(rate.Take(ref fullAt, 0));
    }

    [Fact]
    public void Take_ByManyThreads_PassesExactlyThePermits()
    {
        var rate = new EvenRate(1_000, TimeSpan.FromHours(1));
        long fullAt = 0;
        var passed = 0;
        Parallel.For(0, 4_000, _ => Interlocked.Add(ref passed, rate.Take(ref fullAt, 1) is null ? 1 : 0));
        Assert.Equal(1_000, passed);
    }

    [Fact]
    public void Take_AfterTheRateWasLowered_WaitsAWholePeriodAtWorst()
    {
        long fullAt = 0;
        Assert.Null(new EvenRate(1, TimeSpan.FromDays(1)).Take(ref fullAt, 0));
        Assert.Equal(TimeSpan.FromSeconds(1), new EvenRate(1, TimeSpan.FromSeconds(1)).Take(ref fullAt, 0));
    }
}
