using Vault.Core.Primitives;
using Xunit;

namespace Vault.Core.Tests.Authentication.Tokens;

/// <summary>Somebody sets the clock, by hours: what is counted goes on as before, and no token is trusted for longer than it lives.</summary>
public sealed class ClockJumpTests : IDisposable
{
    private static readonly TimeSpan Far = TimeSpan.FromHours(5);
    private readonly TokenFixture _vault = new();

    public void Dispose() => _vault.Dispose();

    [Theory]
    [InlineData(-5)]
    [InlineData(5)]
    public async Task Get_AfterAFailure_IsTriedAgainAfterThePause_WhateverTheClockSays(int hours)
    {
        _vault.SignIn.Error = new VaultError(ErrorCodes.TokenRequestFailed, "status 503");
        Assert.False((await _vault.Source.GetAsync(_vault.Request(), CancellationToken.None)).IsOk);
        _vault.SignIn.Error = null;
        _vault.Parts.Time.Jump = TimeSpan.FromHours(hours);
        Assert.False((await _vault.Source.GetAsync(_vault.Request(), CancellationToken.None)).IsOk);
        Assert.Equal(1, _vault.SignIn.Calls);
        _vault.Parts.Time.Advance(TimeSpan.FromSeconds(5));
        await _vault.TokenAsync();
    }

    [Fact]
    public async Task Get_ClockSetForward_TheTokenHasEnded_AndOneSignInReplacesIt()
    {
        await _vault.TokenAsync();
        _vault.Parts.Time.Jump = Far;
        var tokens = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(_vault.TokenAsync)));
        Assert.Single(tokens.Distinct());
        Assert.Equal(2, _vault.SignIn.Calls);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(60 * 5)]
    public async Task GiveUp_TokenOfAClockThatWasAhead_IsNotTakenForYoung(int minutes)
    {
        _vault.Parts.Time.Jump = TimeSpan.FromMinutes(minutes);
        var token = await _vault.TokenAsync();
        _vault.Parts.Time.Jump = TimeSpan.Zero;
        Assert.True(await _vault.Source.GiveUpAsync(_vault.Request(), token, CancellationToken.None));
        Assert.NotSame(token, await _vault.TokenAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Get_TokenOfAClockThatWasAhead_IsRenewed_ThoughItsEndIsFarAway(bool isRestarted)
    {
        _vault.Parts.Time.Jump = Far;
        var token = await _vault.TokenAsync();
        _vault.Parts.Time.Jump = TimeSpan.Zero;
        if (isRestarted)
        {
            _vault.Restart();
            await _vault.TokenAsync();
        }

        // Nobody waits for it: it may well be good.
        Assert.Equal(token.Id, (await _vault.TokenAsync()).Id);
        await _vault.Source.SettledAsync();
        var fresh = await _vault.TokenAsync();
        await _vault.Source.SettledAsync();
        Assert.Equal((2, _vault.Parts.Time.GetUtcNow()), (_vault.SignIn.Calls, fresh.ObtainedAt));
    }
}
