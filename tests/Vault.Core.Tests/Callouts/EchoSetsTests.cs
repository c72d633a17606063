using Microsoft.Extensions.Time.Testing;
using Vault.Core.Authentication.Tokens;
using Vault.Core.Callouts;
using Vault.Core.Primitives;
using Vault.Core.Redaction;
using Xunit;

namespace Vault.Core.Tests.Callouts;

public sealed class EchoSetsTests
{
    private readonly FakeTimeProvider _time = new();
    private int _opened;

    [Fact]
    public void Get_SameKey_OpensTheParametersOnce_AnotherKeyItsOwn()
    {
        using var sets = new EchoSets(_time);
        var first = Get(sets, "one");
        Assert.Same(first, Get(sets, "one"));
        Assert.Equal(1, _opened);
        Assert.NotSame(first, Get(sets, "two"));
        Assert.NotSame(first, sets.Get(Key("one") with { User = "ann" }, this, Parameters));
        Assert.NotSame(first, sets.Get(Key("one") with { PrincipalId = Guid.NewGuid() }, this, Parameters));
        Assert.Equal(4, _opened);
    }

    [Fact]
    public void Get_WhatWasMade_IsKeptFromTheSecondTimeOn()
    {
        using var sets = new EchoSets(_time);
        var known = Get(sets, "one");
        var key = Key("one") with { Made = "digest" };
        ReadOnlyMemory<byte>[] values = ["made-value"u8.ToArray()];
        Assert.NotSame(sets.Get(key, known, values), sets.Get(key, known, values));
        Assert.Equal(2, sets.Count);
        Assert.Same(sets.Get(key, known, values), sets.Get(key, known, values));
        var bytes = "made-value secret-one"u8.ToArray();
        sets.Get(key, known, values).Redact(bytes, new EchoWork());
        Assert.Equal("********** **********"u8, bytes);
    }

    [Fact]
    public void Get_Tokens_AreMadeReadyOnce_AndAnewWhenOneComes_WithoutWhatWasMadeBesideThoseOfBefore()
    {
        using var sets = new EchoSets(_time);
        var known = Get(sets, "one");
        var key = Key("one") with { Slot = new TokenKey(Guid.Empty, Guid.Empty, "", null, "stamp") };
        SecretText[] tokens = [new("token-one"), new("token-two")];
        var before = sets.Get(key, known, tokens);
        Assert.Same(before, sets.Get(key, known, [.. tokens]));
        ReadOnlyMemory<byte>[] values = ["Bearer token-two"u8.ToArray()];
        var made = key with { Known = before, Made = "digest" };
        sets.Get(made, before, values);
        Assert.Same(sets.Get(made, before, values), sets.Get(made, before, values));
        Assert.Equal(3, sets.Count);

        var after = sets.Get(key, known, [.. tokens, new SecretText("token-three")]);
        Assert.NotSame(before, after);
        Assert.Equal(2, sets.Count);
        var bytes = "secret-one token-one token-two token-three"u8.ToArray();
        after.Redact(bytes, new EchoWork());
        Assert.Equal("********** ********* ********* ***********"u8, bytes);
        Assert.NotSame(after, sets.Get(key with { Slot = key.Slot! with { Stamp = "other" } }, known, tokens));
    }

    [Fact]
    public void Sets_AreDroppedWithinTheirTime_UsedOrNot()
    {
        using var sets = new EchoSets(_time);
        Get(sets, "one");
        for (var minute = 0; minute < 15; minute++)
        {
            _time.Advance(TimeSpan.FromMinutes(1));
            Get(sets, minute < 14 ? "one" : "two");
        }

        Assert.Equal(1, sets.Count);
        Assert.Equal(2, _opened);
        Get(sets, "one");
        Assert.Equal(3, _opened);
    }

    [Fact]
    public void Sets_AreBounded()
    {
        using var sets = new EchoSets(_time);
        for (var i = 0; i < EchoSets.Capacity + 100; i++)
        {
            Get(sets, "stamp" + i);
        }

        Assert.Equal(EchoSets.Capacity, sets.Count);
    }

    [Fact]
    public void Sets_OfManyBytes_AreBoundedByThem()
    {
        using var sets = new EchoSets(_time);
        for (var i = 0; i < 20; i++)
        {
            sets.Get(Key("large" + i), this, Large);
        }

        Assert.Equal(EchoSets.MaxBytes / 1_000_000, sets.Count);

        static bool Large(EchoSetsTests test, List<ReadOnlyMemory<byte>> values)
        {
            values.Add(new byte[1_000_000]);
            return true;
        }
    }

    [Fact]
    public void Get_WhereAParameterCouldNotBeOpened_IsNotKept()
    {
        using var sets = new EchoSets(_time);
        sets.Get(Key("one"), this, static (test, values) => Parameters(test, values) && false);
        Assert.Equal(0, sets.Count);
    }

    private static EchoKey Key(string stamp) => new(null!, Guid.Empty, "", stamp);

    private RedactionSet Get(EchoSets sets, string stamp) => sets.Get(Key(stamp), this, Parameters);

    private static bool Parameters(EchoSetsTests test, List<ReadOnlyMemory<byte>> values)
    {
        test._opened++;
        values.Add("secret-one"u8.ToArray());
        return true;
    }
}
