using Microsoft.Extensions.Logging.Abstractions;
using Vault.Core.Authentication.Credentials;
using Vault.Core.Primitives;
using Vault.Core.Tests.Authentication.Fakes;
using Xunit;

namespace Vault.Core.Tests.Authentication.Credentials;

public sealed class CredentialSetsTests
{
    private const string Password = """{"protocol":"password"}""";
    private readonly Authenticating _parts = new();
    private readonly FakeCredentialStore _store = new();
    private readonly CredentialSets _sets;
    private readonly BoundCredential _credential;

    public CredentialSetsTests()
    {
        _sets = new CredentialSets(_store, _parts.References, _parts.Sealer, _parts.Time, NullLogger<CredentialSets>.Instance);
        _credential = _parts.Bind(Password, "service.example");
        _store.Parameters.Add(_parts.Seal(_credential, "Username", "one"));
    }

    [Fact]
    public async Task Get_Twice_LoadsOnce_UntilItIsOld()
    {
        var first = await GetAsync();
        Assert.Same(first, await GetAsync());
        Assert.Equal(1, _store.Loads);
        _parts.Time.Advance(TimeSpan.FromMinutes(15));
        Assert.NotSame(first, await GetAsync());
        Assert.Equal(2, _store.Loads);
    }

    [Fact]
    public async Task Get_OfWhatIsOld_WhileTheStoreIsAway_IsWhatWasReadLast_UntilItIsEvicted()
    {
        var first = await GetAsync();
        _parts.Time.Advance(TimeSpan.FromMinutes(15));
        _store.Fault = new IOException("away");
        var stale = await GetAsync();
        Assert.Same(first.Stored, stale.Stored);

        // Not asked for by every callout.
        Assert.Same(stale, await GetAsync());
        Assert.Equal(2, _store.Loads);
        _parts.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.Same(first.Stored, (await GetAsync()).Stored);
        Assert.Equal(3, _store.Loads);
        _store.Fault = null;
        _parts.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.NotSame(first.Stored, (await GetAsync()).Stored);
        _store.Fault = new IOException("away");
        _sets.Evict(_credential.Definition.Id);
        await Assert.ThrowsAsync<IOException>(GetAsync);
    }

    [Fact]
    public async Task Get_OfWhatIsOld_WhereTheStoreIsThereButFails_Fails()
    {
        await GetAsync();
        _parts.Time.Advance(TimeSpan.FromMinutes(15));
        _store.Fault = new InvalidOperationException("A row can't be read.");
        await Assert.ThrowsAsync<InvalidOperationException>(GetAsync);
    }

    [Fact]
    public async Task Get_ByManyAtOnce_LoadsOnce()
    {
        _store.Gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var calls = Enumerable.Range(0, 200).Select(_ => Task.Run(GetAsync)).ToArray();
        await _store.Reached.Task;
        _store.Gate.SetResult();
        Assert.Single((await Task.WhenAll(calls)).Distinct());
        Assert.Equal(1, _store.Loads);
    }

    [Fact]
    public async Task Evict_DuringALoad_ThatLoadIsNotKept()
    {
        _store.Gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var old = GetAsync();
        await _store.Reached.Task;
        _store.Parameters[0] = _parts.Seal(_credential, "Username", "two");
        _sets.Evict(_credential.Definition.Id);
        _store.Gate.SetResult();
        Assert.Equal("one", (await old).Open("Username").Value!.Reveal());
        Assert.Equal("two", (await GetAsync()).Open("Username").Value!.Reveal());
    }

    [Fact]
    public async Task Evict_RacingWithManyLoads_NeverLeavesOldValues()
    {
        for (var round = 0; round < 300; round++)
        {
            var value = "value" + round;
            var readers = Enumerable.Range(0, 3).Select(_ => Task.Run(GetAsync)).ToArray();
            _store.Parameters[0] = _parts.Seal(_credential, "Username", value);
            _sets.Evict(_credential.Definition.Id);
            Assert.Equal(value, (await GetAsync()).Open("Username").Value!.Reveal());
            await Task.WhenAll(readers);
            Assert.Equal(value, (await GetAsync()).Open("Username").Value!.Reveal());
        }
    }

    [Fact]
    public async Task Get_CancelledCaller_DoesNotCancelTheOthers()
    {
        _store.Gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var cancellation = new CancellationTokenSource();
        var first = _sets.GetAsync(_credential, _parts.Principal, "", cancellation.Token).AsTask();
        var second = GetAsync();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        _store.Gate.SetResult();
        Assert.True((await second).Has("USERNAME"));
    }

    [Fact]
    public async Task Get_AfterAFault_TriesAgain()
    {
        _store.Fault = new TimeoutException();
        await Assert.ThrowsAsync<TimeoutException>(GetAsync);
        _store.Fault = null;
        Assert.True((await GetAsync()).Has("Username"));
    }

    [Fact]
    public async Task Get_OtherUser_IsAnotherSet()
    {
        var mine = await GetAsync();
        Assert.NotSame(mine, await _sets.GetAsync(_credential, _parts.Principal, "ada", CancellationToken.None));
        Assert.NotSame(mine, await _sets.GetAsync(_credential, Guid.NewGuid(), "", CancellationToken.None));
        Assert.Equal(3, _store.Loads);
    }

    [Fact]
    public void Open_ElsewhereSealed_IsUnreadable()
    {
        var stored = _parts.Seal(_credential, "Username", "one");
        var moved = new[]
        {
            new CredentialSet(_parts.Sealer, _credential, Guid.NewGuid(), "", [stored]),
            new CredentialSet(_parts.Sealer, _credential, _parts.Principal, "ada", [stored with { User = "ada" }]),
            new CredentialSet(_parts.Sealer, _credential, _parts.Principal, "", [stored with { Name = "Password" }]),
            new CredentialSet(_parts.Sealer, _credential, _parts.Principal, "", [stored with { Version = 2 }]),
            new CredentialSet(_parts.Sealer, _credential, _parts.Principal, "", [stored with { Id = Guid.NewGuid() }]),
            new CredentialSet(_parts.Sealer, _parts.Bind(Password, "service.example"), _parts.Principal, "", [stored]),
            new CredentialSet(_parts.Sealer, _credential with { Binding = new byte[32] }, _parts.Principal, "", [stored]),
        };
        Assert.All(moved, set => Assert.Equal(ErrorCodes.Internal, set.Open(set.Names.Single()).Error?.Code));
    }

    [Fact]
    public void Retired_AreOpenedAsideFromTheCurrentOnes()
    {
        var set = new CredentialSet(
            _parts.Sealer, _credential, _parts.Principal, "",
            [_parts.Seal(_credential, "Password", "new"), _parts.Seal(_credential, "Password", "old", _parts.Time.GetUtcNow())]);
        Assert.Equal("new", set.Open("password").Value!.Reveal());
        Assert.Equal([("Password", "old")], set.OpenRetired().Select(retired => (retired.Parameter, retired.Value.Reveal())));
    }

    private Task<CredentialSet> GetAsync() => _sets.GetAsync(_credential, _parts.Principal, "", CancellationToken.None).AsTask();
}
