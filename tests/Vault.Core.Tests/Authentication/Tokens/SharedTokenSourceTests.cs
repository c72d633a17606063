using System.Diagnostics;
using Vault.Core.Authentication.Tokens;
using Vault.Core.Primitives;
using Vault.Core.Tests.Authentication.Fakes;
using Xunit;

namespace Vault.Core.Tests.Authentication.Tokens;

/// <summary>Token sources of several processes on one store, of a service whose refresh tokens are good once.</summary>
public sealed class SharedTokenSourceTests : IDisposable
{
    private readonly FakeLeases _leases = new();
    private readonly TokenFixture _vault;

    public SharedTokenSourceTests()
    {
        _vault = new TokenFixture(leases: _leases);
        _vault.SignIn.IsRenewable = true;
    }

    public void Dispose() => _vault.Dispose();

    [Fact]
    public async Task Renew_ForcedWhereAnotherReplicaRenewedSince_TradesInWhatThatOneGot()
    {
        var (ours, theirs) = (_vault.Source, _vault.Restart());
        Assert.Equal("ada@#1", await GetAsync(ours));
        Assert.Equal("ada@#1", await GetAsync(theirs));
        Assert.Equal("ada@#2", Text(await theirs.RenewAsync(_vault.Request(), null, CancellationToken.None)));
        Assert.Equal("ada@#3", Text(await ours.RenewAsync(_vault.Request(), null, CancellationToken.None)));
        Assert.Equal("refresh#2", _vault.SignIn.TradedIn);
    }

    [Fact]
    public async Task GiveUp_WhileTheDatabaseIsAway_KeepsTheToken_AndHandsTheAnswerOn()
    {
        var token = await _vault.TokenAsync();
        _vault.Parts.Time.Advance(TimeSpan.FromSeconds(10));
        _vault.Store.EndFault = new TimeoutException("database");
        Assert.False(await _vault.Source.GiveUpAsync(_vault.Request(), token, CancellationToken.None));
        Assert.Equal("ada@#1", await GetAsync(_vault.Source));

        _vault.Store.EndFault = null;
        Assert.True(await _vault.Source.GiveUpAsync(_vault.Request(), token, CancellationToken.None));
        Assert.Equal("ada@#2", await GetAsync(_vault.Source));
    }

    [Fact]
    public async Task Refresh_DuringWhichTheDatabaseGoes_LosesNothing()
    {
        Assert.Equal("ada@#1", await GetAsync(_vault.Source));
        _vault.Parts.Time.Advance(TimeSpan.FromHours(1));
        _vault.Store.SaveFault = new TimeoutException("database");
        Assert.False((await _vault.Source.GetAsync(_vault.Request(), CancellationToken.None)).IsOk);
        Assert.Equal("refresh#1", _vault.SignIn.TradedIn);

        // The database is back, and everything is read anew.
        _vault.Store.SaveFault = null;
        _vault.Source.EvictAll();
        _vault.Parts.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal("ada@#2", await GetAsync(_vault.Source));
        Assert.Equal(2, _vault.SignIn.Calls);
        Assert.Equal("ada@#2", await GetAsync(_vault.Restart()));
    }

    [Fact]
    public async Task Refresh_DuringWhichTheDatabaseGoes_AndEverythingIsReadAnewMeanwhile_LosesNothing()
    {
        Assert.Equal("ada@#1", await GetAsync(_vault.Source));
        _vault.Parts.Time.Advance(TimeSpan.FromHours(1));
        _vault.Store.SaveFault = new TimeoutException("database");
        _vault.SignIn.Gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var underWay = _vault.Source.GetAsync(_vault.Request(), CancellationToken.None).AsTask();
        while (_vault.SignIn.Calls < 2)
        {
            await Task.Yield();
        }

        _vault.Source.EvictAll();
        _vault.SignIn.Gate.SetResult();
        Assert.False((await underWay).IsOk);
        _vault.Store.SaveFault = null;
        _vault.Parts.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal("ada@#2", await GetAsync(_vault.Source));
        Assert.Equal(2, _vault.SignIn.Calls);
    }

    [Fact]
    public async Task Refresh_WhoseLeaseIsLost_IsKeptUnderTheNextOne()
    {
        Assert.Equal("ada@#1", await GetAsync(_vault.Source));
        _vault.Parts.Time.Advance(TimeSpan.FromHours(1));
        _vault.SignIn.Gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var underWay = GetAsync(_vault.Source);
        while (_vault.SignIn.Calls < 2)
        {
            await Task.Yield();
        }

        _leases.LoseAll();
        _vault.SignIn.Gate.SetResult();
        await AdvanceUntilAsync(underWay);

        Assert.Equal("ada@#2", await underWay);
        Assert.Equal("ada@#2", await GetAsync(_vault.Restart()));
    }

    [Fact]
    public async Task Refresh_OfAReplicaThatWasOvertaken_GivesWayToTheNewerToken()
    {
        var (ours, theirs) = (_vault.Source, _vault.Restart());
        Assert.Equal("ada@#1", await GetAsync(ours));
        _vault.Parts.Time.Advance(TimeSpan.FromHours(1));
        _vault.SignIn.Gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var underWay = GetAsync(ours);
        while (_vault.SignIn.Calls < 2)
        {
            await Task.Yield();
        }

        // It froze, and lost its lease: another one signs in.
        var gate = _vault.SignIn.Gate;
        _vault.SignIn.Gate = null;
        _leases.LoseAll();
        Assert.Equal("ada@#3", await GetAsync(theirs));
        gate.SetResult();
        await AdvanceUntilAsync(underWay);

        Assert.Equal("ada@#3", await underWay);
        Assert.Equal("ada@#3", await GetAsync(_vault.Restart()));
    }

    // The clock goes five times as fast as the world's: whoever isn't waiting for it yet is not left behind by it.
    private async Task AdvanceUntilAsync(Task underWay)
    {
        for (var since = Stopwatch.GetTimestamp(); !underWay.IsCompleted;)
        {
            await Task.Yield();
            if (Stopwatch.GetElapsedTime(since) > TimeSpan.FromMilliseconds(20))
            {
                _vault.Parts.Time.Advance(TimeSpan.FromMilliseconds(100));
                since = Stopwatch.GetTimestamp();
            }
        }
    }

    private static string Text(Result<TokenSet> result)
    {
        Assert.True(result.IsOk, result.Error?.Detail);
        return result.Value.Values["t"].Reveal();
    }

    private async Task<string> GetAsync(TokenSource source) => Text(await source.GetAsync(_vault.Request(), CancellationToken.None));
}
