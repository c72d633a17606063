using Vault.Core.Authentication.Scopes;
using Vault.Core.Authentication.SignIns;
using Vault.Core.Authentication.Tokens;
using Vault.Core.Definitions;
using Vault.Core.MergeFields;
using Vault.Core.Primitives;
using Vault.Core.Tests.Authentication.Fakes;
using Xunit;

namespace Vault.Core.Tests.Authentication.Tokens;

public sealed class TokenSourceTests : IDisposable
{
    private readonly TokenFixture _vault = new();

    public void Dispose() => _vault.Dispose();

    [Fact]
    public async Task Get_By500AtOnce_SignsInOnce()
    {
        _vault.SignIn.Gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var calls = Enumerable.Range(0, 500).Select(_ => Task.Run(_vault.TokenAsync)).ToArray();
        await _vault.SignIn.Reached.Task;
        _vault.SignIn.Gate.SetResult();
        Assert.Single((await Task.WhenAll(calls)).Distinct());
        Assert.Equal(1, _vault.SignIn.Calls);
        Assert.Single(_vault.Store.Tokens);
    }

    [Fact]
    public async Task Get_CallerWhoBeganGoesAway_TheSignInGoesOn()
    {
        _vault.SignIn.Gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var cancellation = new CancellationTokenSource();
        var first = _vault.Source.GetAsync(_vault.Request(), cancellation.Token).AsTask();
        var second = _vault.TokenAsync();
        await _vault.SignIn.Reached.Task;
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        _vault.SignIn.Gate.SetResult();
        Assert.Equal("ada@#1", (await second).Values["t"].Reveal());
        Assert.Equal(1, _vault.SignIn.Calls);
    }

    [Fact]
    public async Task Get_AfterARestart_UsesTheSavedToken()
    {
        var token = await _vault.TokenAsync();
        _vault.Restart();
        var again = await _vault.TokenAsync();
        Assert.Equal((token.Id, "ada@#1"), (again.Id, again.Values["t"].Reveal()));
        Assert.Equal(token.ExpiresAt, again.ExpiresAt);
        Assert.Equal(1, _vault.SignIn.Calls);
    }

    [Fact]
    public async Task Saved_IsSealed_AndBelongsToItsPlace()
    {
        await _vault.TokenAsync();
        var stored = Assert.Single(_vault.Store.Tokens);
        Assert.Equal(-1, stored.Sealed.AsSpan().IndexOf("ada"u8));
        _vault.Store.Put(stored with { Sealed = [.. stored.Sealed.Select((value, index) => index == 120 ? (byte)~value : value)] });
        _vault.Restart();
        Assert.Equal("ada@#2", (await _vault.TokenAsync()).Values["t"].Reveal());
    }

    [Fact]
    public async Task Get_NotSaved_IsNotUsed()
    {
        _vault.Store.SaveFault = new TimeoutException("database");
        var result = await _vault.Source.GetAsync(_vault.Request(), CancellationToken.None);
        Assert.Equal(ErrorCodes.TokenRequestFailed, result.Error?.Code);
        Assert.DoesNotContain("database", result.Error!.Detail, StringComparison.Ordinal);
        _vault.Store.SaveFault = null;
        _vault.Parts.Time.Advance(TimeSpan.FromSeconds(5));
        await _vault.TokenAsync();
    }

    [Theory]
    [InlineData(3600, 3540)]
    [InlineData(100, 90)]
    public async Task Get_BeforeTheEnd_RenewsAheadOfTime(int life, int renewedAt)
    {
        _vault.SignIn.Life = TimeSpan.FromSeconds(life);
        var first = await _vault.TokenAsync();
        _vault.Parts.Time.Advance(TimeSpan.FromSeconds(renewedAt - 1));
        Assert.Same(first, await _vault.TokenAsync());
        Assert.Equal(1, _vault.SignIn.Calls);
        _vault.Parts.Time.Advance(TimeSpan.FromSeconds(1));
        await _vault.TokenAsync();
        await _vault.Source.SettledAsync();
        Assert.Equal(2, _vault.SignIn.Calls);
    }

    [Fact]
    public async Task Get_RenewalFails_GoesOnWithTheTokenToItsEnd_ButNeverAfterIt()
    {
        var first = await _vault.TokenAsync();
        _vault.SignIn.Error = new VaultError(ErrorCodes.TokenRequestFailed, "no");
        _vault.Parts.Time.Advance(TimeSpan.FromSeconds(3545));
        Assert.Same(first, await _vault.TokenAsync());
        await _vault.Source.SettledAsync();
        Assert.Equal(2, _vault.SignIn.Calls);
        Assert.Same(first, await _vault.TokenAsync());
        _vault.Parts.Time.Advance(TimeSpan.FromSeconds(55));
        Assert.False((await _vault.Source.GetAsync(_vault.Request(), CancellationToken.None)).IsOk);
    }

    [Fact]
    public async Task Get_AfterAFailure_RepeatsIt_5To60Seconds()
    {
        _vault.SignIn.Error = new VaultError(ErrorCodes.TokenRequestFailed, "status 401");
        var calls = 0;
        foreach (var pause in new[] { 5, 10, 20, 40, 60, 60 })
        {
            Assert.Equal("status 401", (await _vault.Source.GetAsync(_vault.Request(), CancellationToken.None)).Error?.Detail);
            Assert.Equal(++calls, _vault.SignIn.Calls);
            _vault.Parts.Time.Advance(TimeSpan.FromSeconds(pause) - TimeSpan.FromMilliseconds(1));
            await _vault.Source.GetAsync(_vault.Request(), CancellationToken.None);
            Assert.Equal(calls, _vault.SignIn.Calls);
            _vault.Parts.Time.Advance(TimeSpan.FromMilliseconds(1));
        }

        _vault.SignIn.Error = null;
        await _vault.TokenAsync();
    }

    [Fact]
    public async Task Get_AfterAFailure_NewSecretsAreTriedAtOnce()
    {
        _vault.SignIn.Error = new VaultError(ErrorCodes.TokenRequestFailed, "status 401");
        await _vault.Source.GetAsync(_vault.Request(), CancellationToken.None);
        _vault.SignIn.Error = null;
        _vault.Parameters = _vault.Parts.Set(_vault.Credential, ("Who", "bob"));
        Assert.Equal("bob@#2", (await _vault.TokenAsync()).Values["t"].Reveal());
    }

    [Fact]
    public async Task Get_AFault_TellsNothingOfIt()
    {
        _vault.SignIn.Fault = new InvalidOperationException("password hunter2");
        var result = await _vault.Source.GetAsync(_vault.Request(), CancellationToken.None);
        Assert.Equal(ErrorCodes.TokenRequestFailed, result.Error?.Code);
        Assert.DoesNotContain("hunter2", result.Error!.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_NoAnswerFor30Seconds_Ends()
    {
        _vault.SignIn.Gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var call = _vault.Source.GetAsync(_vault.Request(), CancellationToken.None).AsTask();
        await _vault.SignIn.Reached.Task;
        _vault.Parts.Time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(ErrorCodes.TokenRequestFailed, (await call).Error?.Code);
    }

    [Fact]
    public async Task GiveUp_YoungToken_StaysUnlessItWorked()
    {
        var token = await _vault.TokenAsync();
        _vault.Parts.Time.Advance(TimeSpan.FromSeconds(9));
        Assert.False(await GiveUpAsync(token));
        Assert.Same(token, await _vault.TokenAsync());

        _vault.Source.NoteWorked(_vault.Request(), token);
        Assert.True(await GiveUpAsync(token));
        Assert.NotSame(token, await _vault.TokenAsync());
    }

    [Fact]
    public async Task GiveUp_OldToken_IsRenewedOnce_HoweverManyAnswersSaySo()
    {
        var token = await _vault.TokenAsync();
        _vault.Parts.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.All(await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => GiveUpAsync(token))), Assert.True);
        var fresh = await _vault.TokenAsync();
        Assert.True(await GiveUpAsync(token));
        Assert.Same(fresh, await _vault.TokenAsync());
        Assert.Equal(2, _vault.SignIn.Calls);
        Assert.NotNull(_vault.Store.Tokens.Single(stored => stored.Id == token.Id).RetiredAt);
    }

    [Theory]
    [InlineData(1_000, 1.5)]
    [InlineData(4_000, 4)]
    [InlineData(13_000, 10)]
    public async Task GiveUp_OneAfterTheOther_PushesNoneOfTheLastDayOut(int length, double longestWait)
    {
        (_vault.SignIn.Length, _vault.SignIn.Life) = (length, null);
        var time = _vault.Parts.Time;
        var (retired, last, longest) = (new List<(string Token, DateTimeOffset At)>(), time.GetUtcNow(), TimeSpan.Zero);
        for (var end = last.AddHours(26); time.GetUtcNow() < end; time.Advance(TimeSpan.FromSeconds(30)))
        {
            var (token, now) = (await _vault.TokenAsync(), time.GetUtcNow());
            _vault.Source.NoteWorked(_vault.Request(), token);
            if (!await GiveUpAsync(token))
            {
                continue;
            }

            (longest, last) = (now - last > longest ? now - last : longest, now);
            retired.Add((token.Values["t"].Reveal(), now));
            retired.RemoveAll(old => now - old.At > TokenHistory.Life);
            if (retired.Count % 50 == 1 || length > 10_000)
            {
                Assert.Empty(retired.Select(old => old.Token).Except(await KnownAsync()));
            }
        }

        Assert.Empty(retired.Where(old => time.GetUtcNow() - old.At <= TokenHistory.Life).Select(old => old.Token).Except(await KnownAsync()));
        Assert.InRange(longest, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(longestWait));
    }

    [Theory]
    [InlineData(64_000, 40)]
    [InlineData(1_500_000, 2)]
    public async Task GiveUp_OfLargeOnes_IsWaitedForTenMinutes_AsLongAsThereIsRoom(int length, int many)
    {
        (_vault.SignIn.Length, _vault.SignIn.Life) = (length, null);
        for (var (given, waited) = (0, TimeSpan.Zero); given < many; _vault.Parts.Time.Advance(TimeSpan.FromSeconds(30)), waited += TimeSpan.FromSeconds(30))
        {
            var token = await _vault.TokenAsync();
            _vault.Source.NoteWorked(_vault.Request(), token);
            if (await GiveUpAsync(token))
            {
                (given, waited) = (given + 1, TimeSpan.Zero);
            }

            Assert.InRange(waited, TimeSpan.Zero, TimeSpan.FromMinutes(10));
        }
    }

    [Theory]
    [InlineData(1_000, 1)]
    [InlineData(4_000, 5)]
    [InlineData(8_000, 5)]
    public async Task GiveUp_AmongTheShortLivedOfADay_IsNotHeldUp(int length, int minutes)
    {
        (_vault.SignIn.Length, _vault.SignIn.Life) = (length, TimeSpan.FromMinutes(minutes));
        for (var end = _vault.Parts.Time.GetUtcNow().AddHours(24); _vault.Parts.Time.GetUtcNow() < end; _vault.Parts.Time.Advance(TimeSpan.FromMinutes(minutes)))
        {
            await _vault.TokenAsync();
        }

        var token = await _vault.TokenAsync();
        _vault.Parts.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.True(await GiveUpAsync(token));
        Assert.NotSame(token, await _vault.TokenAsync());
    }

    [Fact]
    public async Task Known_HoldsTheTokensOfTheLastDay_AlsoOverARestart()
    {
        var old = await _vault.TokenAsync();
        _vault.Parts.Time.Advance(TimeSpan.FromSeconds(10));
        await GiveUpAsync(old);
        await _vault.TokenAsync();
        Assert.Equal(["ada@#1", "ada@#2"], await KnownAsync());
        _vault.Restart();
        await _vault.TokenAsync();
        Assert.Equal(["ada@#1", "ada@#2"], await KnownAsync());
        _vault.SignIn.Life = null;
        _vault.Parts.Time.Advance(TimeSpan.FromHours(25));
        await _vault.TokenAsync();
        Assert.DoesNotContain("ada@#1", await KnownAsync());
    }

    [Fact]
    public async Task Evict_DuringASignIn_ItsTokenIsKeptNowhere()
    {
        _vault.SignIn.Gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var underWay = _vault.TokenAsync();
        await _vault.SignIn.Reached.Task;
        _vault.Source.Evict(_vault.Credential.Definition.Id);
        _vault.SignIn.Gate.SetResult();
        Assert.Equal("ada@#1", (await underWay).Values["t"].Reveal());
        Assert.Empty(_vault.Store.Tokens);
        Assert.Equal("ada@#2", (await _vault.TokenAsync()).Values["t"].Reveal());
    }

    [Fact]
    public async Task Evict_DuringARenewal_WhoeverAsksMeanwhileGetsWhatComesOfIt()
    {
        (_vault.SignIn.IsRenewable, _vault.SignIn.ConsentParameters) = (true, ["Who"]);
        await _vault.TokenAsync();
        _vault.Parts.Time.Advance(TimeSpan.FromHours(1));
        _vault.SignIn.Gate = NewGate();
        var underWay = _vault.TokenAsync();
        await UntilCallAsync(2);
        _vault.Source.Evict(_vault.Credential.Definition.Id);
        Assert.False(await _vault.Source.Consents.IsNeededAsync(_vault.Request(), isAwaited: true, CancellationToken.None));
        var later = _vault.TokenAsync();
        _vault.SignIn.Gate.SetResult();
        Assert.Equal(["ada@#2", "ada@#2"], (await Task.WhenAll(underWay, later)).Select(token => token.Values["t"].Reveal()));

        // What renews it is the newest, too.
        _vault.Parts.Time.Advance(TimeSpan.FromHours(1));
        await _vault.TokenAsync();
        Assert.Equal("refresh#2", _vault.SignIn.TradedIn);
    }

    [Theory]
    [InlineData(true, false, "ada@#1")]
    [InlineData(true, true, "ada@#2")]
    [InlineData(false, false, "ada@#2")]
    public async Task Evict_DuringTheFirstSignIn_WhatRenewsAnEnteredConsentIsKept_UnlessItIsGone(bool isConsent, bool areSecretsGone, string after)
    {
        (_vault.SignIn.IsRenewable, _vault.SignIn.ConsentParameters) = (true, isConsent ? ["Who"] : null);
        _vault.SignIn.Gate = NewGate();
        var underWay = _vault.TokenAsync();
        await UntilCallAsync(1);
        _vault.Source.Evict(_vault.Credential.Definition.Id);
        _vault.Store.AreSecretsGone = areSecretsGone;
        var later = _vault.TokenAsync();
        _vault.SignIn.Gate.SetResult();
        Assert.Equal("ada@#1", (await underWay).Values["t"].Reveal());
        Assert.Equal(after, (await later).Values["t"].Reveal());
        Assert.Equal(areSecretsGone ? 0 : 1, _vault.Store.Tokens.Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ConsentIsTakenBack_WhileARenewalOfItIsSaved_AndIsNeverBack(bool isSaveTriedAgain)
    {
        (_vault.SignIn.IsRenewable, _vault.SignIn.ConsentParameters) = (true, ["Who"]);
        var consented = await _vault.TokenAsync();
        _vault.Parts.Time.Advance(TimeSpan.FromHours(1));
        var (reached, gate) = (NewGate(), NewGate());
        (_vault.Store.SaveHold, _vault.Store.SaveFault) = ((reached, gate), isSaveTriedAgain ? new TimeoutException("database") : null);
        var underWay = _vault.Source.GetAsync(_vault.Request(), CancellationToken.None);
        await reached.Task;
        _vault.Store.Remove(consented.Id);
        _vault.Source.Evict(_vault.Credential.Definition.Id);
        gate.SetResult();
        Assert.Equal(isSaveTriedAgain, (await underWay).Error is not null);

        _vault.Store.SaveFault = null;
        _vault.Parts.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.True(await _vault.Source.Consents.IsNeededAsync(_vault.Request(), isAwaited: true, CancellationToken.None));
        Assert.Equal("ada@#3", (await _vault.TokenAsync()).Values["t"].Reveal());
        Assert.Null(_vault.SignIn.TradedIn);
        Assert.DoesNotContain(_vault.Store.Tokens, token => token.RetiredAt is not null);
    }

    [Fact]
    public async Task Save_OfAConsentWhoseCredentialIsBoundToOtherHostsMeanwhile_IsSealedForThose()
    {
        var before = _vault.Credential;
        _vault.Definitions.Replace(DefinitionSnapshot.Empty.With(before.Definition));
        (_vault.SignIn.IsRenewable, _vault.SignIn.ConsentParameters) = (true, ["Who"]);
        var consented = await _vault.TokenAsync();
        _vault.Parts.Time.Advance(TimeSpan.FromHours(1));
        var (reached, gate) = (NewGate(), NewGate());
        _vault.Store.SaveHold = (reached, gate);
        var underWay = _vault.TokenAsync();
        await reached.Task;

        // What waits is resealed; in force it is a moment later.
        var after = _vault.Parts.Binder.Bind(before.Definition with { Version = 2, AllowedHosts = [AllowedHost.Parse("other.example").Value!] }).Value!;
        Assert.NotEqual(before.Binding, after.Binding);
        var old = _vault.Store.Tokens.Single();
        _vault.Store.Put(old with { Sealed = TokenSealing.Reseal(_vault.Parts.Sealer, old, before.Binding, after.Binding)! });
        _vault.Store.Version = 2;
        gate.SetResult();
        while (_vault.Store.OutOfDate == 0)
        {
            await Task.Yield();
        }

        _vault.Definitions.Replace(DefinitionSnapshot.Empty.With(after.Definition));
        await underWay;

        _vault.Credential = after with { Authentication = _vault.SignIn };
        _vault.Restart();
        Assert.Equal("ada@#2", (await _vault.TokenAsync()).Values["t"].Reveal());
        Assert.Equal(["ada@#1", "ada@#2", "refresh#1", "refresh#2"], await KnownAsync());
    }

    [Fact]
    public async Task Get_ByARequestOfBeforeAChangeOfHosts_FindsTheConsent()
    {
        (_vault.SignIn.IsRenewable, _vault.SignIn.ConsentParameters) = (true, ["Who"]);
        await _vault.TokenAsync();
        var (before, old) = (_vault.Request(), _vault.Store.Tokens.Single());
        var after = _vault.Parts.Binder.Bind(_vault.Credential.Definition with { Version = 2, AllowedHosts = [AllowedHost.Parse("other.example").Value!] }).Value!;
        _vault.Store.Put(old with { Sealed = TokenSealing.Reseal(_vault.Parts.Sealer, old, _vault.Credential.Binding, after.Binding)! });
        _vault.Definitions.Replace(DefinitionSnapshot.Empty.With(after.Definition));
        _vault.Source.Evict(after.Definition.Id);
        Assert.Equal("ada@#1", (await _vault.Source.GetAsync(before, CancellationToken.None)).Value?.Values["t"].Reveal());
        _vault.Credential = after with { Authentication = _vault.SignIn };
        Assert.Equal("ada@#1", (await _vault.TokenAsync()).Values["t"].Reveal());
    }

    [Fact]
    public async Task Known_OfThousands_IsTheNewest_AndTheSameListUntilAnotherComes()
    {
        (_vault.SignIn.IsRenewable, _vault.SignIn.Life) = (true, null);
        for (var number = 0; number < 2100; number++)
        {
            await _vault.Source.RenewAsync(_vault.Request(), null, CancellationToken.None);
            _vault.Parts.Time.Advance(TimeSpan.FromSeconds(10));
        }

        var known = await _vault.Source.Known.OfAsync(_vault.Request(), CancellationToken.None);
        Assert.Same(known, await _vault.Source.Known.OfAsync(_vault.Request(), CancellationToken.None));
        Assert.InRange(known.Count, 4000, 4096);
        Assert.Equal(["ada@#2100", "refresh#2100"], known.Take(2).Select(secret => secret.Reveal()).Order());
        Assert.DoesNotContain("ada@#1", known.Select(secret => secret.Reveal()));
        await _vault.Source.RenewAsync(_vault.Request(), null, CancellationToken.None);
        Assert.Contains("ada@#2101", (await _vault.Source.Known.OfAsync(_vault.Request(), CancellationToken.None)).Select(secret => secret.Reveal()));
    }

    [Fact]
    public async Task Put_OfAConsentWhoseRequestWasClosed_KeepsNothing()
    {
        (_vault.SignIn.IsRenewable, _vault.SignIn.ConsentParameters) = (true, ["Who"]);
        _vault.Store.AreConsentRequestsClosed = true;
        var consented = new TokenSet(Guid.NewGuid(), new Dictionary<string, SecretText> { ["t"] = new("consented") }, _vault.Parts.Time.GetUtcNow(), null);
        Assert.False(await _vault.Source.Consents.PutAsync(_vault.Request(), consented, Guid.NewGuid()));
        Assert.Empty(_vault.Store.Tokens);
        Assert.True(await _vault.Source.Consents.IsNeededAsync(_vault.Request(), isAwaited: true, CancellationToken.None));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task UnsavedToken_IsSavedInTheBackground_ButNobodySignsInWithWhatIsGone(bool areSecretsGone)
    {
        _vault.Store.SaveFault = new TimeoutException("database");
        Assert.False((await _vault.Source.RenewAsync(_vault.Request(), null, CancellationToken.None)).IsOk);
        _vault.Store.SaveFault = null;
        _vault.Store.AreSecretsGone = areSecretsGone;
        if (areSecretsGone)
        {
            _vault.Source.Evict(_vault.Credential.Definition.Id);
        }

        _vault.Parts.Time.Advance(TimeSpan.FromSeconds(10));
        _vault.Source.RenewDue();
        await _vault.Source.SettledAsync();
        Assert.Equal((1, areSecretsGone ? 0 : 1), (_vault.SignIn.Calls, _vault.Store.Tokens.Count));
    }

    [Fact]
    public async Task TokenThatWasReplacedByOneThatCouldntBeSavedAtOnce_IsStillKnown()
    {
        await _vault.TokenAsync();
        _vault.Store.SaveFault = new TimeoutException("database");
        Assert.False((await _vault.Source.RenewAsync(_vault.Request(), null, CancellationToken.None)).IsOk);
        _vault.Store.SaveFault = null;
        _vault.Parts.Time.Advance(TimeSpan.FromSeconds(10));
        _vault.Source.RenewDue();
        await _vault.Source.SettledAsync();
        Assert.Equal("ada@#2", (await _vault.TokenAsync()).Values["t"].Reveal());
        Assert.Equal(["ada@#1", "ada@#2"], await KnownAsync());
    }

    [Fact]
    public async Task Put_WhileARenewalIsSaved_IsWhatCounts()
    {
        (_vault.SignIn.IsRenewable, _vault.SignIn.ConsentParameters) = (true, ["Who"]);
        await _vault.TokenAsync();
        _vault.Parts.Time.Advance(TimeSpan.FromHours(1));
        var (reached, gate) = (NewGate(), NewGate());
        _vault.Store.SaveHold = (reached, gate);
        var underWay = _vault.TokenAsync();
        await reached.Task;
        var consented = new TokenSet(Guid.NewGuid(), new Dictionary<string, SecretText> { ["t"] = new("consented") }, _vault.Parts.Time.GetUtcNow(), null);
        await _vault.Source.Consents.PutAsync(_vault.Request(), consented, Guid.NewGuid());
        gate.SetResult();
        await underWay;
        _vault.Restart();
        Assert.Equal("consented", (await _vault.TokenAsync()).Values["t"].Reveal());
    }

    [Fact]
    public async Task Renew_BehindASignInWhoseSlotWasEvicted_JoinsTheOneThatIsUnderWayNow()
    {
        _vault.SignIn.Gate = NewGate();
        var first = _vault.TokenAsync();
        await UntilCallAsync(1);
        var traced = _vault.Source.RenewAsync(_vault.Request(), new SignInTrace(), CancellationToken.None);
        _vault.Source.Evict(_vault.Credential.Definition.Id);
        var second = _vault.TokenAsync();
        var gate = _vault.SignIn.Gate;
        _vault.SignIn.Gate = NewGate();
        gate.SetResult();
        await first;
        await UntilCallAsync(2);

        // Whoever would begin another beside it has had the time to.
        for (var turn = 0; turn < 1000; turn++)
        {
            await Task.Yield();
        }

        Assert.Equal(2, _vault.SignIn.Calls);
        _vault.SignIn.Gate.SetResult();
        Assert.Equal("ada@#2", (await second).Values["t"].Reveal());
        Assert.Equal("ada@#3", (await traced).Value?.Values["t"].Reveal());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task RefusedRenewal_IsNotedOfThatTokenAlone_AndANewerOneIsFound(bool isStoreAway)
    {
        (_vault.SignIn.IsRenewable, _vault.SignIn.ConsentParameters) = (true, ["Who"]);
        var ours = _vault.Source;
        await _vault.TokenAsync();
        _vault.Parts.Time.Advance(TimeSpan.FromHours(1));
        _vault.Restart();
        await _vault.TokenAsync();

        _vault.SignIn.Error = Gone;
        _vault.Store.EndFault = isStoreAway ? new TimeoutException("database") : null;
        Assert.Equal(Gone, (await ours.GetAsync(_vault.Request(), CancellationToken.None)).Error);
        _vault.Parts.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.False(await ours.Consents.IsNeededAsync(_vault.Request(), isAwaited: true, CancellationToken.None));
        Assert.Equal("ada@#2", (await ours.GetAsync(_vault.Request(), CancellationToken.None)).Value?.Values["t"].Reveal());
        Assert.True(Assert.Single(_vault.Store.Tokens, token => token.RetiredAt is null).IsRenewable);
    }

    [Fact]
    public async Task RefusedRenewal_AheadOfTime_LeavesTheTokenToItsEnd_AndIsAskedForNoMore()
    {
        (_vault.SignIn.IsRenewable, _vault.SignIn.ConsentParameters) = (true, ["Who"]);
        await _vault.TokenAsync();
        _vault.SignIn.Error = Gone;
        await _vault.Source.RenewAsync(_vault.Request(), null, CancellationToken.None);
        await _vault.TokenAsync();
        Assert.False(Assert.Single(_vault.Store.Tokens).IsRenewable);

        _vault.Restart();
        Assert.Equal("ada@#1", (await _vault.TokenAsync()).Values["t"].Reveal());
        Assert.Contains("refresh#1", await KnownAsync());
        _vault.Parts.Time.Advance(TimeSpan.FromHours(1));
        Assert.True(await _vault.Source.Consents.IsNeededAsync(_vault.Request(), isAwaited: true, CancellationToken.None));
        Assert.Equal(2, _vault.SignIn.Calls);
    }

    [Fact]
    public async Task ConsentThatNobodyGave_IsNeeded_AlsoWhileASignInIsUnderWay_WhereNobodyWaitsForThat()
    {
        _vault.SignIn.ConsentParameters = ["Who"];
        _vault.SignIn.Gate = NewGate();
        var underWay = _vault.Source.RenewAsync(_vault.Request(), null, CancellationToken.None);
        await UntilCallAsync(1);
        Assert.True(await _vault.Source.Consents.IsNeededAsync(_vault.Request(), isAwaited: false, CancellationToken.None));
        Assert.False(await _vault.Source.Consents.IsNeededAsync(_vault.Request(), isAwaited: true, CancellationToken.None));
        _vault.SignIn.Gate.SetResult();
        await underWay;
    }

    [Fact]
    public async Task Put_DuringWhichTheSlotIsEvicted_CountsForWhoeverHadReadTheStoreBefore()
    {
        (_vault.SignIn.IsRenewable, _vault.SignIn.ConsentParameters) = (true, ["Who"]);
        var consented = new TokenSet(Guid.NewGuid(), new Dictionary<string, SecretText> { ["t"] = new("consented") }, _vault.Parts.Time.GetUtcNow(), null);
        var (reached, gate) = (NewGate(), NewGate());
        _vault.Store.SaveHold = (reached, gate);
        var put = _vault.Source.Consents.PutAsync(_vault.Request(), consented, Guid.NewGuid());
        await reached.Task;
        _vault.Source.Evict(_vault.Credential.Definition.Id);
        Assert.True(await _vault.Source.Consents.IsNeededAsync(_vault.Request(), isAwaited: true, CancellationToken.None));
        gate.SetResult();
        await put;
        Assert.Equal("consented", (await _vault.TokenAsync()).Values["t"].Reveal());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Renew_WhileACalloutWaits_GivesAFreshToken_AndOneForBothWhereThatSignsIn(bool isStored)
    {
        if (isStored)
        {
            await _vault.TokenAsync();
            _vault.Restart();
        }

        var (reached, gate) = (NewGate(), NewGate());
        _vault.Store.FindHold = (reached, gate);
        var call = _vault.TokenAsync();
        await reached.Task;
        var renewal = _vault.Source.RenewAsync(_vault.Request(), null, CancellationToken.None);
        gate.SetResult();
        Assert.Equal("ada@#1", (await call).Values["t"].Reveal());
        Assert.Equal(isStored ? "ada@#2" : "ada@#1", (await renewal).Value!.Values["t"].Reveal());
        Assert.Equal(isStored ? 2 : 1, _vault.SignIn.Calls);
    }

    [Fact]
    public async Task RenewDue_WhereEachRequestHasAnotherUrl_SignsInWithOneOfNow()
    {
        using var vault = new TokenFixture(isRelative: true);
        var request = Request();
        await vault.Source.GetAsync(request, CancellationToken.None);
        vault.Parts.Time.Advance(TimeSpan.FromSeconds(3545));
        vault.Source.RenewDue();
        await vault.Source.SettledAsync();
        var renewed = Request();
        Assert.NotEqual(request.NamedCredentialUrl, renewed.NamedCredentialUrl);
        Assert.Equal($"ada@{renewed.NamedCredentialUrl}#2", (await vault.Source.GetAsync(renewed, CancellationToken.None)).Value!.Values["t"].Reveal());

        TokenRequest Request()
        {
            var template = MergeTemplate.Parse("https://service.example/{!$Request.UnixTime}").Value!;
            return vault.Request(url: ResolvedUrl.Of(template, vault.Credential, vault.Parameters, "", vault.Parts.Time)!) with { UrlTemplate = template };
        }
    }

    [Theory]
    [InlineData("https://service.example/a", true)]
    [InlineData("https://service.example/{!$Credential.Who}", true)]
    [InlineData("https://service.example/{!$Request.Id}", false)]
    [InlineData("https://service.example/{!$request.unixtime}{!$Request.Nonce}", false)]
    [InlineData("https://service.example/{!$Request.Query}", true)]
    [InlineData("https://service.example/{!$Request.Id}{!$Request.Path}", true)]
    public void Key_WhereAllRequestsHaveOneUrl_GoesByThatUrl(string url, bool isByUrl)
    {
        using var vault = new TokenFixture(isRelative: true);
        var template = MergeTemplate.Parse(url).Value!;
        Assert.Equal(isByUrl, vault.Request().Key == (vault.Request() with { UrlTemplate = template }).Key);
    }

    [Fact]
    public async Task Get_OtherSettings_NeverGetsTheOldToken()
    {
        await _vault.TokenAsync();
        var definition = _vault.Credential.Definition;
        _vault.Credential = _vault.Credential with { Definition = definition with { Authentication = Authenticating.Json("""{"protocol":"custom","notSecret":["A"]}""") } };
        Assert.Equal("ada@#2", (await _vault.TokenAsync()).Values["t"].Reveal());
    }

    private static readonly VaultError Gone = new(ErrorCodes.CredentialNotConfigured, "The consent was taken back.") { IsGrantGone = true };

    private static TaskCompletionSource NewGate() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task UntilCallAsync(int number)
    {
        while (_vault.SignIn.Calls < number)
        {
            await Task.Yield();
        }
    }

    private Task<bool> GiveUpAsync(TokenSet token) => _vault.Source.GiveUpAsync(_vault.Request(), token, CancellationToken.None).AsTask();

    private async Task<IEnumerable<string>> KnownAsync() => (await _vault.Source.Known.OfAsync(_vault.Request(), CancellationToken.None)).Select(secret => secret.Reveal()).Order();
}
