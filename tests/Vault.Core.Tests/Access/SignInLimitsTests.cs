using System.Net;
using Microsoft.Extensions.Time.Testing;
using Vault.Core.Access;
using Xunit;

namespace Vault.Core.Tests.Access;

public sealed class SignInLimitsTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Failed_FromAllOverANetworkOfIpv6_IsOneOrigin()
    {
        var limits = new SignInLimits(_time);
        for (var guess = 0; guess < SignInLimits.Permits; guess++)
        {
            Assert.Null(limits.Failed(IPAddress.Parse($"2001:db8:1:2::{guess:x}"), null));
        }

        Assert.NotNull(limits.Failed(IPAddress.Parse("2001:db8:1:2:ffff::1"), null));
        Assert.Null(limits.Failed(IPAddress.Parse("2001:db8:1:3::1"), null));
    }

    [Fact]
    public void Failed_FromEverywhereAtOneId_IsLimitedToo()
    {
        var limits = new SignInLimits(_time);
        for (var guess = 0; guess < SignInLimits.Permits; guess++)
        {
            Assert.Null(limits.Failed(new IPAddress([10, 0, (byte)(guess >> 4), (byte)guess]), "theSameKey1"));
        }

        Assert.NotNull(limits.Failed(IPAddress.Parse("10.9.9.9"), "theSameKey1"));
        Assert.Null(limits.Failed(IPAddress.Parse("10.9.9.8"), "anotherKey1"));
    }

    [Fact]
    public void Origin_OfAMappedAddress_IsTheAddress() =>
        Assert.Equal(IPAddress.Parse("192.0.2.1"), SignInLimits.Origin(IPAddress.Parse("::ffff:192.0.2.1")));

    [Fact]
    public void MayRecord_FromVeryManyAddresses_EndsForAllOfThem_AndBeginsAgain()
    {
        var limits = new SignInLimits(_time);
        var recorded = Enumerable.Range(0, 20_000).Count(guess => limits.MayRecord(new IPAddress([10, 1, (byte)(guess >> 8), (byte)guess])));
        Assert.Equal(1_000, recorded);
        _time.Advance(SignInLimits.Period);
        Assert.True(limits.MayRecord(IPAddress.Parse("10.200.0.1")));
    }
}
